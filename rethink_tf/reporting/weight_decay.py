"""Random labels with and without weight decay: what chose lambda; Section 3."""

import collections

from rethink_tf import config as config_lib
from rethink_tf.reporting import cells

COLUMNS = ("model", "weight decay", "n", "epochs", "seeds", "train accuracy")


def lines(runs):
  """Returns CIFAR-10's random labels, where a run with weight decay is.

  Args:
    runs: the `Runs`.

  Returns:
    A list of dicts of text with `COLUMNS` and "fingerprint", by model, n,
    lambda and epochs. A model without a run with weight decay on as many
    images is left out.
  """
  groups = collections.defaultdict(dict)
  for number, model in enumerate(config_lib.MODELS):
    for run in filter(_is_random, runs.of_model(model)):
      key = number, run.count, run.config.weight_decay, run.config.epochs
      groups[key][run.config.seed] = run
  decayed = {key[:2] for key in groups if key[2]}
  return [_line(*key[1:], groups[key])
          for key in sorted(groups) if key[:2] in decayed]


def notes(rows):
  """Returns the lines below the table, as text."""
  return (
      "Random labels, no augmentation; training accuracy in percent at the end "
      "of training, weights fixed."
      + cells.data_note("CIFAR-10", rows))


def _is_random(run):
  config = run.config
  return (config.dataset == "cifar10" and config.label_corruption == 1
          and config.pixel_randomization == "none" and not config.random_crop)


def _line(count, weight_decay, epochs, by_seed):
  runs = [by_seed[seed] for seed in sorted(by_seed)]
  return {
      "model": runs[0].config.model, "weight decay": f"{weight_decay:g}",
      "n": f"{count:,}", "epochs": str(epochs),
      "seeds": ", ".join(str(run.config.seed) for run in runs),
      "train accuracy": cells.percent(
          [run.result["train_accuracy"] for run in runs]),
      "fingerprint": cells.fingerprint(runs)}

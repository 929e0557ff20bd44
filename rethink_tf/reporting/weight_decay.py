"""Section 3: random labels with and without weight decay, by lambda."""

import collections
import dataclasses

from rethink_tf.reporting import cells
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table1

COLUMNS = ("model", "weight decay", "n", "epochs", "seeds", "train accuracy")


def lines(runs):
  """Returns Table 1's rows on random labels, where a run with weight decay is.

  Args:
    runs: the `Runs`.

  Returns:
    A list of dicts of text with `COLUMNS` and "fingerprint", by model, n,
    lambda and epochs. Nothing else differs from the table's row. A model
    without a run with weight decay on as many images is left out.
  """
  groups = collections.defaultdict(dict)
  rows = [config for _, config in table1.rows() if config.label_corruption == 1]
  for number, row in enumerate(rows):
    for run in runs.of_model(row.model):
      if _differs_in_decay_alone(run.config, row):
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


def _differs_in_decay_alone(config, row):
  shown = ("weight_decay", *runs_lib.FREE)
  return dataclasses.replace(
      config, **{name: getattr(row, name) for name in shown}) == row


def _line(count, weight_decay, epochs, by_seed):
  runs = [by_seed[seed] for seed in sorted(by_seed)]
  return {
      "model": runs[0].config.model, "weight decay": f"{weight_decay:g}",
      "n": f"{count:,}", "epochs": str(epochs),
      "seeds": ", ".join(str(run.config.seed) for run in runs),
      "train accuracy": cells.percent(
          [run.result["train_accuracy"] for run in runs]),
      "fingerprint": cells.fingerprint(runs),
      cells.SOURCE: cells.directories(runs)}

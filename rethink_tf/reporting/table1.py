"""Table 1, ours beside the paper's."""

import functools

from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import cells
from rethink_tf.reporting import runs as runs_lib

COLUMNS = (
    "row", "model", "params", "labels", "random crop", "weight decay", "n",
    "epochs", "seeds", "train, ours", "train, paper", "test, ours",
    "test, paper")
_ALL = catalog.DATASETS["cifar10"].train_examples
_ACCURACIES = (
    "Accuracies in percent, at the end of training, weights fixed, over all "
    "training and all 10,000 test images; mean ± sample standard deviation "
    "where there are several seeds.")
_SMALL = (
    "Each network trained on the first n images only, the learning rate still "
    "falling by 0.95 per 50,000 images seen; each model's file in "
    "rethink_tf/models says how many epochs that makes. The paper's numbers "
    "are for 50,000 images.")


def full(runs):
  """Returns Table 1 from runs on all training images.

  Args:
    runs: the `Runs`.

  Returns:
    A list of 19 dicts of text, with `COLUMNS` and "fingerprint"; a row without
    a run says "not run".
  """
  return [_line(row, config, runs.at(config, _ALL)) for row, config in rows()]


def small(runs):
  """Returns Table 1 likewise, each row on the most images fewer than all."""
  lines = []
  for row, config in rows():
    fewer = [repeats for n, repeats in runs.of(config).items() if n < _ALL]
    lines.append(_line(row, config, fewer[0] if fewer else []))
  return lines


@functools.cache
def rows():
  """Returns `(row, config)` for each row of the paper's table, in a tuple."""
  return tuple((row, training_flags.parse([f"--flagfile={row.flagfile}"])[0])
               for row in tables.table1())


def notes(lines, is_small):
  """Returns the lines below a table, as text."""
  text = _ACCURACIES + (f" {_SMALL}" if is_small else "")
  return text + cells.data_note("CIFAR-10", lines)


def _line(row, config, runs):
  printed = {
      "row": str(row.row),
      "model": config.model,
      "params": f"{row.params:,}",
      "labels": row.labels,
      "random crop": row.random_crop,
      "weight decay": row.weight_decay,
      "train, paper": f"{row.train_accuracy:.2f}",
      "test, paper": f"{row.test_accuracy:.2f}",
  }
  if not runs:
    return {**printed, "n": "", "epochs": "", "seeds": "",
            "train, ours": cells.NOT_RUN, "test, ours": cells.NOT_RUN,
            "fingerprint": cells.fingerprint(runs), cells.SOURCE: []}
  results = [run.result for run in runs]
  return {
      **printed,
      "params": f"{results[0]['params']:,}",
      "n": f"{runs[0].count:,}",
      "epochs": runs[0].describe_epochs(
          runs_lib.planned_epochs(config, runs[0].count)),
      "seeds": ", ".join(str(run.config.seed) for run in runs),
      "train, ours": cells.percent([r["train_accuracy"] for r in results]),
      "test, ours": cells.percent([r["test_accuracy"] for r in results]),
      "fingerprint": cells.fingerprint(runs),
      cells.SOURCE: cells.directories(runs),
  }

"""Checks of the ledger on Table 2; see `checks`.

They are of all of ImageNet: what a network does on a few photographs of it says
nothing on them.
"""

import statistics

from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import certainty
from rethink_tf.reporting import finding

_CHANCE = 100 * catalog.DATASETS[catalog.IMAGENET].chance  # Percent.
_IMAGES = catalog.DATASETS[catalog.IMAGENET].train_examples
_TESTS = catalog.DATASETS[catalog.IMAGENET].test_examples


def imagenet_labels_fitted(runs, rows, slack):
  """Top-1 training accuracy on random labels is the paper's, or more."""
  return [
      _check_row(runs, number, lambda row, ours: (
          ours["train"] >= row.top1_train - slack,
          f"{ours['train']:.2f}%", f"{row.top1_train:.2f}%"))
      for number in rows]


def imagenet_at_chance(runs, rows, slack):
  """Top-1 test accuracy is that of a guess."""
  return [
      _check_row(runs, number, lambda row, ours: (
          abs(ours["test"] - _CHANCE) <= slack,
          f"{ours['test']:.2f}%", f"{row.top1_test:.2f}%"))
      for number in rows]


def imagenet_unregularized(runs, rows, share):
  """Without regularizers, most of the test accuracy is still there."""
  return _compare(
      runs, rows, lambda without, regularized: [without - share * regularized],
      "{0:.2f}% without, {1:.2f}% with")


def imagenet_augmentation(runs, rows):
  """Data augmentation alone is worth more than weight decay alone."""
  return _compare(
      runs, rows, lambda augmented, decay, neither: [
          augmented - decay, decay - neither],
      "{0:.2f}% with augmentation, {1:.2f}% with weight decay, {2:.2f}% with "
      "neither")


def imagenet_early_stopping(runs, rows, least):
  """The best test accuracy on the way is well above the last."""
  return [
      _check_row(runs, number, lambda row, ours: (
          ours["best"] - ours["test"] >= least,
          f"best {ours['best']:.2f}%, last {ours['test']:.2f}%",
          f"best {row.best_top1_test}%, last {row.top1_test:.2f}%"))
      for number in rows]


def _check_row(runs, number, check):
  row, ours = _row(runs, number)
  subject = _subject(row)
  if ours is None:
    return finding.Finding(subject, None)
  holds, measured, paper = check(row, ours)
  return finding.Finding(subject, holds, measured, paper, _IMAGES)


def _compare(runs, numbers, margins, text):
  rows, ours = zip(*(_row(runs, number) for number in numbers))
  subject = "; ".join(map(_subject, rows))
  if None in ours:
    return [finding.Finding(subject, None)]
  values = [accuracies["test"] for accuracies in ours]
  judged = certainty.judge(
      *((margin, values) for margin in margins(*values)), tests=_TESTS)
  return [finding.Finding(
      subject, judged.holds, text.format(*values),
      text.format(*(row.top1_test for row in rows)), _IMAGES,
      undecided=judged.undecided)]


def _row(runs, number):
  """Returns a row of Table 2, and its accuracies here in percent, or None."""
  row, = (row for row in tables.table2() if row.row == number)
  config, _ = training_flags.parse([f"--flagfile={row.flagfile}"])
  repeats = runs.at(config, _IMAGES)
  if not repeats:
    return row, None
  return row, {
      name: 100 * statistics.mean(run.result[key] for run in repeats)
      for name, key in (("train", "train_accuracy"), ("test", "test_accuracy"),
                        ("best", "best_test_accuracy"))}


def _subject(row):
  on = [name for name, value in (
      ("aug", row.data_aug), ("dropout", row.dropout), ("wd", row.weight_decay))
      if value == "yes"]
  return ", ".join(on) or "no regularizers"


# What claims.toml may name.
CHECKS = (
    imagenet_labels_fitted, imagenet_at_chance, imagenet_unregularized,
    imagenet_augmentation, imagenet_early_stopping)

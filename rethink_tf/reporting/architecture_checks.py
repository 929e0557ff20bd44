"""Checks of the ledger that compare Table 1's architectures; see `checks`."""

import math

from rethink_tf.data import catalog
from rethink_tf.reporting import finding
from rethink_tf.reporting import table1_rows

_IMAGES = catalog.DATASETS["cifar10"]


def architecture_gains_more(runs, pairs, noise):
  """Changing the architecture gains more than regularizing does.

  For a pair of architectures A and B, the gain of the one over the other is
  A's test accuracy less B's, both without regularizers, and that of
  regularizing B is B's with all of them less B's without. The first is the
  greater where A without regularizers is above B with all: those two are
  compared.

  Args:
    runs: the `Runs`.
    pairs: `[A without, B with all]`, numbers of Table 1's rows.
    noise: points of test accuracy by which A has to be above B, or more.

  Returns:
    A list of `finding.Finding`, one for each pair, on the most images that both
    have runs on.
  """
  return table1_rows.compared(
      runs, pairs, lambda other, regularized: other - regularized - noise,
      "{0:.2f}% without regularizers against {1:.2f}% with all",
      lambda one, other: f"{one.model} in place of {other.model}")


def gap_is_smaller(runs, pairs, noise):
  """The first row's training accuracy is less above its test accuracy.

  Args:
    runs: the `Runs`.
    pairs: numbers of Table 1's rows: that of the smaller gap, then the other.
    noise: points by which the one gap has to be below the other, or more.

  Returns:
    A list of `finding.Finding`, one for each pair, on the most images that both
    have runs on.
  """
  return table1_rows.compared(
      runs, pairs, lambda smaller, other: other - smaller - noise,
      "{0:.2f} points between training and test against {1:.2f}",
      lambda one, other: f"{one.model} against {other.model}",
      lambda of: of("train_accuracy") - of("test_accuracy"))


def more_weights_than_examples(runs, rows, least):
  """A network has many times as many trainable weights as training images.

  Weights are those that the runs counted, images the whole training set's
  50,000, whatever a run trained on.

  Args:
    runs: the `Runs`.
    rows: numbers of Table 1's rows, one for each network.
    least: weights per image that count as many.

  Returns:
    A list of `finding.Finding`, one for each row.
  """
  return _of_weights(
      runs, rows, _IMAGES.train_examples,
      lambda row, per_image: per_image >= least,
      lambda row: f"{row.params / _IMAGES.train_examples:.1f} per image")


def weights_per_example(runs, quoted):
  """Weights per training image, rounded down, are the number quoted.

  Args:
    runs: the `Runs`.
    quoted: `[row, number]`: a row of Table 1 for each network, and the number
      of weights per image that is said of it.

  Returns:
    A list of `finding.Finding`, one for each row; each also says how many
    weights there are for each of all images, those of the test set too.
  """
  numbers = dict(quoted)
  everything = _IMAGES.train_examples + _IMAGES.test_examples

  def of_all(weights):
    return f", {weights / everything:.1f} for each of {everything:,} with tests"

  return _of_weights(
      runs, numbers, _IMAGES.train_examples,
      lambda row, per_image: math.floor(per_image) == numbers[row.row],
      lambda row: f"{numbers[row.row]}n", of_all)


def _of_weights(runs, rows, images, holds, paper, more=lambda weights: ""):
  """Judges the weights per image of each row's network."""
  findings = []
  for number in rows:
    row, config = table1_rows.paper_of(number), table1_rows.config_of(number)
    repeats = runs.best(config)
    if not repeats:
      findings.append(finding.Finding(config.model, None))
      continue
    weights = repeats[0].result["params"]
    findings.append(finding.Finding(
        config.model, holds(row, weights / images),
        f"{weights:,} weights, {weights / images:.1f} for each of {images:,} "
        f"training images{more(weights)}", paper(row)))
  return findings


# What claims.toml may name.
CHECKS = (
    architecture_gains_more, gap_is_smaller, more_weights_than_examples,
    weights_per_example)

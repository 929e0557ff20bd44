"""Corollary 1 on a dataset: a table of depth, width, weights and error."""

import numpy as np

from rethink_tf.data import randomization
from rethink_tf.theory import deep
from rethink_tf.theory import networks
from rethink_tf.theory import study as study_lib
from rethink_tf.theory import theorem1


def run(study):
  """Builds and measures the network for each number of blocks.

  Args:
    study: a `study.Study` of a `flags.theory.Corollary1`.

  Returns:
    A dict of numbers. Its constants are the smallest for which all rows have
    depth <= b + depth_constant, width <= ceil(n / b) + width_constant and
    weights <= 2n + d + weights_per_block * b, as counted in the Keras models.

  Raises:
    DataError: two images are equal and have different labels.
  """
  config = study.config
  data, train = study.load(config.label_corruption, config.n)
  study.begin(
      label_hash=randomization.label_hash(train.labels),
      dataset_fingerprint=data.fingerprint)
  points, labels = study_lib.pixels(train), train.labels
  with study.refuse_points():
    study.add(_measure_theorem1(points, labels, config.seed))
    for blocks in config.blocks:
      study.add(_measure_blocks(points, labels, blocks, config.seed))
  rows = study.rows
  return {
      "n": len(train),
      "d": points.shape[1],
      **find_constants(rows[1:], points.shape[1]),
      "max_abs_error": max(row["max_abs_error"] for row in rows),
      "train_accuracy": min(row["train_accuracy"] for row in rows),
  }


def find_constants(rows, dimensions):
  """Returns the smallest constants that hold for all rows, as `run` says."""
  return {
      "depth_constant": max(row["depth"] - row["blocks"] for row in rows),
      "width_constant": max(
          row["width"] + -row["n"] // row["blocks"] for row in rows),
      "weights_per_block": max(
          (row["weights"] - 2 * row["n"] - dimensions) / row["blocks"]
          for row in rows),
  }


def _measure_theorem1(points, labels, seed):
  """Returns the row of depth 2, to compare with; it has no blocks."""
  network = theorem1.fit(points, labels, seed)
  model = networks.build_two_layer(network)
  return {"blocks": 0, "n": len(network.weights),
          **_measure(model, points, labels, network.error_bound)}


def _measure_blocks(points, labels, blocks, seed):
  """Returns the row of a number of blocks."""
  network = deep.fit(points, labels, blocks, seed)
  model = networks.build_deep(network)
  return {"blocks": blocks, "n": network.count,
          **_measure(model, points, labels, network.error_bound)}


def _measure(model, points, labels, error_bound):
  outputs = networks.evaluate(model, points)
  return {
      "depth": networks.depth(model),
      "width": networks.width(model),
      "weights": model.count_params(),
      "max_abs_error": float(np.abs(outputs - labels).max()),
      "error_bound": error_bound,
      "train_accuracy": networks.accuracy(outputs, labels),
  }

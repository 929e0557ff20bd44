"""Corollary 1 on a dataset: a table of depth, width, weights and error."""

import time

import numpy as np

from rethink_tf import errors
from rethink_tf.data import randomization
from rethink_tf.runs import usage
from rethink_tf.theory import deep
from rethink_tf.theory import networks
from rethink_tf.theory import records
from rethink_tf.theory import theorem1


def run(config, options, directory):
  """Builds and measures the network for each number of blocks.

  Args:
    config: a `theory_config.Corollary1`.
    options: the `Options`.
    directory: the `RunDirectory`, claimed.

  Returns:
    The dict of result.json. Its constants are the smallest for which all rows
    have depth <= b + depth_constant, width <= ceil(n / b) + width_constant and
    weights <= 2n + d + weights_per_block * b, as counted in the Keras models.

  Raises:
    DataError: two images are equal and have different labels.
  """
  started = time.perf_counter()
  data, train = records.load(
      config, options.data_dir, config.label_corruption, config.n)
  records.begin(
      directory, config, options,
      label_hash=randomization.label_hash(train.labels),
      dataset_fingerprint=data.fingerprint)
  points = records.pixels(train)
  try:
    rows = [_theorem1(points, train.labels, config.seed)]
    rows += [_row(points, train.labels, b, config.seed) for b in config.blocks]
  except ValueError as error:
    raise errors.DataError(f"{config.dataset}: {error}") from error
  return records.finish(directory, rows, {
      "status": "done",
      "n": len(train),
      "d": points.shape[1],
      **constants(rows[1:], points.shape[1]),
      "max_abs_error": max(row["max_abs_error"] for row in rows),
      "train_accuracy": min(row["train_accuracy"] for row in rows),
      "peak_memory_gb": round(usage.peak_memory_gb(), 3),
      "wall_seconds": round(time.perf_counter() - started, 3),
      "seed": config.seed,
  })


def constants(rows, dimensions):
  """Returns the smallest constants that hold for all rows, as `run` says."""
  return {
      "depth_constant": max(row["depth"] - row["blocks"] for row in rows),
      "width_constant": max(
          row["width"] + -row["n"] // row["blocks"] for row in rows),
      "weights_per_block": max(
          (row["weights"] - 2 * row["n"] - dimensions) / row["blocks"]
          for row in rows),
  }


def _theorem1(points, labels, seed):
  """Returns the row of depth 2, to compare with; it has no blocks."""
  network = theorem1.fit(points, labels, seed)
  model = networks.two_layer(network)
  return {"blocks": 0, "n": len(network.weights),
          **_measured(model, points, labels, network.error_bound)}


def _row(points, labels, blocks, seed):
  network = deep.fit(points, labels, blocks, seed)
  model = networks.deep(network)
  return {"blocks": blocks, "n": network.count,
          **_measured(model, points, labels, network.error_bound)}


def _measured(model, points, labels, error_bound):
  outputs = networks.evaluate(model, points)
  return {
      "depth": networks.depth(model),
      "width": networks.width(model),
      "weights": model.count_params(),
      "max_abs_error": float(np.abs(outputs - labels).max()),
      "error_bound": error_bound,
      "train_accuracy": records.share_equal(outputs, labels),
  }

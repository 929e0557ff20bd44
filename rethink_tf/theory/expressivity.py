"""Theorem 1 on a dataset: any labels, 2n + d weights, no training."""

import time

import numpy as np

from rethink_tf import errors
from rethink_tf.data import randomization
from rethink_tf.runs import usage
from rethink_tf.theory import baseline
from rethink_tf.theory import networks
from rethink_tf.theory import records
from rethink_tf.theory import theorem1
from rethink_tf.training import determinism


def run(config, options, directory):
  """Fits a dataset's labels, and records how well.

  Args:
    config: a `theory_config.Expressivity`.
    options: the `Options`.
    directory: the `RunDirectory`, claimed.

  Returns:
    The dict of result.json. A class is the integer nearest to the output.
    max_abs_error is the largest distance from a label, over all n; min_gap the
    smallest gap between neighbouring projections, as a part of their range;
    both None for SGD.

  Raises:
    DataError: two images are equal and have different labels.
  """
  started = time.perf_counter()
  deterministic = determinism.configure(options)
  data, train = records.load(
      config, options.data_dir, config.label_corruption, config.n)
  records.begin(
      directory, config, options, deterministic,
      label_hash=randomization.label_hash(train.labels),
      dataset_fingerprint=data.fingerprint)
  method = _construct if config.method == "construction" else _descend
  rows, measured = method(config, options, directory, data, train)
  return records.finish(directory, rows, {
      "status": "done",
      "n": len(train),
      "d": records.pixels(train.first(1)).shape[1],
      **measured,
      "peak_memory_gb": round(usage.peak_memory_gb(), 3),
      "wall_seconds": round(time.perf_counter() - started, 3),
      "seed": config.seed,
  })


def _construct(config, options, directory, data, train):
  """Solves for the weights; a row for each direction that was tried."""
  del options, directory  # It takes seconds: nothing to go on from.
  points = records.pixels(train)
  try:
    network = theorem1.fit(points, train.labels, config.seed)
  except ValueError as error:
    raise errors.DataError(f"{config.dataset}: {error}") from error
  model = networks.two_layer(network)
  outputs = networks.evaluate(model, points)
  on_test = networks.evaluate(model, records.pixels(data.test))
  rows = [
      {"direction": index, "min_gap": gap,
       "chosen": int(gap == network.line.min_gap)}
      for index, gap in enumerate(network.line.candidates)]
  return rows, {
      "weights": model.count_params(),
      "max_abs_error": float(np.abs(outputs - train.labels).max()),
      "train_accuracy": records.share_equal(outputs, train.labels),
      "test_accuracy": records.share_equal(on_test, data.test.labels),
      "min_gap": network.line.min_gap,
  }


def _descend(config, options, directory, data, train):
  """Trains a network of the same size; a row an epoch."""
  weights, measured = baseline.train(
      config, train, data.test, data.num_classes,
      directory.checkpoints / "sgd", options.checkpoint_minutes)
  rows = [
      {"epoch": epoch, "train_accuracy": float(on_train),
       "test_accuracy": float(on_test)}
      for epoch, (on_train, on_test) in enumerate(
          zip(measured["train_accuracy"], measured["test_accuracy"]))]
  return rows, {
      "weights": weights,
      "max_abs_error": None,
      "train_accuracy": rows[-1]["train_accuracy"],
      "test_accuracy": rows[-1]["test_accuracy"],
      "min_gap": None,
  }

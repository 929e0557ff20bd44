"""Theorem 1 on a dataset: any labels, 2n + d weights, no training."""

import numpy as np

from rethink_tf.data import randomization
from rethink_tf.theory import baseline
from rethink_tf.theory import networks
from rethink_tf.theory import study as study_lib
from rethink_tf.theory import theorem1


def run(study):
  """Fits a dataset's labels, and measures how well.

  Args:
    study: a `study.Study` of a `flags.theory.Expressivity`.

  Returns:
    A dict of numbers. A class is the integer nearest to the output.
    max_abs_error is the largest distance from a label, over all n; min_gap the
    smallest gap between neighbouring projections, as a part of their range;
    both None for SGD.

  Raises:
    DataError: two images are equal and have different labels.
  """
  config = study.config
  study.make_deterministic()
  data, train = study.load(config.label_corruption, config.n)
  study.begin(
      label_hash=randomization.label_hash(train.labels),
      dataset_fingerprint=data.fingerprint)
  method = _construct if config.method == "construction" else _descend
  return {
      "n": len(train),
      "d": study_lib.pixels(train.first(1)).shape[1],
      **method(study, data, train),
  }


def _construct(study, data, train):
  """Solves for the weights; a row for each direction that was tried."""
  points = study_lib.pixels(train)
  with study.refuse_points():
    network = theorem1.fit(points, train.labels, study.config.seed)
  model = networks.build_two_layer(network)
  outputs = networks.evaluate(model, points)
  on_test = networks.evaluate(model, study_lib.pixels(data.test))
  study.add(*(
      {"direction": index, "min_gap": gap,
       "chosen": int(gap == network.line.min_gap)}
      for index, gap in enumerate(network.line.candidates)))
  return {
      "weights": model.count_params(),
      "max_abs_error": float(np.abs(outputs - train.labels).max()),
      "train_accuracy": networks.accuracy(outputs, train.labels),
      "test_accuracy": networks.accuracy(on_test, data.test.labels),
      "min_gap": network.line.min_gap,
  }


def _descend(study, data, train):
  """Trains a network of the same size; a row an epoch."""
  weights, measured = baseline.train(study, data, train)
  study.add(*(
      {"epoch": epoch, "train_accuracy": float(on_train),
       "test_accuracy": float(on_test)}
      for epoch, (on_train, on_test) in enumerate(
          zip(measured["train_accuracy"], measured["test_accuracy"]))))
  last = study.rows[-1]
  return {
      "weights": weights,
      "max_abs_error": None,
      "train_accuracy": last["train_accuracy"],
      "test_accuracy": last["test_accuracy"],
      "min_gap": None,
  }

"""Tests of stability: one example differs, and labels do not count."""

import numpy as np
import pytest
from scipy import special

from rethink_tf.data import digits
from rethink_tf.theory import stability


def test_exactly_one_example_is_replaced_by_one_from_beyond():
  train, _, _ = digits.load()
  sample, place = stability.replace_one(train, 100, 2, seed=1)
  same = (sample.images == train.images[:100]).all(axis=(1, 2, 3))
  assert len(sample) == 100 and list(np.flatnonzero(~same)) == [place]
  np.testing.assert_array_equal(sample.images[place], train.images[102])
  assert sample.labels[place] == train.labels[102]
  # The original keeps its own.
  np.testing.assert_array_equal(digits.load()[0].images, train.images)


def test_log_probabilities_are_scipys_even_of_large_logits():
  logits = np.array([[[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]]])
  np.testing.assert_allclose(
      stability.log_probabilities(logits),
      special.log_softmax(logits, axis=-1))


def test_differences_by_hand():
  one = np.log(np.array([[[0.5, 0.5]], [[0.5, 0.5]]]))
  two = np.log(np.array([[[0.5, 0.5]], [[0.8, 0.2]]]))
  differences = stability.compare_logits(one, two)
  np.testing.assert_allclose(
      differences["max_loss_difference"], [0, np.log(0.5 / 0.2)], atol=1e-12)
  np.testing.assert_allclose(
      differences["max_probability_difference"], [0, 0.3], atol=1e-12)
  np.testing.assert_allclose(
      differences["mean_loss_difference"],
      [0, (np.log(2.5) + np.log(1.6)) / 2], atol=1e-12)


def test_the_summary_is_of_the_last_epoch_and_the_worst_replacement():
  def row(corruption, replacement, epoch, loss):
    return {"label_corruption": corruption, "replacement": replacement,
            "epoch": epoch, "max_loss_difference": loss,
            "max_probability_difference": loss / 10, "train_accuracy": 1.0,
            "test_accuracy": 0.75, "generalization_error": 0.25}

  rows = [row(0.0, 0, 0, 9.0), row(0.0, 0, 1, 2.0), row(0.0, 1, 1, 3.0),
          row(1.0, 0, 1, 4.0)]
  summary = stability.summarize(rows)
  assert summary["max_loss_difference"] == {"0": 3.0, "1": 4.0}
  assert summary["max_probability_difference"]["0"] == pytest.approx(0.3)
  assert summary["generalization_error"] == {"0": 0.25, "1": 0.25}

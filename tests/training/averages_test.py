"""Tests of an epoch's running means, added up of steps in any order."""

import itertools

import numpy as np
import pytest

from rethink_tf.training import averages

# Sums, examples and staleness of the steps of an epoch; the last is smaller.
_STEPS = [
    ({"loss": 12.0, "accuracy": 3.0}, 4, 0),
    ({"loss": 8.0, "accuracy": 1.0}, 4, 3),
    ({"loss": 1.0, "accuracy": 2.0}, 2, 1)]
_EXPECTED = {
    "loss": 2.1, "accuracy": 0.6, "mean_staleness": 4 / 3,
    "largest_staleness": 3.0}


def _add(running, steps):
  for step in steps:
    running.add(*step)
  return running


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_examples_weigh_alike_and_the_order_is_no_matter(order):
  running = _add(averages.Averages(("loss", "accuracy")),
                 [_STEPS[i] for i in order])
  assert running.logs() == pytest.approx(_EXPECTED)


@pytest.mark.parametrize("done", [1, 2])
def test_an_epoch_goes_on_from_its_logs(done):
  names = "loss", "accuracy"
  before = _add(averages.Averages(names), _STEPS[:done])
  after = averages.Averages(names, before.logs(), 4 * done, done)
  assert _add(after, _STEPS[done:]).logs() == pytest.approx(_EXPECTED)


def test_a_loss_that_is_not_finite_stays_so():
  running = averages.Averages(("loss",))
  running.add({"loss": np.float64("nan")}, 4, 0)
  running.add({"loss": 1.0}, 4, 0)
  assert np.isnan(running.logs()["loss"])

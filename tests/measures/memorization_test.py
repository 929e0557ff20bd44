"""Tests of the estimates of memorization and influence, without networks."""

import numpy as np
import pytest

from rethink_tf.flags import training as training_flags
from rethink_tf.measures import memorization


def _draw(networks, examples, seed=0):
  generator = np.random.default_rng(seed)
  seen = generator.random((networks, examples)) < 0.7
  return seen, generator


def _loop(seen, correct, example):
  """Returns mem and its standard error by counting, one network at a time."""
  by_kind = {True: [], False: []}
  for of_network, right in zip(seen, correct):
    by_kind[bool(of_network[example])].append(float(right))
  mean, variance = {}, 0.0
  for kind, values in by_kind.items():
    mean[kind] = np.mean(values)
    variance += np.var(values, ddof=1) / len(values)
  return mean[True] - mean[False], np.sqrt(variance)


def test_memorization_is_a_difference_of_means_with_its_error():
  seen, generator = _draw(40, 25)
  correct = generator.random((40, 25)) < np.where(seen, 0.9, 0.4)
  made = memorization.estimate(seen, correct)
  for example in range(25):
    value, error = _loop(seen, correct[:, example], example)
    assert made.memorization[example] == pytest.approx(value)
    assert made.standard_error[example] == pytest.approx(error)
  np.testing.assert_array_equal(made.seen + made.unseen, 40)


def test_the_error_is_that_of_the_estimate():
  """Over many examples of one true value, 0.9 - 0.4."""
  seen, generator = _draw(200, 4000)
  correct = generator.random(seen.shape) < np.where(seen, 0.9, 0.4)
  made = memorization.estimate(seen, correct)
  off = (made.memorization - 0.5) / made.standard_error
  assert abs(off.mean()) < 0.1
  assert off.std() == pytest.approx(1, abs=0.05)


def test_where_no_network_tells_there_is_no_number():
  seen = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0]], bool)
  made = memorization.estimate(seen, np.ones_like(seen))
  assert np.isnan(made.memorization[:2]).all()
  assert made.memorization[2] == 0
  assert np.isnan(made.standard_error).all()  # One network alone saw it.


def test_pairs_are_those_of_the_largest_influence(monkeypatch):
  monkeypatch.setattr(memorization, "_BLOCK", 7)
  seen, generator = _draw(60, 30)
  test = generator.random((60, 50)) < 0.5
  test[:, 9] = seen[:, 20]  # An image that one example alone decides.
  memorized = np.where(np.arange(30) % 3 == 2, 0.5, 0.1)
  memorized[5] = np.nan
  pairs, least = memorization.find_pairs(seen, test, memorized, 12)
  every = sorted(
      ((*_loop(seen, test[:, j], i), i, j)
       for i in range(2, 30, 3) if i != 5 for j in range(50)), reverse=True)
  assert least == pytest.approx(every[-1][0])
  assert (pairs[0].train, pairs[0].test, pairs[0].influence) == (20, 9, 1.0)
  for pair, (value, error, i, j) in zip(pairs, every):
    assert pair.influence == pytest.approx(value)
    assert _loop(seen, test[:, pair.test], pair.train) == pytest.approx(
        (pair.influence, pair.standard_error))
    # Two may be equal to the last bit or so.
    assert (pair.train, pair.test) == (i, j) or value == pytest.approx(
        _loop(seen, test[:, pair.test], pair.train)[0])
    assert error >= 0
  assert len(pairs) == 12


def test_of_no_memorized_example_there_are_no_pairs():
  seen, _ = _draw(10, 5)
  pairs, least = memorization.find_pairs(seen, seen, np.zeros(5), 3)
  assert not pairs and np.isnan(least)


def test_a_suite_is_all_but_the_subset_and_what_changes_nothing():
  result = {"label_hash": "1", "dataset_fingerprint": "2"}

  def of(hashes=(), **fields):
    return memorization.suite_of(
        training_flags.Config(dataset="digits", **fields),
        {**result, **dict(hashes)})

  one = of(subset=1, subset_fraction=0.7)
  assert one == of(subset=2, subset_fraction=0.7, seed=5, label_seed=1,
                   eval_every=3, record_examples=True,
                   measure_every=2)
  assert one != of(subset=1, subset_fraction=0.5)
  assert one != of(subset=1, subset_fraction=0.7, epochs=3)
  assert one != of({"label_hash": "3"}, subset=1, subset_fraction=0.7)
  # Of pixels that a seed draws, another has others.
  assert len({of(subset=1, subset_fraction=0.7, seed=seed,
                 pixel_randomization="gaussian") for seed in (1, 2)}) == 2
  hash(one)

"""Tests of the Rademacher estimate: right where the truth is known."""

import itertools
import math

import numpy as np
import pytest

from rethink_tf.theory import rademacher


def test_signs_are_fair_and_belong_to_examples():
  drawn = np.concatenate(
      [rademacher.draw_signs(10_000, 1, k) for k in range(10)])
  assert set(np.unique(drawn)) == {-1, 1}
  assert abs(drawn.mean()) < 4 / math.sqrt(100_000)
  np.testing.assert_array_equal(
      rademacher.draw_signs(100, 1, 0),
      rademacher.draw_signs(10_000, 1, 0)[:100])
  assert not np.array_equal(
      rademacher.draw_signs(100, 1, 0), rademacher.draw_signs(100, 1, 1))


def test_the_closed_form_is_the_supremum():
  inputs = np.array([[3.0, 0.0], [0.0, 4.0], [1.0, 1.0]])
  sigma = np.array([1, -1, 1])
  # The sum is (4, -3), of norm 5.
  assert rademacher.linear_supremum(inputs, sigma, 0.6) == pytest.approx(1.0)
  # No direction of a fine grid does better, and the best comes close.
  angles = np.linspace(0, 2 * math.pi, 10_001)
  w = 0.6 * np.stack([np.cos(angles), np.sin(angles)])
  best = (sigma @ inputs @ w / 3).max()
  assert best == pytest.approx(1.0, abs=1e-6) and best <= 1 + 1e-12


def test_the_bounds_hold_for_the_mean_over_all_signs():
  inputs = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.0], [1.0, 1.0]])
  values = [rademacher.linear_supremum(inputs, np.array(s), 2.0)
            for s in itertools.product([-1, 1], repeat=4)]
  lower, upper = rademacher.bound_linear_supremum(inputs, 2.0)
  assert lower <= np.mean(values) <= upper
  # Orthogonal inputs: every sign gives the upper bound.
  lower, upper = rademacher.bound_linear_supremum(np.eye(3), 1.0)
  assert rademacher.linear_supremum(
      np.eye(3), np.array([1, -1, 1]), 1.0) == pytest.approx(upper)


def test_the_summary_has_means_and_spreads_over_draws():
  rows = [{"n": 10, "estimate": e, "linear_supremum": 0.5}
          for e in (0.8, 1.0)]
  rows += [{"n": 20, "estimate": 0.6, "linear_supremum": 0.25}]
  summary = rademacher.summarize(rows)
  assert summary["draws"] == {"10": 2, "20": 1}
  assert summary["estimates"] == {"10": pytest.approx(0.9), "20": 0.6}
  assert summary["standard_deviations"]["10"] == pytest.approx(0.1414, abs=1e-4)
  assert summary["standard_errors"]["10"] == pytest.approx(0.1)
  assert summary["standard_errors"]["20"] is None
  assert summary["linear"] == {"10": 0.5, "20": 0.25}

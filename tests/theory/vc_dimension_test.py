"""Tests of shattering: all labelings, and a control that cannot."""

import numpy as np
import pytest

from rethink_tf import streams
from rethink_tf.theory import theorem1
from rethink_tf.theory import vc_dimension


def _line(n, d=4):
  points = streams.uniform(n * d, 1, "points").reshape(n, d)
  return theorem1.project(points)


@pytest.mark.parametrize("n", [1, 2, 5, 12])
def test_all_labelings_are_fitted(n):
  labelings = vc_dimension.enumerate_labelings(n)
  assert len(np.unique(labelings, axis=1).T) == 2**n
  fitted, error = vc_dimension.fit_labelings(_line(n), labelings)
  assert fitted == 2**n and error < 1e-9


def test_a_labeling_that_is_not_taken_is_not_counted(monkeypatch):
  solve = theorem1.solve

  def without_the_last_unit(*arguments):
    weights = solve(*arguments)
    weights[-1] = 0
    return weights

  monkeypatch.setattr(theorem1, "solve", without_the_last_unit)
  fitted, error = vc_dimension.fit_labelings(
      _line(6), vc_dimension.enumerate_labelings(6))
  assert 0 < fitted < 64 and error > 0.1


def test_random_labelings_begin_with_the_one_that_alternates():
  labelings = vc_dimension.draw_labelings(50, 20, 1)
  np.testing.assert_array_equal(labelings[:4, 0], [1, -1, 1, -1])
  assert set(np.unique(labelings)) == {-1.0, 1.0}
  assert len(np.unique(labelings, axis=1).T) == 20
  fitted, _ = vc_dimension.fit_labelings(_line(50), labelings)
  assert fitted == 20


@pytest.mark.parametrize("n", [0, 21])
def test_labelings_that_would_fill_the_memory_are_refused(n):
  with pytest.raises(ValueError, match=f"from 1 to 20.* Received: {n}"):
    vc_dimension.enumerate_labelings(n)

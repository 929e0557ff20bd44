"""Tests of how far inputs lie apart."""

import numpy as np
import pytest
from scipy.spatial import distance

from rethink_tf.theory import separation


# The second is more than a block of rows.
@pytest.mark.parametrize("count", [30, 600])
def test_means_are_those_of_scipys_distances(count):
  random = np.random.default_rng(1)
  points = random.normal(size=(count, 6)).astype(np.float32)
  labels = random.integers(0, 3, count)
  whole = distance.squareform(distance.pdist(points))
  off = ~np.eye(count, dtype=bool)
  same = labels[:, np.newaxis] == labels
  assert separation.measure(points, labels) == pytest.approx({
      "same_class": whole[same & off].mean(),
      "other_class": whole[~same].mean(),
      "nearest": np.where(off, whole, np.inf).min(axis=1).mean()}, rel=1e-5)


def test_equal_inputs_are_no_distance_apart():
  points = np.repeat([[3e3, 1.0], [1e3, 2.0]], 2, axis=0).astype(np.float32)
  assert separation.measure(points, np.array([0, 0, 1, 1])) == pytest.approx(
      {"same_class": 0.0, "other_class": np.hypot(2e3, 1), "nearest": 0.0})

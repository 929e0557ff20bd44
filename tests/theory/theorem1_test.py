"""Tests of Theorem 1: any labels, 2n + d weights, by an O(n) solution."""

import hypothesis
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from rethink_tf import streams
from rethink_tf.theory import networks
from rethink_tf.theory import theorem1

_SETTINGS = hypothesis.settings(
    max_examples=60, deadline=None, derandomize=True, database=None)


def _uniform(*shape, key="points"):
  return streams.uniform(int(np.prod(shape)), 1, key).reshape(shape) - 0.5


def _outputs(network, points):
  return networks.evaluate(networks.build_two_layer(network), points)


def test_two_points_by_hand():
  # <a, x> is a x: slopes follow from the two points and the quarter.
  x, y = np.array([1.0, 3.0]), np.array([6.0, 4.0])
  b = theorem1.thresholds(x)
  # The mean gap, 2, before the first point; a quarter of 2 after its left end.
  np.testing.assert_array_equal(b, [-0.5, 1.5])
  w = theorem1.solve(x, b, y)
  # Slope 6 / 1.5 = 4 up to 1.5, where c is 8; from there to (3, 4): -8 / 3.
  np.testing.assert_allclose(w, [4.0, -8 / 3 - 4], rtol=1e-15)


@pytest.mark.parametrize("n, d", [(1, 1), (2, 3), (17, 1), (200, 30)])
def test_the_model_has_2n_plus_d_weights_and_takes_the_targets(n, d):
  points, targets = _uniform(n, d), 9 * _uniform(n, key="targets")
  network = theorem1.fit(points, targets)
  model = networks.build_two_layer(network)
  assert model.count_params() == network.size == 2 * n + d
  assert {w.dtype for w in model.weights} == {"float64"}
  assert (networks.depth(model), networks.width(model)) == (2, n)
  np.testing.assert_allclose(
      networks.evaluate(model, points), targets, rtol=0, atol=1e-8)


def test_the_model_is_the_formula_of_the_theorem():
  points = _uniform(20, 4)
  network = theorem1.fit(points, np.arange(20) % 7)
  others = _uniform(50, 4, key="others")
  line = network.line
  by_hand = [
      sum(w * max(line.direction @ z - b, 0.0)
          for w, b in zip(network.weights, line.thresholds))
      for z in others]
  np.testing.assert_allclose(_outputs(network, others), by_hand, rtol=1e-9)


def test_thresholds_interleave_and_the_solution_is_lapacks():
  line = theorem1.fit(_uniform(300, 5), np.arange(300) % 10).line
  assert (line.thresholds < line.projections).all()
  assert (line.thresholds[1:] > line.projections[:-1]).all()
  y = _uniform(300, key="y")
  a = np.maximum(line.projections[:, None] - line.thresholds, 0)
  np.testing.assert_allclose(
      theorem1.solve(line.projections, line.thresholds, y),
      np.linalg.solve(a, y), rtol=1e-7)


def test_several_targets_at_once_are_each_alone():
  line = theorem1.fit(_uniform(30, 2), np.zeros(30)).line
  y = _uniform(30, 4, key="y")
  together = theorem1.solve(line.projections, line.thresholds, y)
  for column in range(4):
    np.testing.assert_array_equal(
        together[:, column], theorem1.solve(
            line.projections, line.thresholds, y[:, column]))


@st.composite
def _problems(draw):
  n, d = draw(st.integers(1, 40)), draw(st.integers(1, 6))
  numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
  points = draw(arrays.arrays(np.float64, (n, d), elements=numbers))
  targets = draw(arrays.arrays(np.float64, n, elements=numbers))
  return points, targets


@_SETTINGS
@hypothesis.given(problem=_problems())
def test_any_points_are_fitted_within_the_bound_or_a_pair_is_named(problem):
  points, targets = problem
  try:
    network = theorem1.fit(points, targets)
  except ValueError as error:
    text = str(error)
    assert text.startswith("expected ") and ". Received: points " in text
    return
  distinct = len(np.unique(points + 0.0, axis=0))
  assert network.size == 2 * distinct + points.shape[1]
  assert np.abs(_outputs(network, points) - targets).max() <= (
      network.error_bound)


@_SETTINGS
@hypothesis.given(
    n=st.integers(2, 60), d=st.integers(1, 8), seed=st.integers(0, 2**31 - 1),
    levels=st.integers(2, 256))
def test_different_pixels_are_always_fitted(n, d, seed, levels):
  values = streams.integers(n * d, levels, seed, "pixels").reshape(n, d)
  points = np.unique(values, axis=0).astype(np.uint8)
  targets = streams.integers(len(points), 10, seed, "labels")
  network = theorem1.fit(points, targets, seed)
  assert network.line.rounding == 0  # Integers are projected exactly.
  outputs = _outputs(network, points)
  np.testing.assert_array_equal(np.rint(outputs), targets)
  assert np.abs(outputs - targets).max() <= network.error_bound


@_SETTINGS
# A rise below the smallest normal number, which TensorFlow takes for zero.
@hypothesis.example(distance=1e-3, n=2, d=1, rise=2e-309)
@hypothesis.given(
    distance=st.sampled_from([1e-3, 1e-6, 1e-9, 1e-11]),
    n=st.integers(2, 30), d=st.integers(1, 5), rise=st.floats(-10, 10))
def test_points_that_nearly_coincide_are_fitted(distance, n, d, rise):
  points = _uniform(n, d)
  points[1] = points[0] + distance
  targets = np.zeros(n)
  targets[1] = rise
  network = theorem1.fit(points, targets)
  error = np.abs(_outputs(network, points) - targets).max()
  assert error <= network.error_bound
  # What float64 leaves: its precision over the gap, times the rise.
  assert error <= 1e-12 / distance * (1 + abs(rise))


def test_points_closer_than_float64_can_project_are_named():
  points = _uniform(10, 500)
  points[7] = points[3]
  points[7, 0] = np.nextafter(points[3, 0], 1)
  with pytest.raises(ValueError, match=r"Received: points 3 and 7, whose"):
    theorem1.fit(points, np.arange(10))


def test_equal_points_with_equal_targets_count_once():
  points = np.array([[1, 2], [3, 4], [1, 2], [5, 5]])
  network = theorem1.fit(points, np.array([7, 1, 7, 0]))
  assert network.size == 2 * 3 + 2
  np.testing.assert_allclose(
      _outputs(network, points), [7, 1, 7, 0], atol=1e-12)
  # -0.0 and 0.0 are one number.
  assert theorem1.fit(np.array([[0.0], [-0.0]]), np.ones(2)).size == 3


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_equal_points_with_different_targets_are_named(dtype):
  points = np.arange(20).reshape(10, 2).astype(dtype)
  points[8] = points[5]
  with pytest.raises(
      ValueError, match="points 5 and 8 are equal, their targets are 1 and 2"):
    theorem1.fit(points, np.array([0, 0, 0, 0, 0, 1, 0, 0, 2, 0]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_named(bad):
  points = np.ones((3000, 2)) * np.arange(3000)[:, None]
  points[2500, 1] = bad
  with pytest.raises(ValueError, match=f"Received: {bad} in point 2500"):
    theorem1.fit(points, np.zeros(3000))
  with pytest.raises(ValueError, match=f"Received: {bad} as target 1"):
    theorem1.fit(np.arange(3.0)[:, None], np.array([0, bad, 0]))


@pytest.mark.parametrize("points, targets, words", [
    (np.zeros(3), np.zeros(3), r"shape \(n, d\)"),
    (np.zeros((0, 2)), np.zeros(0), r"shape \(0, 2\)"),
    (np.zeros((3, 0)), np.zeros(3), r"shape \(3, 0\)"),
    (np.array([["a"]]), np.zeros(1), "real numbers"),
    (np.ones((3, 2)), np.zeros(2), "expected 3 real numbers"),
    (np.ones((3, 2)), np.zeros((3, 1)), r"shape \(3, 1\)"),
    (np.ones((1, 2)), np.array([1j]), "complex128"),
])
def test_arrays_of_other_shapes_or_types_are_refused(points, targets, words):
  with pytest.raises(ValueError, match=words):
    theorem1.fit(points, targets)


@pytest.mark.parametrize("scale", [1e-250, 1e-30, 1e30, 1e250])
def test_the_scale_of_the_points_makes_no_difference(scale):
  points, targets = _uniform(40, 3), np.arange(40) % 10
  network = theorem1.fit(scale * points, targets)
  outputs = _outputs(network, scale * points)
  np.testing.assert_array_equal(np.rint(outputs), targets)


def test_the_same_seed_gives_the_same_network_and_another_another():
  points, targets = _uniform(20, 3), np.arange(20)
  one, again, other = (
      theorem1.fit(points, targets, seed) for seed in (1, 1, 2))
  np.testing.assert_array_equal(one.weights, again.weights)
  assert not np.array_equal(one.line.direction, other.line.direction)


def test_of_the_directions_the_widest_smallest_gap_is_taken():
  line = theorem1.fit(_uniform(50, 6), np.zeros(50)).line
  gaps = np.diff(line.projections)
  width = line.projections[-1] - line.projections[0]
  assert 0.5 <= width < 1
  np.testing.assert_allclose(gaps.min() / width, max(line.candidates))
  assert len(set(line.candidates)) == 8 and line.min_gap > min(line.candidates)


def test_midway_thresholds_are_worse_as_thresholds_says(monkeypatch):
  points = _uniform(3000, 4)
  targets = streams.integers(3000, 10, 1, "labels")
  error = {}
  for position in (0.25, 0.5):
    monkeypatch.setattr(theorem1, "POSITION", position)
    network = theorem1.fit(points, targets)
    error[position] = np.abs(_outputs(network, points) - targets).max()
  assert error[0.5] > 10 * error[0.25]


def test_memory_grows_with_n_and_not_with_its_square():
  # A 60,000 x 60,000 matrix would take 29 GB: this ends for want of memory.
  n = 60_000
  x = np.linspace(0, 1, n)
  b = theorem1.thresholds(x)
  y = streams.integers(n, 10, 1, "labels").astype(float)
  w = theorem1.solve(x, b, y)
  # Compared at a few points, where one row of the matrix is enough.
  for i in (0, 1, n // 2, n - 1):
    assert abs(np.maximum(x[i] - b, 0) @ w - y[i]) < 1e-4

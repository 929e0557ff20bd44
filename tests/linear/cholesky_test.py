"""Tests of the factor in panels, against SciPy's of the whole matrix."""

import numpy as np
import pytest
from scipy import linalg

from rethink_tf import streams
from rethink_tf.linear import cholesky
from rethink_tf.linear import gram
from rethink_tf.linear import kernels

_KERNEL = kernels.Kernel("gaussian", 1.5)


def _points(count, dimensions=7):
  drawn = streams.uniform(count * dimensions, 1, "points")
  return drawn.reshape(count, dimensions).astype(np.float32)


def _factor(points, width, ridge=0.01):
  matrix = gram.GramOfPoints(_KERNEL, points, points[:1], width)
  factor = cholesky.Factor(len(points), width)
  for index in range(len(matrix.panels())):
    panel = matrix.panel(index)
    panel[range(panel.shape[1]), range(panel.shape[1])] += np.float32(ridge)
    factor.append(panel)
  return factor


def _assembled(factor):
  lower = np.zeros((factor.size, factor.size))
  for index, panel in enumerate(factor.panels):
    start = index * factor.width
    lower[start:, start:start + panel.shape[1]] = panel
  return lower


# One panel, panels that fit, a last one that is narrower, and one of one row.
@pytest.mark.parametrize("width", [200, 50, 64, 199, 1])
def test_panels_are_the_columns_of_scipys_factor(width):
  points = _points(200)
  whole = kernels.matrix(_KERNEL, points, points) + 0.01 * np.eye(200)
  expected = linalg.cholesky(whole, lower=True)
  np.testing.assert_allclose(
      _assembled(_factor(points, width)), expected, atol=2e-5)


@pytest.mark.parametrize("width", [200, 64])
def test_solve_is_scipys(width):
  points = _points(200)
  whole = kernels.matrix(_KERNEL, points, points) + 0.01 * np.eye(200)
  right = streams.uniform(600, 2, "right").reshape(200, 3) * 1e-20
  expected = linalg.solve(whole, right, assume_a="pos")
  actual = _factor(points, width).solve(right)
  assert (np.linalg.norm(actual - expected) / np.linalg.norm(expected)
          < 1e-2)  # Float32, condition 1e4.
  # And its residual is what float32 can give.
  assert (np.linalg.norm(whole @ actual - right) / np.linalg.norm(right)
          < 1e-4)


def test_solve_of_zero_is_zero():
  right = np.zeros((50, 2))
  assert not _factor(_points(50), 20).solve(right).any()


def test_times_undoes_solve():
  factor = _factor(_points(150), 64)
  right = streams.uniform(300, 3, "right").reshape(150, 2)
  np.testing.assert_allclose(
      factor.times(factor.solve(right)), right, atol=1e-3)


def test_a_matrix_that_is_not_positive_definite_is_refused_at_its_row():
  # Row 70 repeats row 3; what is added below takes its pivot below zero.
  points = _points(100)
  points[70] = points[3]
  with pytest.raises(cholesky.NotPositiveDefiniteError) as raised:
    _factor(points, 32, ridge=-1e-6)
  assert raised.value.row == 70


@pytest.mark.parametrize("ridge", [1.0, 1e-1, 1e-3])
def test_the_condition_estimate_is_near_the_condition_number(ridge):
  points = _points(200)
  whole = kernels.matrix(_KERNEL, points, points) + ridge * np.eye(200)
  exact = np.linalg.cond(whole, 1)
  estimate = cholesky.condition_estimate(_factor(points, 64, ridge))
  assert 0.3 * exact < estimate < 1.05 * exact


@pytest.mark.parametrize("size, width", [(1000, 100), (1000, 300), (60, 100)])
def test_work_is_a_third_of_the_cube(size, width):
  total = sum(cholesky.work(size, width))
  # Panels do their diagonal tiles' upper halves too.
  assert size**3 / 3 <= total <= size**3 / 3 + size**2 * width


def test_memory_is_that_of_the_panels():
  factor = _factor(_points(130), 50)
  assert cholesky.memory_bytes(130, 50) == sum(
      panel.nbytes for panel in factor.panels)
  # MNIST's: half the matrix and a little more.
  assert cholesky.memory_bytes(60_000, 2000) == pytest.approx(
      4 * 60_000**2 / 2, rel=0.04)

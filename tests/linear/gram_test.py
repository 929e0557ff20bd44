"""Tests of Gram matrices by tiles, against the whole matrix in float64."""

import numpy as np
import pytest
from sklearn.metrics import pairwise

from rethink_tf import streams
from rethink_tf.linear import accumulation
from rethink_tf.linear import gram
from rethink_tf.linear import kernels

_SIZE, _TESTS = 110, 37
_KERNELS = [kernels.Kernel("gaussian", 0.8), kernels.Kernel("linear")]


def _points():
  drawn = streams.uniform((_SIZE + _TESTS) * 5, 1, "points")
  points = drawn.reshape(-1, 5).astype(np.float32) - np.float32(0.5)
  return points[:_SIZE], points[_SIZE:]


def _of_points(kernel, width):
  return gram.GramOfPoints(kernel, *_points(), width)


def _of_dots(kernel, width):
  """The same matrix, its five dimensions added in two blocks."""
  train, test = _points()
  both = 2 * np.concatenate([train, test])  # The scale undoes it.
  accumulator = accumulation.Accumulator(_SIZE, _TESTS, width)
  norms = np.zeros(_TESTS)
  for block in (slice(0, 2), slice(2, 5)):
    accumulator.add(np.ascontiguousarray(both[:, block]))
    norms += gram.squared_norms(both[_SIZE:, block])
  return accumulation.GramOfDots(kernel, accumulator.panels, norms, 0.25, width)


_MAKERS = [_of_points, _of_dots]


@pytest.mark.parametrize("kernel", _KERNELS, ids=lambda k: k.name)
def test_the_kernel_is_scikit_learns(kernel):
  train, test = (points.astype(np.float64) for points in _points())
  expected = (
      pairwise.linear_kernel(test, train) if kernel.name == "linear" else
      pairwise.rbf_kernel(test, train, gamma=1 / (2 * kernel.bandwidth**2)))
  np.testing.assert_allclose(
      kernels.matrix(kernel, test, train), expected, atol=1e-12)


def test_a_gaussian_kernel_worked_by_hand():
  # Distance 5, bandwidth 5: exp(-1/2).
  value = kernels.matrix(kernels.Kernel("gaussian", 5.0), [[0, 0]], [[3, 4]])
  assert value.item() == pytest.approx(0.60653066)


@pytest.mark.parametrize("make", _MAKERS)
@pytest.mark.parametrize("kernel", _KERNELS, ids=lambda k: k.name)
@pytest.mark.parametrize("width", [200, 55, 40])
def test_products_are_those_of_the_whole_matrix(make, kernel, width):
  train, test = _points()
  matrix = make(kernel, width)
  vectors = streams.uniform(3 * _SIZE, 2, "vectors").reshape(_SIZE, 3)
  # Sums of dots were float32; what is computed from points was not.
  tolerance = 1e-10 if make is _of_points else 1e-5
  np.testing.assert_allclose(
      matrix.times(vectors), kernels.matrix(kernel, train, train) @ vectors,
      rtol=tolerance, atol=tolerance)
  np.testing.assert_allclose(
      matrix.test_times(vectors), kernels.matrix(kernel, test, train) @ vectors,
      rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("make", _MAKERS)
@pytest.mark.parametrize("kernel", _KERNELS, ids=lambda k: k.name)
def test_panels_diagonal_and_samples_are_the_matrix_s(make, kernel):
  train, _ = _points()
  whole = kernels.matrix(kernel, train, train)
  matrix = make(kernel, 40)
  for index, columns in enumerate(matrix.panels()):
    np.testing.assert_allclose(
        matrix.panel(index), whole[columns.start:, columns], atol=1e-6)
  np.testing.assert_allclose(
      matrix.diagonal(), np.diagonal(whole), atol=1e-6)
  chosen = np.array([0, 3, 39, 40, 79, 80, 109])
  np.testing.assert_allclose(
      matrix.column_sample(chosen), whole[:, chosen], atol=1e-6)


def test_a_product_is_the_same_to_the_bit_each_time():
  matrix = _of_points(_KERNELS[0], 16)
  vectors = streams.uniform(_SIZE, 2, "vectors").reshape(_SIZE, 1)
  first = matrix.times(vectors)
  assert all((matrix.times(vectors) == first).all() for _ in range(5))


def test_ticks_rise_to_one():
  seen = []
  _of_points(_KERNELS[0], 40).times(np.zeros((_SIZE, 1)), seen.append)
  assert seen == sorted(seen) and seen[-1] == 1 and len(seen) == 6


class _Stopped(Exception):
  pass


# After which of the three panels of the second block it was stopped.
@pytest.mark.parametrize("stopped_after", [1, 2, 3])
def test_an_accumulation_stopped_in_a_block_goes_on_to_the_same_bits(
    stopped_after):
  train, test = _points()
  blocks = [np.ascontiguousarray(np.concatenate([train, test])[:, b])
            for b in (slice(0, 3), slice(3, 5))]
  whole, stopped = (
      accumulation.Accumulator(_SIZE, _TESTS, 40) for _ in range(2))
  for block in blocks:
    whole.add(block)

  def tick(done):
    del done
    if stopped.panel == stopped_after:
      raise _Stopped()

  stopped.add(blocks[0])
  with pytest.raises(_Stopped):
    stopped.add(blocks[1], tick)
  assert (stopped.block, stopped.panel) == (1, stopped_after)
  stopped.add(blocks[1])
  assert (stopped.block, stopped.panel) == (2, 0)
  for left, right in zip(whole.panels, stopped.panels, strict=True):
    assert (left == right).all()


def test_accumulated_memory_is_that_of_the_panels():
  accumulator = accumulation.Accumulator(_SIZE, _TESTS, 40)
  assert accumulation.memory_bytes(_SIZE, _TESTS, 40) == sum(
      panel.nbytes for panel in accumulator.panels)


def test_points_far_from_the_origin_lose_no_digits():
  train, test = (points + np.float32(100) for points in _points())
  kernel = kernels.Kernel("gaussian", 0.8)
  matrix = gram.GramOfPoints(kernel, train, test, 40)
  whole = kernels.matrix(kernel, train, train)
  # The distances' squares are 1, those of the norms 50,000.
  np.testing.assert_allclose(matrix.panel(0), whole[:, :40], rtol=1e-6)
  np.testing.assert_allclose(
      matrix.column_sample(np.array([3, 70])), whole[:, [3, 70]], rtol=1e-6)

"""Tests of block conjugate gradients, against a direct solution."""

import numpy as np
import pytest

from rethink_tf import streams
from rethink_tf.linear import conjugate_gradients

_SIZE, _SIDES = 60, 4


def _outlying(count):
  """Returns a matrix whose eigenvalues are 1, but for `count` others."""
  eigenvalues = np.ones(_SIZE)
  eigenvalues[:count] = np.geomspace(0.03, 30, count)
  vectors, _ = np.linalg.qr(
      streams.normals(_SIZE, _SIZE, 1, "vectors").astype(np.float64))
  return vectors * eigenvalues @ vectors.T


def _targets(sides=_SIDES, size=_SIZE):
  return streams.normals(size, sides, 1, "targets").astype(np.float64)


def _residuals(matrix, targets, steps, precondition=lambda v: v):
  """Returns the solution and the relative residual after each step."""
  state = conjugate_gradients.start(
      precondition, targets, np.zeros_like(targets))
  relative = []
  for _ in range(steps):
    state = conjugate_gradients.step(
        state, lambda v: matrix @ v, precondition)
    exact = targets - matrix @ state.solution
    relative.append(np.linalg.norm(exact) / (np.linalg.norm(targets) or 1))
  return state, relative


def test_each_iteration_mends_as_many_eigenvalues_as_there_are_sides():
  # Twelve eigenvalues besides 1, which each side has its own share of: sixteen
  # dimensions, four an iteration. One side alone takes at least 13.
  _, relative = _residuals(_outlying(12), _targets(), 4)
  assert relative[2] > 0.1 and relative[3] < 1e-8
  _, alone = _residuals(_outlying(12), _targets()[:, :1], 12)
  assert min(alone) > 1e-3


@pytest.mark.parametrize("noise", [0, 1e-3])
def test_a_preconditioner_that_is_not_quite_linear_is_borne(noise):
  matrix = _outlying(50)
  inverse = np.linalg.inv(matrix)

  def precondition(vectors):
    return inverse @ vectors * (1 + noise * np.sin(1e3 * vectors))

  state, relative = _residuals(matrix, _targets(), 10, precondition)
  assert relative[-1] < 1e-8
  np.testing.assert_allclose(
      state.solution, inverse @ _targets(), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("spoil", [
    lambda t: t.__setitem__((slice(None), 1), t[:, 0]),
    lambda t: t.__setitem__((slice(None), 2), 0),
    lambda t: t.__setitem__((slice(None), 3), t[:, 0] - 2 * t[:, 1]),
    lambda t: t.__setitem__(slice(None), 0)],
    ids=["equal", "zero", "dependent", "all zero"])
def test_sides_that_depend_on_others_are_solved_too(spoil):
  matrix, targets = _outlying(12), _targets()
  spoil(targets)
  state, _ = _residuals(matrix, targets, 9)
  np.testing.assert_allclose(matrix @ state.solution, targets, atol=1e-6)


def test_more_sides_than_rows():
  matrix, targets = _outlying(12)[:3, :3], _targets(5, 3)
  state, _ = _residuals(matrix, targets, 2)
  np.testing.assert_allclose(matrix @ state.solution, targets, atol=1e-8)


def test_the_directions_are_conjugate():
  matrix = _outlying(50)
  state, _ = _residuals(matrix, _targets(), 1)
  after = conjugate_gradients.step(state, lambda v: matrix @ v, lambda v: v)
  np.testing.assert_allclose(
      state.direction.T @ matrix @ after.direction, 0, atol=1e-10)
  np.testing.assert_allclose(
      after.direction.T @ after.direction, np.eye(_SIDES), atol=1e-12)

"""Tests of Lemma 1, and of what it does not say about w."""

import numpy as np
import pytest

from rethink_tf.theory import lemma1
from rethink_tf.theory import theorem1


def _measure(n, position, index=0):
  return lemma1.measure(*lemma1.draw_instance(n, position, 1, index), position)


@pytest.mark.parametrize("n", [1, 2, 30, 150])
@pytest.mark.parametrize("position", [0.25, 0.5])
def test_the_lemma_holds_on_random_instances(n, position):
  measured = _measure(n, position)
  assert measured.rank == n
  assert measured.eigenvalue_error < 1e-9
  x, b, _ = lemma1.draw_instance(n, position, 1, 0)
  assert measured.smallest_difference == (x - b).min()
  assert measured.solve_error < 1e-8


def test_the_eigenvalues_are_those_of_the_matrix_and_not_just_its_diagonal():
  x, b, _ = lemma1.draw_instance(6, 0.25, 1, 0)
  a = lemma1.build_matrix(x, b)
  # For each eigenvalue from the diagonal, A - lambda I is singular.
  for value in x - b:
    singular = np.linalg.svd(a - value * np.eye(6), compute_uv=False)
    assert singular[-1] < 1e-12
  # Between two of them it is not.
  middle = np.sort(x - b)[:2].mean()
  assert np.linalg.svd(a - middle * np.eye(6), compute_uv=False)[-1] > 1e-9


def test_without_interleaving_the_rank_falls():
  x = np.array([1.0, 2.0, 3.0])
  b = np.array([0.5, 2.5, 2.6])  # Nothing between x_1 and x_2.
  assert np.linalg.matrix_rank(lemma1.build_matrix(x, b)) < 3


def test_w_is_bounded_by_the_singular_value_and_not_by_the_eigenvalue():
  for index in range(10):
    measured = _measure(200, 0.5, index)
    assert measured.norm <= measured.inverse_singular
  # Thresholds in the middle: the ratio grows like n.
  ratio = {n: np.mean([
      f.inverse_singular / f.inverse_eigenvalue
      for f in (_measure(n, 0.5, i) for i in range(10))]) for n in (20, 200)}
  assert ratio[200] > 3 * ratio[20] > 15


@pytest.mark.parametrize("n", [5, 50, 300])
def test_a_quarter_of_the_gap_keeps_the_ratio_below_6(n):
  assert theorem1.POSITION == 0.25
  for index in range(10):
    measured = _measure(n, 0.25, index)
    assert 1 <= measured.inverse_singular / measured.inverse_eigenvalue <= 6


def test_equal_gaps_by_hand():
  # x = 1, 2 and b = 0.5, 1.5: A = [[0.5, 0], [1.5, 0.5]].
  x, b = np.array([1.0, 2.0]), np.array([0.5, 1.5])
  np.testing.assert_array_equal(
      lemma1.build_matrix(x, b), [[0.5, 0], [1.5, 0.5]])
  measured = lemma1.measure(x, b, np.array([0.0, 1.0]), 0.5)
  assert measured.inverse_eigenvalue == 2
  # The singular values' squares have sum 2.75 and product 1/16.
  smallest = np.sqrt((2.75 - np.sqrt(2.75**2 - 0.25)) / 2)
  np.testing.assert_allclose(measured.inverse_singular, 1 / smallest)
  np.testing.assert_allclose(measured.norm, 2)  # w = (0, 2).

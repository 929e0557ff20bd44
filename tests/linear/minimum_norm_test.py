"""Tests of Section 5's statements on problems small enough to be sure."""

import numpy as np
import pytest
from scipy import linalg
from sklearn import kernel_ridge
from sklearn import linear_model

from rethink_tf import streams
from rethink_tf.linear import kernels
from rethink_tf.linear import minimum_norm

_N, _D = 12, 40


def _problem(outputs=(), n=_N, d=_D):
  x = streams.uniform(n * d, 1, "x").reshape(n, d) - 0.5
  size = int(np.prod((n, *outputs)))
  y = streams.uniform(size, 1, "y").reshape(n, *outputs)
  return x, y


@pytest.mark.parametrize("outputs", [(), (3,)])
def test_minimum_norm_is_x_transposed_alpha_of_the_kernel_equation(outputs):
  x, y = _problem(outputs)
  w = minimum_norm.minimum_norm(x, y)
  np.testing.assert_allclose(w, minimum_norm.kernel_solution(x, y), atol=1e-10)
  np.testing.assert_allclose(w, np.linalg.pinv(x) @ y, atol=1e-10)
  np.testing.assert_allclose(x @ w, y, atol=1e-10)


def test_minimum_norm_worked_by_hand():
  # 3 a + 4 b = 5: the nearest point of the line to the origin.
  w = minimum_norm.minimum_norm(np.array([[3.0, 4.0]]), np.array([5.0]))
  np.testing.assert_allclose(w, [0.6, 0.8])


@pytest.mark.parametrize("d", [5, _N, _D])
def test_ridge_is_the_closed_form_and_without_penalty_the_least_norm(d):
  x, y = _problem((3,), d=d)
  none, little, more = minimum_norm.ridge(x, y, (0, 1e-3, 2.0))
  np.testing.assert_allclose(none, minimum_norm.minimum_norm(x, y), rtol=1e-8)
  for penalty, w in ((1e-3, little), (2.0, more)):
    model = linear_model.Ridge(alpha=penalty, fit_intercept=False, solver="svd")
    np.testing.assert_allclose(w, model.fit(x, y).coef_.T, rtol=1e-8)
    np.testing.assert_allclose(
        w, linalg.solve(x.T @ x + penalty * np.eye(d), x.T @ y), rtol=1e-6)


def test_ridge_without_penalty_leaves_out_what_the_points_do_not_span():
  # Two equal points with two labels: their mean is fitted, by the least norm.
  x = np.array([[3.0, 4.0, 0.0], [3.0, 4.0, 0.0]])
  w, = minimum_norm.ridge(x, np.array([[4.0], [6.0]]), (0,))
  np.testing.assert_allclose(w, [[0.6], [0.8], [0.0]], atol=1e-12)


@pytest.mark.parametrize("outputs", [(), (3,)])
def test_sgd_from_zero_reaches_the_minimum_norm_solution(outputs):
  x, y = _problem(outputs)
  seen = []
  w = minimum_norm.sgd(x, y, 500, 1, on_epoch=lambda w: seen.append(w.copy()))
  least = minimum_norm.minimum_norm(x, y)
  assert minimum_norm.distance(w, least) < 1e-6
  distances = [minimum_norm.distance(each, least) for each in seen]
  assert distances[0] == 1 and distances[1] < 1
  assert distances[100] < 0.1 * distances[10]
  # In the span of the data all the way, interpolating or not.
  assert max(minimum_norm.outside_span(x, each) for each in seen[1:]) < 1e-12


def test_sgd_from_elsewhere_keeps_what_is_outside_the_span():
  x, y = _problem()
  start = streams.uniform(_D, 2, "start")
  w = minimum_norm.sgd(x, y, 500, 1, start=start)
  np.testing.assert_allclose(x @ w, y, atol=1e-6)  # It interpolates, but
  least = minimum_norm.minimum_norm(x, y)
  assert np.linalg.norm(w) > 1.2 * np.linalg.norm(least)
  # it ends at the interpolating solution nearest to where it began.
  nearest = start + minimum_norm.minimum_norm(x, y - x @ start)
  assert minimum_norm.distance(w, nearest) < 1e-6


def test_sgds_first_step_worked_by_hand():
  # From zero, e = -y, eta = 1 / ||x||^2 = 1/25: w = (2/25) (3, 4).
  w = minimum_norm.sgd(np.array([[3.0, 4.0]]), np.array([2.0]), 1, 1)
  np.testing.assert_allclose(w, [0.24, 0.32])


def test_sgd_sees_every_example_in_an_order_of_its_seed():
  x, y = np.eye(5), np.arange(1.0, 6)
  # Orthonormal: exact.
  np.testing.assert_allclose(minimum_norm.sgd(x, y, 1, 1), y)
  x, y = _problem()
  assert (minimum_norm.sgd(x, y, 2, 1) == minimum_norm.sgd(x, y, 2, 1)).all()
  assert (minimum_norm.sgd(x, y, 2, 1) != minimum_norm.sgd(x, y, 2, 2)).any()


def _numeric_hessian(loss, w, step=1e-3):
  """Returns the Hessian of loss at w by central differences."""
  size = w.size
  unit = step * np.eye(size)
  hessian = np.empty((size, size))
  for i in range(size):
    for j in range(size):
      hessian[i, j] = sum(
          sign * loss((w.ravel() + a * unit[i] + b * unit[j]).reshape(w.shape))
          for sign, a, b in ((1, 1, 1), (-1, 1, -1), (-1, -1, 1), (1, -1, -1)))
  return hessian / (4 * step**2)


def _log_cosh(z, y):
  # Twice differentiable, zero at z = y, and not a quadratic anywhere else.
  return 2 * np.log(np.cosh(z - y))


def test_scalar_curvature_is_the_same_at_all_minima_and_off_them_not():
  x, y = _problem(n=4, d=6)
  least = minimum_norm.minimum_norm(x, y)
  other = minimum_norm.another_solution(x, y, 1)
  formula = minimum_norm.hessian_at_minimum(x, 2 * np.ones(4))
  loss = lambda w: np.mean(_log_cosh(x @ w, y))
  assert minimum_norm.distance(other, least) > 0.5
  for minimum in (least, other):
    np.testing.assert_allclose(
        _numeric_hessian(loss, minimum), formula, atol=1e-5)
  away = _numeric_hessian(loss, least + 1)
  assert np.abs(away - formula).max() > 1e-2 * np.abs(formula).max()


def test_vector_curvature_is_the_same_at_all_minima():
  x, y = _problem((2,), n=3, d=5)
  mixing = np.array([[1.0, 0.4], [0.4, 2.0]])
  loss = lambda w: np.mean(
      [(z - t) @ mixing @ (z - t) / 2 + np.sum((z - t) ** 4)
       for z, t in zip(x @ w, y)])
  curvature = np.broadcast_to(mixing, (3, 2, 2))
  formula = minimum_norm.hessian_at_minimum(x, curvature)
  for minimum in (minimum_norm.minimum_norm(x, y),
                  minimum_norm.another_solution(x, y, 1)):
    np.testing.assert_allclose(
        _numeric_hessian(loss, minimum), formula, atol=1e-5)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_curvature_is_degenerate_exactly_when_there_are_too_many_weights(
    outputs):
  for n, d in ((5, 9), (9, 5), (6, 6)):
    x, y = _problem(outputs, n, d)
    k = outputs[0] if outputs else 1
    # Of squared loss: one, or the identity, at each example.
    curvature = np.broadcast_to(np.eye(k), (n, k, k)) if outputs else np.ones(n)
    hessian = minimum_norm.hessian_at_minimum(x, curvature)
    assert minimum_norm.null_directions(hessian) == k * max(0, d - n)


def test_another_solution_interpolates_with_twice_the_squared_norm():
  x, y = _problem((3,))
  other = minimum_norm.another_solution(x, y, 1)
  np.testing.assert_allclose(x @ other, y, atol=1e-10)
  assert np.linalg.norm(other) == pytest.approx(
      np.sqrt(2) * np.linalg.norm(minimum_norm.minimum_norm(x, y)))


_KERNEL = kernels.Kernel("gaussian", 0.7)


def test_the_path_is_kernel_ridge_at_each_penalty():
  x, y = _problem((3,), n=30, d=4)
  new = streams.uniform(40, 5, "new").reshape(10, 4)
  whole = kernels.matrix(_KERNEL, x, x)
  penalties = [1e-3, 0.1, 10.0]
  path = minimum_norm.ridge_path(
      whole, kernels.matrix(_KERNEL, new, x), y, penalties)
  for penalty, (norm, fitted, predicted) in zip(penalties, path, strict=True):
    ridge = kernel_ridge.KernelRidge(
        alpha=penalty, kernel="rbf", gamma=1 / (2 * 0.7**2)).fit(x, y)
    np.testing.assert_allclose(predicted, ridge.predict(new), atol=1e-6)
    np.testing.assert_allclose(fitted, ridge.predict(x), atol=1e-6)
    dual = ridge.dual_coef_
    assert norm == pytest.approx(np.sqrt(np.trace(dual.T @ whole @ dual)))
  norms = [norm for norm, _, _ in path]
  assert norms == sorted(norms, reverse=True)


def test_the_linear_kernels_norm_is_that_of_the_weights():
  x, y = _problem((3,))
  kernel = kernels.Kernel("linear")
  gram = kernels.matrix(kernel, x, x)
  (norm, _, _), = minimum_norm.ridge_path(gram, gram, y, [0.0])
  assert norm == pytest.approx(np.linalg.norm(minimum_norm.minimum_norm(x, y)))
  (norm, _, _), = minimum_norm.ridge_path(gram, gram, y, [0.3])
  ridge = linear_model.Ridge(alpha=0.3, fit_intercept=False).fit(x, y)
  assert norm == pytest.approx(np.linalg.norm(ridge.coef_))


def _least_norm(points, targets):
  gram = kernels.matrix(_KERNEL, points, points)
  alpha = linalg.solve(gram, targets, assume_a="pos")
  return np.sqrt(np.trace(alpha.T @ gram @ alpha))


def test_random_centers_interpolate_with_a_larger_norm():
  x, y = _problem((2,), n=20, d=3)
  centers, c, norm = minimum_norm.random_centers(x, y, _KERNEL, 40, 1)
  assert centers.shape == (40, 3)
  assert (centers >= x.min(axis=0)).all() and (centers <= x.max(axis=0)).all()
  np.testing.assert_allclose(
      kernels.matrix(_KERNEL, x, centers) @ c, y, atol=1e-6)
  assert norm > 1.01 * _least_norm(x, y)


def test_labels_on_test_fit_both_with_a_larger_norm():
  x, y = _problem((2,), n=30, d=6)
  alpha, norm = minimum_norm.labels_on_test(
      x[:20], y[:20], x[20:], y[20:], _KERNEL)
  np.testing.assert_allclose(
      kernels.matrix(_KERNEL, x, x) @ alpha, y, atol=1e-8)
  assert norm > 1.01 * _least_norm(x[:20], y[:20])

"""Section 5's statements about linear models, as functions.

X is `(n, d)`, a row an example; y is `(n,)` or, with k outputs, `(n, k)`; w is
`(d,)` or `(d, k)`. All in float64.
"""

import numpy as np
from scipy import linalg

from rethink_tf import streams
from rethink_tf.linear import kernels


def minimum_norm(x, y):
  """Returns the w of least norm among the least-squares solutions of X w = y.

  By LAPACK's singular value decomposition: nothing that this module or the
  kernel solver does.
  """
  return linalg.lstsq(x, y, lapack_driver="gelsd")[0]


def ridge(x, y, penalties):
  """Yields argmin ||X w - y||^2 + penalty ||w||^2 for each penalty.

  For 0, the one of least norm, as `minimum_norm` has it. By one singular value
  decomposition for all, of the triangular factor where there are more features
  than examples; never of X X^T, which squares the condition number.

  Args:
    x, y: the examples, y `(n, k)`.
    penalties: numbers >= 0.
  """
  wide = x.shape[1] > x.shape[0]
  if wide:
    q, r = linalg.qr(x.T, mode="economic", check_finite=False)
    u, s, vt = linalg.svd(r.T)
  else:
    u, s, vt = linalg.svd(x, full_matrices=False)
  rotated = u.T @ y
  kept = s > np.finfo(s.dtype).eps * s[0]
  for penalty in penalties:
    factors = np.zeros_like(s)
    factors[kept] = s[kept] / (s[kept] ** 2 + penalty)
    w = vt.T @ (factors[:, np.newaxis] * rotated)
    yield q @ w if wide else w


def kernel_solution(x, y):
  """Returns X^T alpha of K alpha = y, K = X X^T: equation (3)."""
  return x.T @ linalg.solve(x @ x.T, y, assume_a="pos")


def sgd(x, y, epochs, seed, start=None, on_epoch=lambda w: None):
  """Runs SGD on squared loss, an example a step, in a new order each epoch.

  The update is the paper's, w <- w - eta e x_i with e the prediction error,
  and the step size 1 / max ||x_i||^2, which converges wherever an interpolating
  solution exists.

  Args:
    x, y: the examples.
    epochs: passes over them.
    seed: of the orders.
    start: w_0; zero where None.
    on_epoch: called with w before the first epoch and after each.

  Returns:
    w.
  """
  w = np.zeros((x.shape[1], *y.shape[1:])) if start is None else start.copy()
  rate = 1 / np.square(x).sum(axis=1).max()
  on_epoch(w)
  for epoch in range(epochs):
    for i in streams.permutation(len(x), seed, "sgd", epoch):
      error = x[i] @ w - y[i]
      w -= rate * (np.multiply.outer(x[i], error))
    on_epoch(w)
  return w


def outside_span(x, w):
  """Returns the norm of w's part outside the span of the rows of X, over ||w||.

  Zero for w = X^T alpha.
  """
  inside = x.T @ linalg.lstsq(x.T, w)[0]
  return float(np.linalg.norm(w - inside) / np.linalg.norm(w))


def distance(w, reference):
  """Returns ||w - reference|| / ||reference||."""
  return float(np.linalg.norm(w - reference) / np.linalg.norm(reference))


def hessian_at_minimum(x, curvature):
  """Returns the Hessian of the mean loss at any global minimum.

  The paper's formula, X^T diag(beta) X / n, for scalar y. For y of k outputs,
  beta_i is the k x k second derivative of the loss at z = y_i, and the Hessian
  of vec(w), w's rows one after the other, is the mean of the Kronecker products
  x_i x_i^T (x) beta_i. Neither depends on w.

  Args:
    x: `(n, d)`.
    curvature: beta, `(n,)` or `(n, k, k)`.

  Returns:
    `(d, d)`, or `(d k, d k)`.
  """
  curvature = np.asarray(curvature)
  if curvature.ndim == 1:
    return x.T @ (curvature[:, np.newaxis] * x) / len(x)
  d, k = x.shape[1], curvature.shape[1]
  mean = np.einsum("ni,nj,nab->iajb", x, x, curvature, optimize=True) / len(x)
  return mean.reshape(d * k, d * k)


def curvature_along(x, y, w, direction, step=1e-5):
  """Returns the Hessian times a direction, measured where w is.

  By central differences of the gradient of the mean of 2 log cosh(z - y): a
  loss that is zero at z = y, where its second derivative is 2, and is a
  quadratic nowhere.

  Args:
    x, y: the examples, y `(n,)`.
    w, direction: `(d,)`.
    step: of the differences.

  Returns:
    `(d,)`.
  """
  def gradient(weights):
    return 2 * x.T @ np.tanh(x @ weights - y) / len(x)

  return (gradient(w + step * direction)
          - gradient(w - step * direction)) / (2 * step)


def null_directions(hessian):
  """Returns how many independent directions have no curvature."""
  return len(hessian) - np.linalg.matrix_rank(hessian, hermitian=True)


def another_solution(x, y, seed):
  """Returns an interpolating w that is not of least norm, for d > n.

  The minimum-norm solution plus what a random vector has outside the span of
  the data, of the same norm.
  """
  least = minimum_norm(x, y)
  drawn = streams.uniform(least.size, seed, "another") - 0.5
  drawn = drawn.reshape(least.shape)
  outside = drawn - x.T @ linalg.lstsq(x.T, drawn)[0]
  return least + outside * np.linalg.norm(least) / np.linalg.norm(outside)


def ridge_path(kernel_matrix, cross, y, penalties):
  """Returns the solutions of (K + penalty) A = y for each penalty.

  Args:
    kernel_matrix: K, `(n, n)`.
    cross: kernel of new points and training points, `(m, n)`.
    y: `(n, k)`.
    penalties: sequence of numbers >= 0.

  Returns:
    A list of `(norm, fitted, predicted)`: sqrt(trace(A^T K A)), `(n, k)` and
    `(m, k)`.
  """
  values, vectors = linalg.eigh(kernel_matrix)
  rotated, onto = vectors.T @ y, cross @ vectors
  path = []
  for penalty in penalties:
    inside = rotated / (values + penalty)[:, np.newaxis]
    norm = np.sqrt(max(0, np.sum(inside**2 * values[:, np.newaxis])))
    fitted = vectors @ (values[:, np.newaxis] * inside)
    path.append((float(norm), fitted, onto @ inside))
  return path


def random_centers(points, targets, kernel, count, seed):
  """Interpolates with a kernel whose centers are random points.

  f(x) = sum_j k(x, z_j) c_j with f(x_i) = y_i: the paper's first example of an
  interpolating solution that does not generalize. The centers are uniform in
  the smallest box around the points. Of all c that interpolate, LAPACK's
  of least Euclidean norm is taken.

  Args:
    points: `(n, d)`.
    targets: `(n, k)`.
    kernel: `kernels.Kernel`.
    count: number of centers, at least n.
    seed: of the centers.

  Returns:
    `(centers, c, norm)`: `(count, d)`, `(count, k)`, and the norm of f in the
    kernel's space, sqrt(trace(c^T K_zz c)), which is what the minimum norm is
    the least of.
  """
  low, high = points.min(axis=0), points.max(axis=0)
  drawn = streams.uniform(count * points.shape[1], seed, "centers")
  centers = low + drawn.reshape(count, -1) * (high - low)
  c = minimum_norm(kernels.matrix(kernel, points, centers), targets)
  return centers, c, _norm(kernels.matrix(kernel, centers, centers), c)


def labels_on_test(points, targets, test_points, test_targets, kernel):
  """Interpolates the training data and other labels on the test points.

  The paper's second example: a function that fits the training data exactly and
  is wrong on the test data because it was forced to be.

  Args:
    points, targets: `(n, d)`, `(n, k)`.
    test_points, test_targets: `(m, d)`, `(m, k)`, the targets random.
    kernel: `kernels.Kernel`.

  Returns:
    `(alpha, norm)`: `(n + m, k)`, training points first, and sqrt(trace(alpha^T
    K alpha)).
  """
  both = np.concatenate([points, test_points])
  gram = kernels.matrix(kernel, both, both)
  alpha = linalg.solve(
      gram, np.concatenate([targets, test_targets]), assume_a="pos")
  return alpha, _norm(gram, alpha)


def _norm(gram, coefficients):
  return float(np.sqrt(max(0, np.sum(coefficients * (gram @ coefficients)))))

"""Solves (K + l2) A = Y to a residual measured in float64.

`cholesky` factors K in float32, half of it in memory, and `cg` approximates it
by some of its columns; both then precondition conjugate gradients, whose every
product computes K anew in float64.
"""

import dataclasses

import numpy as np

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.linear import cholesky
from rethink_tf.linear import conjugate_gradients
from rethink_tf.linear import nystrom

# Of the mean of the diagonal: what is added to it when float32 finds a pivot
# that is not positive, times ten each time until it is too much to help. Less
# than the first is lost in the rounding of a factor of 60,000 rows.
_FIRST_SHIFT, _LAST_SHIFT = 1e-5, 1e-2
_MAX_ITERATIONS = 2000
# So many iterations without a tenth less residual: there will not be less.
_PATIENCE = 60
# Nor where it has grown so much: the matrix has no inverse.
_GROWN = 1e3
_LANDMARKS = 2000


@dataclasses.dataclass(frozen=True)
class Solution:
  """What solving gave.

  Attributes:
    coefficients: A, float64 `(n, k)`.
    fitted: K A, float64 `(n, k)`, computed from K and A anew.
    relative_residual: ||Y - (K + l2) A|| / ||Y||, Frobenius norms.
    condition_estimate: of K + l2, from below.
    rows: a dict each iteration: "iteration", "relative_residual".
  """

  coefficients: np.ndarray
  fitted: np.ndarray
  relative_residual: float
  condition_estimate: float
  rows: list

  @property
  def norm(self):
    """||w|| = sqrt(trace(A^T K A)), of all classes' weights together."""
    return float(np.sqrt(max(0, np.sum(self.coefficients * self.fitted))))


def solve(gram, targets, l2, method, tolerance, seed, store, progress):
  """Solves (K + l2) A = Y.

  Args:
    gram: `gram.Gram`, K.
    targets: float64 `(n, k)`, Y.
    l2: >= 0, added to K's diagonal.
    method: "cholesky" or "cg".
    tolerance: the relative residual wanted.
    seed: of the landmarks of "cg".
    store: where to keep what is done, a `store.Store` or `store.Nowhere`.
    progress: `status.Progress`.

  Returns:
    A `Solution`.

  Raises:
    DivergedError: the tolerance was not reached.
    StorageError: a checkpoint cannot be written.
  """
  _refuse_empty(gram, l2)
  if method == "cholesky":
    factor, shift = _factorize(gram, l2, store, progress)
    precondition = factor.solve
  else:
    progress.begin("columns of the preconditioner")
    columns = gram.column_sample(_draw_landmarks(gram.size, seed))
    approximation = nystrom.Preconditioner(
        columns, _draw_landmarks(gram.size, seed), l2)
    progress.end()
    del columns
    precondition = approximation.solve
  state, fitted, rows, smallest = _iterate(
      gram, targets, l2, method, tolerance, precondition, store, progress)
  relative = rows[-1]["relative_residual"]
  if method == "cholesky":
    progress.begin("condition estimate")
    trace = float(gram.diagonal().sum()) + l2 * gram.size
    condition = cholesky.condition_estimate(
        factor, _keep_above_rounding(smallest, trace) if shift else None)
  else:
    largest = approximation.largest
    condition = max(1.0, largest / _keep_above_rounding(smallest, largest))
  progress.end()
  return Solution(state.solution, fitted, relative, condition, rows)


def _refuse_empty(gram, l2):
  """Raises DivergedError of a matrix that is zero, or has what is no number."""
  diagonal = gram.diagonal() + l2
  if not np.isfinite(diagonal).all() or diagonal.max() <= 0:
    raise errors.DivergedError(
        "the Gram matrix is zero, or has numbers that are not finite: other "
        "--bandwidth, --threshold or --l2 may help")


def count_landmarks(size):
  """Returns how many columns `cg` takes of a matrix of a size."""
  return min(_LANDMARKS, max(1, size // 4))


def _draw_landmarks(size, seed):
  drawn = streams.permutation(size, seed, "landmarks")[:count_landmarks(size)]
  return np.sort(drawn)


def _factorize(gram, l2, store, progress):
  """Returns the `Factor` of K + l2 and a little more, and how much more.

  The latter as a ratio to the mean of the diagonal, mostly 0.
  """
  typical = float(gram.diagonal().mean())
  shift = store.load_shift()
  while True:
    try:
      return _factor(gram, l2, shift * typical, shift, store, progress), shift
    except cholesky.NotPositiveDefiniteError as error:
      row = error.row
    store.clear()
    shift = shift * 10 or _FIRST_SHIFT
    if shift > 1.5 * _LAST_SHIFT:
      raise errors.DivergedError(
          f"the Gram matrix cannot be factored: pivot {row} is not positive, "
          f"even with {_LAST_SHIFT:g} of its diagonal added. A larger --l2 or "
          "another kernel makes it less singular")
    progress.say(
        f"the matrix is singular to float32 at row {row:,}: factoring it anew "
        f"with {shift:g} of the diagonal added; conjugate gradients solve for "
        "the matrix as it is")


def _factor(gram, l2, added, shift, store, progress):
  factor = cholesky.Factor(gram.size, gram.width, store.load_panels(shift))
  work = np.cumsum(cholesky.work(gram.size, gram.width))
  if len(factor.panels) == len(work):
    return factor
  done = len(factor.panels)
  progress.begin("factorization", work[done - 1] / work[-1] if done else 0)
  for index in range(done, len(work)):
    panel = gram.panel(index)
    diagonal = np.arange(panel.shape[1])
    panel[diagonal, diagonal] += np.float32(l2 + added)
    factor.append(panel)
    store.save_panel(index, panel, shift)
    progress.update(work[index] / work[-1])
  return factor


def _iterate(
    gram, targets, l2, method, tolerance, precondition, store, progress):
  """Iterates until the residual, computed from the solution, is small.

  Returns:
    `(state, K A, rows, quotient)`. The last is the smallest Rayleigh quotient
    of the directions: the smallest eigenvalue of K + l2 is no larger.
  """
  state, rows, smallest = store.load_state()
  quotients = [smallest]

  def product(vectors):
    progress.begin("product with the Gram matrix")
    image = gram.times(vectors, progress.update) + l2 * vectors
    squares = np.sum(vectors**2, axis=0)
    used = squares > 0
    quotients.extend(np.sum(vectors * image, axis=0)[used] / squares[used])
    return image

  def note(state, relative):
    rows.append({"iteration": state.iteration, "relative_residual": relative})
    store.save_state(state, rows, float(min(quotients)))
    progress.say(
        f"iteration {state.iteration}: relative residual {relative:.1e}"
        + _describe_iterations_left(rows, tolerance))

  if state is None:
    first = precondition(targets)
    state = conjugate_gradients.start(
        precondition, targets - product(first), first)
    note(state, _relative_residual(state.residual, targets))
  while True:
    while rows[-1]["relative_residual"] > tolerance:
      if _has_stalled(rows):
        raise _explain_stall(rows[-1], tolerance, method)
      state = conjugate_gradients.step(state, product, precondition)
      note(state, _relative_residual(state.residual, targets))
    # What the iteration carries along drifts from the truth by rounding; where
    # it drifted too far, the iteration starts again from where it is.
    fitted, residual = _measure_fit(gram, targets, l2, state, progress)
    rows[-1]["relative_residual"] = _relative_residual(residual, targets)
    if rows[-1]["relative_residual"] <= tolerance:
      return state, fitted, rows, min(quotients)
    state = dataclasses.replace(
        conjugate_gradients.start(precondition, residual, state.solution),
        iteration=state.iteration)


def _measure_fit(gram, targets, l2, state, progress):
  """Returns K A and Y - (K + l2) A, from K and A alone."""
  solution = state.solution
  if state.iteration == 0:  # It was computed so.
    return targets - state.residual - l2 * solution, state.residual
  progress.begin("residual")
  fitted = gram.times(solution, progress.update)
  progress.end()
  return fitted, targets - fitted - l2 * solution


def _keep_above_rounding(quotient, largest):
  """Returns a quotient, or what rounding may leave of zero where that is more.

  Args:
    quotient: a Rayleigh quotient of a matrix.
    largest: the matrix's largest eigenvalue, or a bound on it.
  """
  return max(quotient, np.finfo(np.float64).eps * largest)


def _relative_residual(residual, targets):
  return float(np.linalg.norm(residual) / np.linalg.norm(targets))


def _describe_iterations_left(rows, tolerance):
  """Returns how many iterations are left, in words; "" where that is unknown.

  As the residual fell over the last third, it is to fall further.
  """
  residuals = np.array([row["relative_residual"] for row in rows])
  third = len(rows) // 3
  if third == 0 or not 0 < tolerance < residuals[-1] < residuals[-1 - third]:
    return ""
  rate = np.log(residuals[-1 - third] / residuals[-1]) / third
  count = int(np.ceil(np.log(residuals[-1] / tolerance) / rate))
  return f", about {count:,} more iteration{'s' * (count > 1)}"


def _has_stalled(rows):
  residuals = [row["relative_residual"] for row in rows]
  if not np.isfinite(residuals[-1]) or len(rows) > _MAX_ITERATIONS:
    return True
  if residuals[-1] > _GROWN * max(1, residuals[0]):
    return True
  before = residuals[:-_PATIENCE]
  return bool(before) and min(residuals[-_PATIENCE:]) > 0.9 * min(before)


def _explain_stall(row, tolerance, method):
  other = ", or --solver=cholesky," if method == "cg" else ""
  return errors.DivergedError(
      f"the relative residual is {row['relative_residual']:.1e} after "
      f"{row['iteration']} iterations and does not fall to "
      f"--tolerance={tolerance:g}: the Gram matrix is too nearly singular. A "
      f"larger --l2 or --tolerance or a smaller --bandwidth{other} may help")

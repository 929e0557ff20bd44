"""A preconditioner that holds nothing n x n, for `--solver=cg`.

Nystrom's approximation K ~ C A^-1 C^T from columns C of K at landmarks drawn at
random and their rows A; what it leaves out is taken to be `floor` times the
identity (Frangella, Tropp and Udell, 2023). With U S U^T = C A^-1 C^T,

    M^-1 = U (S + floor)^-1 U^T + (1 - U U^T) / floor.
"""

import numpy as np
from scipy import linalg

from rethink_tf import errors

# Of the mean of the core's diagonal: what is added to it.
_SHIFTS = (1e-6, 1e-5, 1e-4, 1e-3)


class Preconditioner:
  """An approximate inverse of K + ridge.

  Args:
    columns: `(n, m)` of K at the landmarks, float32.
    landmarks: `(m,)` of int.
    ridge: what K has on its diagonal besides itself, >= 0.
  """

  def __init__(self, columns, landmarks, ridge):
    lower = _factor(columns[landmarks].astype(np.float64))
    # root root^T = C A^-1 C^T. In float64: where U is not quite orthogonal,
    # 1 - U U^T, divided by the floor, would outweigh the rest.
    root = linalg.solve_triangular(
        lower, columns.T.astype(np.float64), lower=True, overwrite_b=True,
        check_finite=False).T
    values, vectors = linalg.eigh(root.T @ root)
    kept = values > 1e-9 * values[-1]
    self._values = values[kept]
    self._basis = root @ (vectors[:, kept] / np.sqrt(self._values))
    self._floor = self._values[0] + ridge
    self._ridge = ridge

  @property
  def largest(self):
    """The largest eigenvalue of K + ridge, approximately."""
    return float(self._values[-1] + self._ridge)

  @property
  def smallest(self):
    """The smallest eigenvalue of M."""
    return float(self._floor)

  def solve(self, right):
    """Returns M^-1 `right` for float64 `(n, k)`."""
    weights = 1 / (self._values + self._ridge) - 1 / self._floor
    inside = weights[:, np.newaxis] * (self._basis.T @ right)
    return right / self._floor + self._basis @ inside


def _factor(core):
  """Returns the Cholesky factor of the core, or of that and a little more.

  The columns are float32, and their rounding may leave a nearly singular core
  without one.

  Raises:
    DivergedError: nor has it one with much more.
  """
  typical = np.trace(core) / len(core)
  for shift in _SHIFTS:
    shifted = core.copy()
    shifted[np.diag_indices_from(core)] += shift * typical
    try:
      return linalg.cholesky(shifted, lower=True, overwrite_a=True)
    except linalg.LinAlgError:
      continue
  raise errors.DivergedError(
      "the Gram matrix is singular to float32: a smaller --bandwidth or a "
      "larger --l2 makes it less so")


def memory_bytes(size, landmarks):
  """Returns the bytes that making a `Preconditioner` takes at its peak."""
  # The columns in float32, the root, and the basis.
  return (4 + 8 + 8) * size * landmarks

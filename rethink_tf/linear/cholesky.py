"""A Cholesky factor of a Gram matrix in half the memory of the matrix.

One call of LAPACK's `spotrf` cannot do it: SciPy's indexes with 32 bits, and
60,000 squared is more than 2^31; and it would hold all n^2 numbers. Here the
lower triangle is kept as panels of columns. Each panel is computed when its
turn comes, less the product of the panels before it (`sgemm`), its diagonal
tile factored (`spotrf`), the rest solved against that (`strsm`). A finished
panel does not change any more, so that a checkpoint writes each once.

All of it in float32. The factor is a preconditioner; what float32 lost, and
what was added to the diagonal to keep it positive, conjugate gradients in
float64 mend.

NumPy's rows are Fortran's columns: a C-ordered array is passed as its
transpose, which BLAS takes without a copy.
"""

import numpy as np
from scipy.linalg import blas
from scipy.linalg import lapack
from scipy.sparse import linalg as sparse_linalg


class NotPositiveDefiniteError(Exception):
  """A pivot in float32 was not positive.

  Attributes:
    row: of the pivot.
  """

  def __init__(self, row):
    super().__init__(f"pivot {row} is not positive")
    self.row = row


class Factor:
  """A lower triangular L, maybe unfinished, as panels.

  Attributes:
    panels: list of float32 C-ordered `(size - start, width)`; each begins with
      its tile on the diagonal.
    width: columns of a panel; the last may have fewer.
    size: rows of the whole.
  """

  def __init__(self, size, width, panels=()):
    self.size, self.width, self.panels = size, width, list(panels)

  def solve(self, right):
    """Returns (L L^T)^-1 `right`, computed in float32.

    Args:
      right: float64 `(size, k)`.

    Returns:
      float64 `(size, k)`.
    """
    scale = np.abs(right).max() or 1.0
    x = (right / scale).astype(np.float32)
    for start, panel in self._from_left():
      tile, below = _split(panel)
      stop = start + len(tile)
      x[start:stop] = _solve_tile(tile, x[start:stop], transposed=False)
      x[stop:] -= below @ x[start:stop]
    for start, panel in reversed(self._from_left()):
      tile, below = _split(panel)
      stop = start + len(tile)
      x[start:stop] -= below.T @ x[stop:]
      x[start:stop] = _solve_tile(tile, x[start:stop], transposed=True)
    return x * np.float64(scale)

  def times(self, right):
    """Returns L L^T `right`, computed in float32; shapes as in `solve`."""
    x = right.astype(np.float32)
    product = np.zeros_like(x)
    for start, panel in self._from_left():
      product[start:] += panel @ (panel.T @ x[start:])
    return product.astype(np.float64)

  def append(self, panel):
    """Factors the next panel in place and takes it.

    Args:
      panel: the matrix's next panel from its diagonal down, float32, C order;
        overwritten.

    Raises:
      NotPositiveDefiniteError: the matrix is not positive definite, or too
        nearly singular for float32.
    """
    start = len(self.panels) * self.width
    stop = start + panel.shape[1]
    for left, earlier in self._from_left():
      # panel -= earlier[start:] earlier[start:stop]^T
      rows = earlier[start - left:]
      blas.sgemm(-1, rows[:stop - start].T, rows.T, 1, panel.T,
                 trans_a=True, overwrite_c=True)
    tile, below = _split(panel)
    factor, info = lapack.spotrf(
        tile.T, lower=False, clean=True, overwrite_a=True)
    if info:
      raise NotPositiveDefiniteError(start + info - 1)
    tile[:] = factor.T
    if len(below):
      blas.strsm(1, tile.T, below.T, lower=False, trans_a=True,
                 overwrite_b=True)
    self.panels.append(panel)

  def _from_left(self):
    return [(i * self.width, panel) for i, panel in enumerate(self.panels)]


def work(size, width):
  """Returns the floating-point operations of each panel, as a list."""
  starts = np.arange(0, size, width)
  widths = np.minimum(width, size - starts)
  below = size - starts
  return list(map(float, 2 * below * widths * starts + below * widths**2))


def memory_bytes(size, width):
  """Returns the bytes of the panels of a matrix of `size` rows."""
  starts = np.arange(0, size, width, dtype=np.int64)
  return int(4 * ((size - starts) * np.minimum(width, size - starts)).sum())


def condition_estimate(factor, quotient=None):
  """Returns an estimate of the 1-norm condition number of L L^T, from below.

  Of each norm as LAPACK's condition numbers have it (Hager, 1984; Higham and
  Tisseur, 2000, with one column, which draws nothing at random).

  Args:
    factor: `Factor`.
    quotient: where L L^T is too far from the matrix meant to tell its inverse's
      norm: a Rayleigh quotient of that matrix. The norm is one over it or more.
  """
  inverse = (_one_norm(factor.solve, factor.size) if quotient is None
             else 1 / quotient)
  return _one_norm(factor.times, factor.size) * inverse


def _one_norm(function, size):
  def apply(vectors):
    return function(vectors.reshape(size, -1)).reshape(vectors.shape)

  operator = sparse_linalg.LinearOperator(
      (size, size), matvec=apply, rmatvec=apply, matmat=apply, rmatmat=apply,
      dtype=np.float64)
  return float(sparse_linalg.onenormest(operator, t=1))


def _split(panel):
  width = panel.shape[1]
  return panel[:width], panel[width:]


def _solve_tile(tile, right, transposed):
  """Returns tile^-1 right, or tile^-T right, for a lower triangular tile."""
  # In Fortran's eyes the tile is upper triangular: its own transpose.
  return blas.strsm(
      1, tile.T, right, lower=False, trans_a=not transposed)

"""Kernels, as functions of dot products and squared norms.

    gaussian:  k(x, y) = exp(-||x - y||^2 / (2 bandwidth^2))
    linear:    k(x, y) = x . y

Every entry of a Gram matrix is computed by `of_dots`, from whatever computed
the dot products.
"""

import dataclasses

import numpy as np

GAUSSIAN = "gaussian"
LINEAR = "linear"


@dataclasses.dataclass(frozen=True)
class Kernel:
  """A kernel by name.

  Attributes:
    name: "gaussian" or "linear".
    bandwidth: the standard deviation of "gaussian", in the points' unit; None
      for "linear".
  """

  name: str
  bandwidth: float | None = None

  def of_dots(self, dots, row_norms, column_norms):
    """Turns dot products into values of the kernel, in place.

    Args:
      dots: float32 or float64 `(m, n)`, x_i . z_j; overwritten.
      row_norms: `(m,)`, ||x_i||^2.
      column_norms: `(n,)`, ||z_j||^2.

    Returns:
      `dots`, which now holds k(x_i, z_j).
    """
    if self.name == LINEAR:
      return dots
    dots *= -2
    dots += row_norms.astype(dots.dtype)[:, np.newaxis]
    dots += column_norms.astype(dots.dtype)
    # Of close points, rounding makes a distance negative.
    np.maximum(dots, 0, out=dots)
    dots *= -0.5 / self.bandwidth**2
    return np.exp(dots, out=dots)

  def diagonal(self, norms):
    """Returns k(x_i, x_i), `(n,)`, from ||x_i||^2."""
    return norms if self.name == LINEAR else np.ones_like(norms)


def matrix(kernel, rows, columns):
  """Returns k(x_i, z_j) in float64: for small problems, and for reference.

  Args:
    kernel: `Kernel`.
    rows: `(m, d)`, the x_i.
    columns: `(n, d)`, the z_j.
  """
  rows, columns = (np.asarray(p, np.float64) for p in (rows, columns))
  return kernel.of_dots(
      rows @ columns.T, (rows**2).sum(axis=1), (columns**2).sum(axis=1))

"""The Gram matrix of features that are never all in memory.

Features come a block at a time, and each block adds its dot products to the
panels of the matrix. A panel holds training points from its diagonal down, and
below them the test points.
"""

import numpy as np
from scipy.linalg import blas

from rethink_tf.linear import gram


class Accumulator:
  """Sums of dot products over blocks of features, in float32.

  Attributes:
    panels: list of float32 C-ordered `(size - start + test_size, width)`.
    block: how many blocks are added whole.
    panel: how many panels have the next block too.

  Args:
    size: number of training points.
    test_size: number of test points.
    width: columns of a panel.
  """

  def __init__(self, size, test_size, width=gram.WIDTH):
    self._columns = gram.cut(size, width)
    self.panels = [
        np.zeros((size + test_size - c.start, c.stop - c.start), np.float32)
        for c in self._columns]
    self.block = self.panel = 0

  def add(self, features, tick=lambda done: None):
    """Adds a block of features, to the panels that do not have it yet.

    Whatever leaves `add` early, `block` and `panel` say how far it came.

    Args:
      features: float32 `(size + test_size, k)`, training points first.
      tick: called with the fraction of the block done after each panel.
    """
    total = sum(panel.size for panel in self.panels)
    while self.panel < len(self.panels):
      columns = self._columns[self.panel]
      rows = features[columns.start:]
      # panel += rows columns^T; Fortran sees the transpose of each.
      blas.sgemm(
          1, rows[:columns.stop - columns.start].T, rows.T, 1,
          self.panels[self.panel].T, trans_a=True, overwrite_c=True)
      self.panel += 1
      tick(sum(p.size for p in self.panels[:self.panel]) / total)
    self.block, self.panel = self.block + 1, 0


def memory_bytes(size, test_size, width=gram.WIDTH):
  """Returns the bytes of an accumulator's panels."""
  return sum(4 * (size + test_size - c.start) * (c.stop - c.start)
             for c in gram.cut(size, width))


class GramOfDots(gram.Gram):
  """The Gram matrix of a kernel of accumulated dot products.

  Args:
    kernel: `kernels.Kernel`.
    panels: an `Accumulator`'s panels, or the same as `blockfile.OnDisk`.
    test_norms: float64 `(test_size,)`, squared norms of the test points.
    scale: what every dot product and norm is multiplied by.
    width: columns of a panel.
  """

  def __init__(self, kernel, panels, test_norms, scale, width=gram.WIDTH):
    size = sum(panel.shape[1] for panel in panels)
    super().__init__(kernel, size, len(test_norms), width)
    self._panels, self._scale = panels, scale
    self._norms = scale * np.concatenate(
        [_diagonal(panel).astype(np.float64) for panel in panels])
    self._test_norms = scale * test_norms

  def tile(self, rows, columns):
    dots = self._dots(rows, columns)
    return self.kernel.of_dots(dots, self._norms[rows], self._norms[columns])

  def cross(self, rows, columns):
    below = slice(self.size + rows.start, self.size + rows.stop)
    dots = self._dots(below, columns)
    return self.kernel.of_dots(
        dots, self._test_norms[rows], self._norms[columns])

  def diagonal(self):
    return self.kernel.diagonal(self._norms)

  def column_sample(self, indices):
    dots = np.empty((self.size, len(indices)), np.float32)
    for columns, panel in zip(self.panels(), self._panels):
      first, last = np.searchsorted(indices, [columns.start, columns.stop])
      own = indices[first:last] - columns.start
      dots[columns.start:, first:last] = panel[:self.size - columns.start, own]
      # Above the diagonal: the rows that later landmarks have in this panel.
      dots[columns, last:] = panel[indices[last:] - columns.start].T
    dots *= np.float32(self._scale)
    return self.kernel.of_dots(dots, self._norms, self._norms[indices])

  def _dots(self, rows, columns):
    panel = self._panels[columns.start // self.width]
    dots = panel[rows.start - columns.start:rows.stop - columns.start]
    return dots.astype(np.float64) * self._scale


def _diagonal(panel):
  places = np.arange(panel.shape[1])
  return panel[places, places]

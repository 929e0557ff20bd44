"""Gram matrices by tiles: n x n numbers that are never all there at once.

A matrix has `size` rows and is cut into panels of `width` columns; the last may
be narrower. It is symmetric, so that only tiles on and below the diagonal are
computed. Every sum over tiles is in float64.
"""

import copy
import itertools

import numpy as np

from rethink_tf.linear import threads

WIDTH = 2000


class Gram:
  """What every Gram matrix offers; subclasses compute `tile` and `cross`.

  Attributes:
    kernel: the `kernels.Kernel` whose values it holds.
    size: number of training points.
    test_size: number of test points.
    width: columns of a panel.
  """

  def __init__(self, kernel, size, test_size, width):
    self.kernel = kernel
    self.size, self.test_size, self.width = size, test_size, width

  def with_kernel(self, kernel):
    """Returns the matrix of another `kernels.Kernel` of the same points."""
    other = copy.copy(self)
    other.kernel = kernel
    return other

  def tile(self, rows, columns):
    """Returns the kernel of training points, a new float64 array.

    Args:
      rows, columns: slices that no panel's border cuts; rows not above columns.

    Returns:
      float64 `(rows, columns)`.
    """
    raise NotImplementedError

  def cross(self, rows, columns):
    """Returns the kernel of test points `rows` and training points `columns`.

    Args:
      rows, columns: slices that no multiple of the width cuts.
    """
    raise NotImplementedError

  def diagonal(self):
    """Returns the kernel of each training point with itself, `(size,)`."""
    raise NotImplementedError

  def column_sample(self, indices):
    """Returns the columns at sorted `indices`, float32 `(size, indices)`."""
    raise NotImplementedError

  def panels(self):
    """Returns the panels' columns as slices."""
    return cut(self.size, self.width)

  def panel(self, index):
    """Returns panel `index` from its diagonal down, float32, C order.

    Each number is that of `tile`, rounded once: computed in float32, distances
    lose digits that the factor of a nearly singular matrix needs.
    """
    columns = self.panels()[index]
    below = self.panels()[index:]
    panel = np.empty(
        (self.size - columns.start, columns.stop - columns.start), np.float32)

    def fill(rows):
      start, stop = rows.start - columns.start, rows.stop - columns.start
      panel[start:stop] = self.tile(rows, columns)

    with threads.pool() as executor:
      for _ in executor.map(fill, below):
        pass
    return panel

  def times(self, vectors, tick=lambda done: None):
    """Returns the matrix times vectors, with all arithmetic in float64.

    Args:
      vectors: float64 `(size, k)`.
      tick: called with the fraction done after each tile.

    Returns:
      float64 `(size, k)`.
    """
    panels = self.panels()
    tiles = [(r, c) for i, c in enumerate(panels) for r in panels[i:]]

    def part(tile):
      rows, columns = tile
      values = self.tile(rows, columns)
      below = values @ vectors[columns]
      above = None if rows == columns else values.T @ vectors[rows]
      return below, above

    product = np.zeros_like(vectors)
    with threads.pool() as executor:
      parts = _in_order(executor, part, tiles)
      for done, ((rows, columns), (below, above)) in enumerate(parts, start=1):
        product[rows] += below
        if above is not None:
          product[columns] += above
        tick(done / len(tiles))
    return product

  def test_times(self, vectors, tick=lambda done: None):
    """Returns the kernel of test and training points, times vectors.

    Args:
      vectors: float64 `(size, k)`.
      tick: called with the fraction done after each tile.

    Returns:
      float64 `(test_size, k)`.
    """
    tiles = list(itertools.product(
        cut(self.test_size, self.width), self.panels()))

    def part(tile):
      return self.cross(*tile) @ vectors[tile[1]]

    product = np.zeros((self.test_size, vectors.shape[1]))
    with threads.pool() as executor:
      parts = _in_order(executor, part, tiles)
      for done, ((rows, _), values) in enumerate(parts, start=1):
        product[rows] += values
        tick(done / len(tiles))
    return product


class GramOfPoints(Gram):
  """The Gram matrix of points that are all in memory.

  Args:
    kernel: `kernels.Kernel`.
    points: float32 `(n, d)`, training points.
    test_points: float32 `(m, d)`.
    width: columns of a panel.
  """

  def __init__(self, kernel, points, test_points, width=WIDTH):
    super().__init__(kernel, len(points), len(test_points), width)
    self._points, self._test_points = points, test_points
    self._norms = squared_norms(points)
    self._test_norms = squared_norms(test_points)

  def tile(self, rows, columns):
    return self._values(
        self._points[rows], self._norms[rows],
        self._points[columns], self._norms[columns])

  def cross(self, rows, columns):
    return self._values(
        self._test_points[rows], self._test_norms[rows],
        self._points[columns], self._norms[columns])

  def diagonal(self):
    return self.kernel.diagonal(self._norms)

  def column_sample(self, indices):
    sample, norms = self._points[indices], self._norms[indices]
    result = np.empty((self.size, len(indices)), np.float32)

    def fill(rows):
      result[rows] = self._values(
          self._points[rows], self._norms[rows], sample, norms)

    with threads.pool() as executor:
      for _ in executor.map(fill, self.panels()):
        pass
    return result

  def _values(self, rows, row_norms, columns, column_norms):
    dots = rows.astype(np.float64) @ columns.astype(np.float64).T
    return self.kernel.of_dots(dots, row_norms, column_norms)


def cut(size, width):
  """Returns range(size) as slices of `width`, the last maybe shorter."""
  return [slice(s, min(s + width, size)) for s in range(0, size, width)]


def squared_norms(points):
  """Returns the squared norms of `(n, d)` points, summed in float64."""
  return np.einsum("ij,ij->i", points, points, dtype=np.float64)


def _in_order(executor, function, items):
  """Yields `(item, function(item))` in order, few of them ahead of the reader.

  The order makes a sum of them the same whatever thread was first.
  """
  ahead = 2 * threads.cores()
  remaining = iter(items)
  waiting = [(i, executor.submit(function, i))
             for i in itertools.islice(remaining, ahead)]
  while waiting:
    item, future = waiting.pop(0)
    yield item, future.result()
    waiting += [(i, executor.submit(function, i))
                for i in itertools.islice(remaining, 1)]

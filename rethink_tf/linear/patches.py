"""Square patches of images, and sums of what is computed at each of them."""

import numpy as np


def extract(images, side):
  """Returns every patch of each image.

  Args:
    images: `(n, height, width, channels)`.
    side: side of a patch, in pixels.

  Returns:
    `(n, positions, side * side * channels)`, a copy; positions run along rows,
    (height - side + 1) * (width - side + 1) of them.
  """
  views = np.lib.stride_tricks.sliding_window_view(
      images, (side, side), axis=(1, 2))
  count, rows, columns = views.shape[:3]
  # The window's axes come last: channels go behind them, as in a filter.
  ordered = np.moveaxis(views, 3, -1)
  return ordered.copy(order="C").reshape(count, rows * columns, -1)


def quadrants(height, width):
  """Returns weights that average a map over its four quadrants.

  An odd side's middle row or column belongs to the first half.

  Returns:
    float32 `(4, height * width)`; each row sums to 1.
  """
  halves = [
      [(np.arange(side) < (side + 1) // 2) == first for first in (True, False)]
      for side in (height, width)]
  masks = [
      np.outer(rows, columns) for rows in halves[0] for columns in halves[1]]
  return _averages(masks)


def windows(height, width, spacing, spread):
  """Returns weights that average a map around the points of a grid.

  Args:
    height, width: of the map.
    spacing: pixels from one grid point to the next.
    spread: standard deviation of the Gaussian weights, in pixels.

  Returns:
    float32 `(points, height * width)`; each row sums to 1.
  """
  along = []
  for side in (height, width):
    count = max(1, round(side / spacing))
    centers = (np.arange(count) + 0.5) * side / count - 0.5
    offsets = np.arange(side) - centers[:, np.newaxis]
    along.append(np.exp(-offsets**2 / (2 * spread**2)))
  return _averages([np.outer(r, c) for r in along[0] for c in along[1]])


def _averages(weights):
  flat = np.array([w.ravel() for w in weights], np.float64)
  return (flat / flat.sum(axis=1, keepdims=True)).astype(np.float32)

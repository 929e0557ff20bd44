"""Figures of single examples: memorized, influential, learned first or last."""

import dataclasses

import matplotlib.figure
import numpy as np

from rethink_tf.reporting import appearance

_MOST_ROWS = 10  # Of pairs, in one column.
BINS = 40


@dataclasses.dataclass(frozen=True)
class Shown:
  """An image and what stands above it.

  Attributes:
    image: `(h, w, 3)`, from 0 to 255.
    caption: text.
    is_changed: whether its label is not the true one, and so in red.
  """

  image: np.ndarray
  caption: str
  is_changed: bool = False


def count_bins(values, least, most):
  """Returns `(left, share)` of each of `BINS` bins of values, NaN left out."""
  values = values[~np.isnan(values)]
  counts, edges = np.histogram(values, BINS, (least, most))
  return list(zip(edges[:-1], counts / max(len(values), 1)))


def histogram(curves):
  """Draws how many examples are memorized how far.

  Args:
    curves: dict from a name to float `(n,)`, the memorization of examples.
  """
  figure, axis = appearance.make_axes(
      "How far examples are memorized",
      "memorization of an example (dotted: mean)", "share of examples")
  for number, (name, values) in enumerate(curves.items()):
    left, shares = zip(*count_bins(values, -1, 1))
    edges = [*left, 1.0]
    color = appearance.COLORS[number % len(appearance.COLORS)]
    axis.stairs(shares, edges, label=name, color=color, linewidth=2)
    axis.axvline(np.nanmean(values), color=color, linestyle=":", linewidth=1.5)
  axis.set(xlim=(-0.5, 1), yscale="log")
  axis.legend(loc="upper left")
  return figure


def rows_of_images(rows):
  """Draws images in rows.

  Args:
    rows: dict from a row's name to a list of `Shown`, equally many a row.
  """
  columns = max(map(len, rows.values()))
  figure = matplotlib.figure.Figure(
      figsize=(1.25 * columns + 1.6, 1.75 * len(rows)), dpi=110,
      layout="constrained")
  grid = figure.subplots(len(rows), columns, squeeze=False)
  for axis in grid.ravel():
    axis.set_axis_off()
  for axes, (name, row) in zip(grid, rows.items()):
    # No label of an axis that is off is drawn.
    axes[0].annotate(
        name, (-0.15, 0.5), xycoords="axes fraction", ha="right", va="center",
        fontsize=11)
    for axis, shown in zip(axes, row):
      _show(axis, shown)
  return figure


def pairs_of_images(pairs):
  """Draws pairs, a training image and a test image that it has influence on.

  Args:
    pairs: a list of two `Shown` each.
  """
  columns = -(-len(pairs) // _MOST_ROWS)
  rows = -(-len(pairs) // columns)
  figure = matplotlib.figure.Figure(
      figsize=(3.6 * columns, 1.75 * rows), dpi=110, layout="constrained")
  grid = figure.subplots(rows, 2 * columns, squeeze=False)
  for axis in grid.ravel():
    axis.set_axis_off()
  for number, pair in enumerate(pairs):
    column, row = divmod(number, rows)
    for axis, shown in zip(grid[row, 2 * column:], pair):
      _show(axis, shown)
  return figure


def learned(table):
  """Draws the share of examples that are fitted for good, over the epochs.

  Args:
    table: a `pandas.DataFrame` with "kind", "epoch" and "fitted_for_good".
  """
  figure, axis = appearance.make_axes(
      "When examples are learned", "epoch",
      "share of examples fitted for good")
  for color, (kind, part) in zip(
      appearance.COLORS, table.groupby("kind", sort=False)):
    axis.plot(part.epoch, part.fitted_for_good, color=color, linewidth=2,
              label=kind)
  axis.set_ylim(0, 1.02)
  axis.legend()
  return figure


def _show(axis, shown):
  # Gaussian noise is neither rounded nor clipped, except to be shown.
  axis.imshow(np.clip(np.rint(shown.image), 0, 255).astype(np.uint8))
  axis.set_title(shown.caption, fontsize=8, pad=3,
                 color="tab:red" if shown.is_changed else "black")

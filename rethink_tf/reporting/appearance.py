"""How all figures look: colours, markers, sizes, axes.

At the width of a README, some 830 pixels, the smallest text has to be legible,
so that figures are 7 to 9 inches wide.
"""

import matplotlib
import matplotlib.figure
import matplotlib.style
import matplotlib.ticker

# Okabe and Ito's colours, told apart by colour-blind readers too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
          "#000000")
MARKERS = "osD^vPX"
DPI = 200
# Inches.
SIZE = (7.0, 4.4)
WIDE = (9.0, 4.2)
SMALL = 10  # Points, of text that is not an axis's or a title.
_STYLE = {
    "font.size": 12, "axes.titlesize": 12, "legend.fontsize": SMALL,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.alpha": 0.3, "axes.axisbelow": True,
    "legend.frameon": False, "axes.prop_cycle": matplotlib.cycler(color=COLORS),
    "svg.hashsalt": "rethink_tf", "svg.fonttype": "path"}


def style():
  """Returns a context in which figures look as they should, whoever draws.

  Matplotlib's own defaults are below it, not what a matplotlibrc says.
  """
  return matplotlib.style.context(["default", _STYLE])


def make_axes(title, horizontal="", vertical="", size=SIZE):
  """Returns `(figure, axes)` of one panel, with its title and names."""
  figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
  axes = figure.subplots()
  axes.set(title=title, xlabel=horizontal, ylabel=vertical)
  return figure, axes


def make_panels(rows, columns, title="", size=WIDE, **more):
  """Returns `(figure, panels)`: an array of axes, and a title above all."""
  figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
  if title:
    figure.suptitle(title, fontsize=12)
  return figure, figure.subplots(rows, columns, squeeze=False, **more)


def number_ticks(axis, ticks):
  """Puts ticks at numbers of a logarithmic axis, in figures, and no others."""
  axis.set_major_locator(matplotlib.ticker.FixedLocator(list(ticks)))
  axis.set_major_formatter(matplotlib.ticker.FuncFormatter(
      lambda value, _: f"{value:,.12g}"))
  axis.set_minor_locator(matplotlib.ticker.NullLocator())


def round_numbers(least, most):
  """Returns the numbers 1, 2 and 5 times a power of ten in a range."""
  numbers = [digit * 10.0 ** power for power in range(-12, 13)
             for digit in (1, 2, 5)]
  return [number for number in numbers if least <= number <= most]


def in_percent(axis):
  """Writes fractions along an axis as percent."""
  axis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))

"""The picture of measures against label corruption; see `measure_tables`."""

from rethink_tf.reporting import appearance
from rethink_tf.reporting import measure_tables

_COLUMNS = 4


def measures(table):
  """Draws each measure against p, a panel a measure, beside the test error.

  Args:
    table: of `measure_tables.measures`.
  """
  shown = [name for name in table.measure.unique()
           if name != measure_tables.TEST_ERROR]
  curves = list(table.curve.unique())
  rows = -(-len(shown) // _COLUMNS)
  figure, panels = appearance.make_panels(
      rows, _COLUMNS, "Measures of trained networks, each from its least to "
      "its largest value",
      size=(9.0, 1.6 + 1.9 * rows), sharex=True, sharey=True)
  for axis, name in zip(panels.flat, shown):
    _draw(axis, table, name, curves)
  for axis in panels.flat[len(shown):]:
    axis.set_visible(False)
  for axis in panels[:, 0]:
    axis.set_ylabel("normalized")
  # The last panel of a column, which another's absence may leave above the end.
  for axis in panels.flat[max(0, len(shown) - _COLUMNS):len(shown)]:
    axis.set_xlabel("label corruption p")
    axis.xaxis.set_tick_params(labelbottom=True)
  figure.legend(*panels[0, 0].get_legend_handles_labels(),
                loc="outside lower center", ncols=min(2, len(curves)))
  return figure


def _draw(axis, table, name, curves):
  """Draws a measure's panel: a solid and a dotted line a curve."""
  for number, curve in enumerate(curves):
    part = table[table.curve == curve]
    color = appearance.COLORS[number % len(appearance.COLORS)]
    for measure, style, marker, label in (
        (measure_tables.TEST_ERROR, ":", None,
         None if number else "test error"),
        (name, "-", appearance.MARKERS[number % len(appearance.MARKERS)],
         curve)):
      # Of several seeds their mean.
      points = part[part.measure == measure].groupby("p").normalized.mean()
      axis.plot(points.index, points, color=color, linestyle=style,
                marker=marker, markersize=4, linewidth=1.5, label=label)
  words = name.replace("_", " ")
  reverse = ",\nreversed" if name in measure_tables.REVERSED else ""
  axis.set_title(words + reverse, fontsize=appearance.SMALL)
  axis.set_ylim(-0.05, 1.05)

"""The panels of the report's page: Bokeh plots, which the page's script fills.

They come without data, so that the page holds each number once, and draws only
what is switched on.
"""

import bokeh.embed
import bokeh.models
import bokeh.palettes
import bokeh.plotting
import bokeh.resources

from rethink_tf.reporting import lines

QUANTITIES = ("accuracy", "loss")
_TITLES = {"true": "True labels", "random": "Random labels",
           "other": "Partially corrupted"}
_FORMATS = {"accuracy": "{0.00%}", "loss": "{0.0000}"}
# For more lines than that: neighbours are alike, and none is as pale as paper.
GRADIENT = bokeh.palettes.Viridis256[:225]
_GRAY, _INK = "#6b7280", "#374151"


def scripts():
  """Returns the library's JavaScript, str, which has no `</script` in it."""
  return "\n".join(bokeh.resources.Resources(
      mode="inline", components=["bokeh"], minified=True).js_raw)


def items():
  """Returns what `Bokeh.embed.embed_item` takes, a list of dicts for JSON.

  Each with its "target_id", "panel-<quantity>-<labels>", for each of
  `QUANTITIES` and of `lines.LABELS`.
  """
  return [
      bokeh.embed.json_item(
          _panel(quantity, labels), f"panel-{quantity}-{labels}")
      for quantity in QUANTITIES for labels in lines.LABELS]


def _panel(quantity, labels):
  """Returns a plot with sources for lines, bands and the level of a guess."""
  plot = bokeh.plotting.figure(
      title=f"{quantity.capitalize()}: {_TITLES[labels].lower()}",
      height=330, min_width=200, sizing_mode="stretch_width",
      x_range=bokeh.models.Range1d(0, 1), y_range=bokeh.models.Range1d(0, 1),
      tools="pan,box_zoom,reset,save", toolbar_location="above",
      x_axis_label="epoch")
  source = bokeh.models.ColumnDataSource(
      name="lines", data={name: [] for name in (
          "xs", "ys", "color", "dash", "width", "name", "which", "against",
          "line")})
  bands = bokeh.models.ColumnDataSource(
      name="bands", data={"xs": [], "ys": [], "color": []})
  chance = bokeh.models.ColumnDataSource(
      name="chance", data={"y": [], "x": [], "text": []})
  plot.patches("xs", "ys", source=bands, fill_color="color", fill_alpha=0.18,
               line_color=None)
  plot.hspan("y", source=chance, line_color=_GRAY, line_dash="dotted",
             line_width=1.5)
  plot.text("x", "y", text="text", source=chance, text_color=_GRAY,
            text_font_size="11px", x_offset=-4, y_offset=-3,
            text_align="right")
  plot.multi_line(
      "xs", "ys", source=source, line_color="color", line_dash="dash",
      line_width="width", line_join="round", nonselection_line_alpha=1.0)
  # A line is hit within half its width: this one is there to be pointed at.
  within_reach = plot.multi_line(
      "xs", "ys", source=source, line_width=14, line_alpha=0.0,
      nonselection_line_alpha=0.0, hover_line_color="color",
      hover_line_alpha=0.35, hover_line_width=8)
  plot.add_tools(
      bokeh.models.TapTool(renderers=[within_reach]),
      bokeh.models.HoverTool(
          renderers=[within_reach], line_policy="nearest", tooltips=[
              ("", "@name"), ("", f"@which $snap_y{_FORMATS[quantity]}"),
              ("", "@against $snap_x{0,0}")]))
  return _styled(plot, quantity)


def _styled(plot, quantity):
  plot.toolbar.autohide = True
  plot.toolbar.logo = None
  plot.outline_line_color = None
  plot.title.text_font_size = "14px"
  plot.title.text_color = _INK
  for axis in (plot.xaxis, plot.yaxis):
    axis.axis_label_text_font_style = "normal"
    axis.axis_label_text_font_size = "12px"
    axis.major_label_text_font_size = "12px"
    axis.axis_label_text_color = axis.major_label_text_color = _INK
    axis.axis_line_color = axis.major_tick_line_color = "#9ca3af"
    axis.minor_tick_line_color = None
  plot.xaxis.formatter = bokeh.models.NumeralTickFormatter(format="0,0")
  plot.xgrid.grid_line_color = None
  plot.ygrid.grid_line_color = "#e5e7eb"
  if quantity == "accuracy":
    plot.yaxis.formatter = bokeh.models.NumeralTickFormatter(format="0%")
  else:
    plot.yaxis.axis_label = "nats"
  return plot

"""The paper's figures, drawn from the tables of `curves`."""

import matplotlib
import matplotlib.figure
import matplotlib.lines
import matplotlib.style
import matplotlib.ticker

from rethink_tf.data import catalog

# Okabe and Ito's colours, told apart by colour-blind readers too.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_MARKERS = "osD^v"
_MODELS = {
    "inception_small": "Inception", "inception_small_no_bn":
    "Inception without BatchNorm", "alexnet_small": "AlexNet",
    "mlp_1x512": "MLP 1×512", "mlp_3x512": "MLP 3×512"}
_CURVES_1A = ("true labels", "random labels", "shuffled pixels",
              "random pixels", "Gaussian")
# Line and name of each kind of labels; the last, of earlier versions' runs.
_LABEL_KINDS = {
    "untouched_accuracy": ("-", "untouched labels"),
    "corrupted_accuracy": ("--", "corrupted labels"),
    "drawn_accuracy": (":", "drawn labels,\nchanged or not")}
_STYLE = {
    "font.size": 12, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.alpha": 0.3, "legend.frameon": False,
    "svg.hashsalt": "rethink_tf", "svg.fonttype": "path"}
# Error of a guess.
_CHANCE = 1 - catalog.DATASETS["cifar10"].chance


def style():
  """Returns a context in which figures look as they should, whoever draws.

  Matplotlib's own defaults are below it, not what a matplotlibrc says.
  """
  return matplotlib.style.context(["default", _STYLE])


def fig1(table):
  """Draws Figure 1: the panels a, b and c side by side.

  Args:
    table: of `curves.fig1`.
  """
  figure = matplotlib.figure.Figure(figsize=(13.5, 4.6), layout="constrained")
  # Three panels have less room for a title than one.
  for axis, (name, draw, title) in zip(figure.subplots(1, 3), (
      ("a", _draw_loss, "Training loss"), ("b", _draw_steps, "Steps to fit"),
      ("c", _draw_test_error, "Test error"))):
    part = table[table.panel == name].dropna(axis="columns", how="all")
    draw(axis, part.astype({"n": int}))
    axis.set_title(f"({name}) {title}")
  return figure


def fig1a(table):
  """Draws training loss against steps, a curve a modification."""
  figure, axis = _axes()
  _draw_loss(axis, table)
  return figure


def fig1b(table):
  """Draws relative steps to fit against label corruption, a curve a model."""
  figure, axis = _axes()
  _draw_steps(axis, table)
  return figure


def fig1c(table):
  """Draws test error against label corruption, a curve a model."""
  figure, axis = _axes()
  _draw_test_error(axis, table)
  return figure


def _draw_loss(axis, table):
  for color, name in zip(_COLORS, _CURVES_1A):
    runs = table[table.curve == name]
    for number, (_, curve) in enumerate(runs.groupby("seed")):
      axis.plot(curve.step, curve.train_loss, color=color, linewidth=2,
                label=None if number else name)
  axis.set(title=_add_count("Training loss", table), xlabel="training steps",
           ylabel="average training loss (nats)")
  axis.set_ylim(bottom=0)
  axis.legend()


def _draw_steps(axis, table):
  _over_corruption(axis, table, "relative")
  level = table.level.iloc[0]
  axis.set(title="Steps to fit the training set", xlabel="label corruption p",
           ylabel=f"steps to {level:.1%} training accuracy,\n"
                  "relative to true labels")
  axis.set_ylim(0, 1.1 * table.relative.max())
  axis.legend()


def _draw_test_error(axis, table):
  _over_corruption(axis, table, "test_error")
  axis.axhline(_CHANCE, color="0.4", linestyle=":", label="chance")
  axis.set(title="Test error of networks that fit the training set",
           xlabel="label corruption p", ylabel="test error")
  axis.set_ylim(0, 1)
  axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
  axis.legend()


def label_kinds(table):
  """Draws accuracy on corrupted and untouched labels, a panel a model.

  Where a run did not tell corrupted labels from those that were drawn to be
  what they were, on both together, by a dotted line.
  """
  models = list(dict.fromkeys(table.model))
  figure = matplotlib.figure.Figure(
      figsize=(5.2 * len(models) + 1.6, 4.6), layout="constrained")
  panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
  levels = sorted(table.p.unique())
  colors = matplotlib.colormaps["viridis"].resampled(len(levels) + 1)
  shown = dict.fromkeys(("untouched_accuracy",))
  for axis, model in zip(panels, models):
    part = table[table.model == model]
    for (p, _), curve in part.groupby(["p", "seed"]):
      color = colors(levels.index(p))
      known = curve.corrupted_accuracy.notna().any()
      drawn = "corrupted_accuracy" if known else "drawn_accuracy"
      shown[drawn] = None
      for column in ("untouched_accuracy", drawn):
        axis.plot(curve.epoch, curve[column], color=color,
                  linestyle=_LABEL_KINDS[column][0])
    axis.set(title=_add_count(_MODELS[model], part), xlabel="epoch")
  panels[0].set(ylabel="training accuracy", ylim=(0, 1.02))
  panels[0].yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
  lines = [matplotlib.lines.Line2D([], [], color=colors(k), label=f"p = {p:g}")
           for k, p in enumerate(levels)]
  for style_of_line, label in (_LABEL_KINDS[column] for column in shown):
    lines.append(matplotlib.lines.Line2D(
        [], [], color="0.3", linestyle=style_of_line, label=label))
  figure.legend(handles=lines, loc="outside right upper")
  return figure


def fig2a(table):
  """Draws training and test accuracy against steps, a color a curve."""
  figure, axis = _axes()
  axis.set_title(_add_count("Inception V3 on ImageNet", table))
  _with_best(axis, table, "test, {}")
  for color, (name, curves) in _colored(table):
    for number, (_, curve) in enumerate(curves.groupby("seed")):
      axis.plot(curve.step, curve.train_accuracy, color=color, linewidth=2,
                linestyle="--", label=None if number else f"training, {name}")
  axis.set(xlabel="training steps", ylabel="top-1 accuracy")
  figure.set_size_inches(9.5, 4.6)
  figure.legend(loc="outside right center", fontsize="small")
  return figure


def fig2b(table):
  """Draws test accuracy against steps; shaded: up to the best so far."""
  figure, axis = _axes()
  axis.set_title(_add_count("Test accuracy, no explicit regularizers", table))
  _with_best(axis, table, "{}")
  axis.set(xlabel="training steps", ylabel="test accuracy")
  figure.set_size_inches(9.5, 4.6)
  figure.legend(loc="outside right center", fontsize="small")
  return figure


def _with_best(axis, table, label):
  """Draws a curve of test accuracy a name, and shades up to the best so far.

  Where no test was better than a later one there is nothing to shade or name.
  """
  for color, (name, curves) in _colored(table):
    falls = (curves.test_accuracy < curves.best).any()
    for number, (_, curve) in enumerate(curves.groupby("seed")):
      axis.plot(curve.step, curve.test_accuracy, color=color, linewidth=2,
                marker="o", markersize=4,
                label=None if number else label.format(name))
      axis.fill_between(
          curve.step, curve.test_accuracy, curve.best, color=color, alpha=0.25,
          linewidth=0,
          label=f"{name}, best so far" if falls and not number else None)
  axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))


def _colored(table):
  """Returns `(color, (name, part))` for each curve, in the table's order."""
  return list(zip(_COLORS, table.groupby("curve", sort=False)))


def _axes():
  figure = matplotlib.figure.Figure(figsize=(7, 4.6), layout="constrained")
  return figure, figure.subplots()


def _add_count(title, table):
  return f"{title} ({table.n.iloc[0]:,} images)"


def _over_corruption(axis, table, column):
  for color, marker, (model, part) in zip(
      _COLORS, _MARKERS, table.groupby("model", sort=False)):
    values = part.groupby("p")[column].agg(["mean", "std"])
    spread = values["std"]
    axis.errorbar(
        # One seed has no spread, and its legend no bar.
        values.index, values["mean"], yerr=spread if spread.any() else None,
        color=color, marker=marker, linewidth=2, capsize=3,
        label=_add_count(_MODELS[model], part))

"""The paper's figures, drawn from the tables of `curves`."""

from rethink_tf.data import catalog
from rethink_tf.reporting import appearance
from rethink_tf.reporting import names

_CURVES_1A = ("true labels", "random labels", "shuffled pixels",
              "random pixels", "Gaussian")
# Line, colour and name of each kind of labels; the last, of earlier versions'
# runs.
_LABEL_KINDS = {
    "untouched_accuracy": ("-", 0, "untouched labels"),
    "corrupted_accuracy": ("--", 1, "corrupted labels"),
    "drawn_accuracy": (":", 1, "drawn labels, changed or not")}
# Most levels of label corruption beside each other.
_LEVELS = 4
# A loss is at zero below this share of its first value.
_ZERO = 0.005
# Error of a guess.
_CHANCE = 1 - catalog.DATASETS["cifar10"].chance


def fig1(table):
  """Draws Figure 1: the panels a, b and c side by side.

  Args:
    table: of `curves.fig1`.
  """
  figure, panels = appearance.make_panels(1, 3, size=(11.5, 4.2))
  # Three panels have less room for a title than one.
  for axis, (name, draw, title) in zip(panels[0], (
      ("a", _draw_loss, "Training loss"), ("b", _draw_steps, "Steps to fit"),
      ("c", _draw_test_error, "Test error"))):
    part = table[table.panel == name].dropna(axis="columns", how="all")
    draw(axis, part.astype({"n": int}))
    axis.set_title(f"({name}) {title}")
  return figure


def fig1a(table):
  """Draws training loss against steps, a curve a modification."""
  figure, axis = appearance.make_axes(
      _add_count("Training loss of Inception", table))
  _draw_loss(axis, table)
  return figure


def fig1b(table):
  """Draws relative steps to fit against label corruption, a curve a model."""
  figure, axis = appearance.make_axes("Steps to fit the training set")
  _draw_steps(axis, table)
  return figure


def fig1c(table):
  """Draws test error against label corruption, a curve a model."""
  figure, axis = appearance.make_axes(
      "Test error of networks that fit the training set")
  _draw_test_error(axis, table)
  return figure


def _draw_loss(axis, table):
  for color, marker, name in zip(
      appearance.COLORS, appearance.MARKERS, _CURVES_1A):
    runs = table[table.curve == name]
    for number, (_, curve) in enumerate(runs.groupby("seed")):
      axis.plot(curve.step, curve.train_loss, color=color, linewidth=2,
                marker=marker, markersize=5,
                markevery=(0, max(1, len(curve) // 12)),
                label=None if number else name)
  axis.set(xlabel="training steps", ylabel="average training loss (nats)",
           xlim=(0, _find_end(table)))
  axis.set_ylim(bottom=0)
  axis.legend()


def _find_end(table):
  """Returns a step by which all curves are at zero, or the last there is."""
  above = table[table.train_loss > _ZERO * table.train_loss.max()]
  return min(1.1 * above.step.max(), 1.02 * table.step.max())


def _draw_steps(axis, table):
  _over_corruption(axis, table, "relative")
  level = table.level.iloc[0]
  axis.set(xlabel="label corruption p",
           ylabel=f"steps to {level:.1%} training accuracy,\n"
                  "relative to true labels")
  axis.set_ylim(0, 1.1 * table.relative.max())
  axis.legend()


def _draw_test_error(axis, table):
  _over_corruption(axis, table, "test_error")
  axis.axhline(_CHANCE, color="0.4", linestyle=":", label="chance")
  axis.set(xlabel="label corruption p", ylabel="test error")
  axis.set_ylim(0, 1)
  appearance.in_percent(axis.yaxis)
  axis.legend()


def label_kinds(table):
  """Draws accuracy on corrupted and untouched labels: a row of panels a model.

  Of many levels of label corruption, four. Where a run did not tell corrupted
  labels from those that were drawn to be what they were, both together, by a
  dotted line.
  """
  groups = list(table.groupby("model", sort=False))
  levels = [_choose_levels(part) for _, part in groups]
  figure, panels = appearance.make_panels(
      len(groups), max(map(len, levels)), "Training accuracy by kind of label",
      size=(9.0, 1.2 + 2.2 * len(groups)), sharey=True, sharex="row")
  shown = {}
  for axes, (model, part), chosen in zip(panels, groups, levels):
    for axis, p in zip(axes, chosen):
      shown |= _draw_kinds(axis, part[part.p == p])
      axis.set_title(f"p = {p:g}")
      axis.set_xlabel("epoch")
    for axis in axes[len(chosen):]:
      axis.set_visible(False)
    axes[0].set_ylabel(_add_count(names.name_model(model), part, "\n"))
    axes[0].set_ylim(0, 1.03)
    appearance.in_percent(axes[0].yaxis)
  figure.legend(shown.values(), shown.keys(), loc="outside lower center",
                ncols=len(shown))
  return figure


def _choose_levels(part):
  """Returns at most `_LEVELS` of the levels of p, as evenly as they come."""
  levels = sorted(part.p.unique())
  if len(levels) <= _LEVELS:
    return levels
  wanted = [(k + 1) / (_LEVELS + 1) for k in range(_LEVELS)]
  return sorted({min(levels, key=lambda p: (abs(p - one), p))
                 for one in wanted})


def _draw_kinds(axis, part):
  """Draws a line for each kind of label and seed; returns them by name."""
  known = part.corrupted_accuracy.notna().any()
  drawn = "corrupted_accuracy" if known else "drawn_accuracy"
  lines = {}
  for _, curve in part.groupby("seed"):
    for column in ("untouched_accuracy", drawn):
      style, color, label = _LABEL_KINDS[column]
      lines[label], = axis.plot(
          curve.epoch, curve[column], linestyle=style, linewidth=2,
          color=appearance.COLORS[color])
  return lines


def fig2a(table):
  """Draws training and test accuracy against steps, a color a curve."""
  figure, axis = appearance.make_axes(
      _add_count("Inception V3 on ImageNet", table), "training steps",
      "top-1 accuracy", size=(9.0, 4.6))
  _with_best(axis, table, "test, {}")
  for color, (name, curves) in _colored(table):
    for number, (_, curve) in enumerate(curves.groupby("seed")):
      axis.plot(curve.step, curve.train_accuracy, color=color, linewidth=2,
                linestyle="--", label=None if number else f"training, {name}")
  figure.legend(loc="outside lower center", ncols=2)
  return figure


def fig2b(table):
  """Draws test accuracy against steps; shaded: up to the best so far."""
  figure, axis = appearance.make_axes(
      _add_count("Test accuracy, no explicit regularizers", table),
      "training steps", "test accuracy")
  _with_best(axis, table, "{}")
  axis.legend(loc="lower right")
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
  appearance.in_percent(axis.yaxis)


def _colored(table):
  """Returns `(color, (name, part))` for each curve, in the table's order."""
  return list(zip(appearance.COLORS, table.groupby("curve", sort=False)))


def _add_count(title, table, before=" "):
  return f"{title}{before}({table.n.iloc[0]:,} images)"


def _over_corruption(axis, table, column):
  for color, marker, (model, part) in zip(
      appearance.COLORS, appearance.MARKERS,
      table.groupby("model", sort=False)):
    values = part.groupby("p")[column].agg(["mean", "std"])
    spread = values["std"]
    axis.errorbar(
        # One seed has no spread, and its legend no bar.
        values.index, values["mean"], yerr=spread if spread.any() else None,
        color=color, marker=marker, linewidth=2, capsize=3,
        label=_add_count(names.name_model(model), part))

"""Section 5's figures, from the tables of `linear_tables`."""

from matplotlib import figure as figure_lib

_SIZE = (7.0, 4.6)  # Inches.
# Percent, on a logarithmic axis: above all errors there is room for a legend.
_ABOVE_A_LEGEND = 1000


def error_against_examples(table):
  """Draws test error against the number of training examples."""
  figure, axes = _axes("training examples", "test error (%)")
  axes.set_xscale("log")
  for label, results in table.groupby("curve", sort=False):
    results = results.sort_values("n")
    line, = axes.plot(results.n, 100 * results.test_error, "o-", markersize=4,
                      label=label)
    axes.axhline(100 * results.paper.iloc[0], linestyle="--", linewidth=1,
                 color=line.get_color(), label=f"{label}, paper, all examples")
  _from_zero_to_all(axes, _ABOVE_A_LEGEND)
  axes.legend(fontsize=8, loc="upper right", ncols=2)
  return figure


def error_against_filters(table):
  """Draws errors against the number of random filters.

  The paper's are points at its number of filters.
  """
  figure, axes = _axes("random filters", "error (%)")
  for label, results in table.groupby("curve", sort=False):
    results = results.sort_values("filters")
    name = f"{label}, n = {results.n.iloc[0]:,}"
    line, = axes.plot(results.filters, 100 * results.test_error, "o-",
                      markersize=4, label=f"{name}, test")
    color = line.get_color()
    axes.plot(results.filters, 100 * results.train_error, "--", color=color,
              label=f"{name}, training")
    axes.plot(results.paper_filters.iloc[:1], 100 * results.paper.iloc[:1], "o",
              color=color, fillstyle="none", label=f"{label}, paper, test")
  axes.set_xscale("log")
  ticks = sorted({*table.filters, *table.paper_filters})
  axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
  axes.set_xticks([], minor=True)
  top = 100 * table[["test_error", "train_error", "paper"]].max().max()
  axes.set_ylim(0, 1.5 * top)  # Above all errors there is room for a legend.
  axes.legend(fontsize=8, loc="upper right", ncols=2)
  return figure


def error_against_l2(table):
  """Draws training and test error along paths over l2.

  A point without l2 is drawn at the left end.
  """
  figure, axes = _axes("l2 (added to the Gram matrix's diagonal)", "error (%)")
  smallest = table.l2[table.l2 > 0].min()
  axes.set_xscale("symlog", linthresh=smallest, linscale=0.5)
  curves = table.groupby(["curve", "n", "filters"], sort=False)
  for (curve, n, filters), path in curves:
    label = f"{curve}, n = {n:,}" + f", {filters:,} filters" * (filters > 0)
    path = path.sort_values("l2")
    line, = axes.plot(path.l2, 100 * path.test_error, "o-", markersize=4,
                      label=label)
    axes.plot(path.l2, 100 * path.train_error, "--", color=line.get_color())
  axes.plot([], [], "--", color="gray", label="training, in the same colors")
  _from_zero_to_all(axes, _ABOVE_A_LEGEND)
  axes.legend(fontsize=8, loc="upper left", ncols=2)
  return figure


def norm_against_error(table):
  """Draws test error against the norm, a labelled point a solution."""
  figure, axes = _axes("norm of the solution", "test error (%)")
  axes.set_xscale("log")
  least, most = table.norm.min() / 4, table.norm.max() * 3
  axes.set_xlim(least, most)
  for row in table.itertuples():
    axes.plot([row.norm], [100 * row.test_error], "o")
    # The words stand where there is room for them.
    right = row.norm ** 2 > least * most
    axes.annotate(row.solution, (row.norm, 100 * row.test_error),
                  xytext=(-6 if right else 6, 4), fontsize=9,
                  ha="right" if right else "left", textcoords="offset points")
  _from_zero_to_all(axes, 150)
  return figure


def distance_against_epochs(table):
  """Draws SGD's distance to the minimum-norm solution."""
  figure, axes = _axes("epochs of SGD", "distance to the minimum-norm\n"
                       "solution (relative)")
  for label, curve in table.groupby("curve", sort=False):
    axes.semilogy(curve.epoch, curve.distance, "o-", markersize=4, label=label)
  axes.legend(fontsize=9)
  return figure


def double_descent(table):
  """Draws test error and norm against the number of features, a row a run.

  Dashed, with dots or without: with l2; dotted: training error without it;
  vertical: as many features as examples.
  """
  groups = list(table.groupby(["curve", "n"], sort=False))
  figure = figure_lib.Figure(
      figsize=(11.0, 4.0 * len(groups)), layout="constrained")
  rows = figure.subplots(len(groups), 2, squeeze=False)
  for (left, right), ((curve, n), part) in zip(rows, groups):
    for index, (p, some) in enumerate(part.groupby("label_corruption")):
      color = f"C{index}"
      for place, (l2, line) in enumerate(some.groupby("l2")):
        style = ("--", "-.")[place % 2 - 1] if l2 else "o-"
        label = f"label corruption {p:g}" + (f", l2 {l2:g}" if l2 else "")
        left.plot(line.features, 100 * line.test_error, style, color=color,
                  markersize=3, label=label)
        right.plot(line.features, line.norm, style, color=color, markersize=3)
        if not l2:
          left.plot(line.features, 100 * line.train_error, ":", color=color)
    for axes in (left, right):
      axes.axvline(n, color="gray", linewidth=1)
      axes.set_xscale("log")
      axes.set_xlabel("random Fourier features")
      axes.set_title(f"{curve}, n = {n:,}")
    left.set_ylabel("test error (%)")
    left.set_ylim(0, 100)
    right.set_ylabel("norm of the weights")
    right.set_yscale("log")
  rows[0, 0].plot(
      [], [], ":", color="gray", label="training error, without l2")
  handles = {label: handle for left in rows[:, 0] for handle, label in zip(
      *left.get_legend_handles_labels())}
  figure.legend(handles.values(), handles.keys(), fontsize=8,
                loc="outside right center")
  return figure


def _from_zero_to_all(axes, top):
  """Makes room for errors of half a percent beside those of half the images."""
  axes.set_yscale("symlog", linthresh=0.1)  # An error may be zero.
  axes.set_ylim(0, top)
  axes.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])


def _axes(horizontal, vertical):
  figure = figure_lib.Figure(figsize=_SIZE, layout="constrained")
  axes = figure.add_subplot()
  axes.set_xlabel(horizontal)
  axes.set_ylabel(vertical)
  return figure, axes

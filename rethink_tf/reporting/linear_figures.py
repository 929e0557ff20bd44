"""Section 5's figures, from the tables of `linear_tables`."""

from rethink_tf.data import catalog
from rethink_tf.reporting import appearance
from rethink_tf.reporting import names

# Error of a guess in percent: all data sets of Table 3 have ten classes.
_CHANCE = 100 * (1 - catalog.DATASETS["cifar10"].chance)


def error_against_examples(table):
  """Draws test error against the number of training examples."""
  figure, axes = appearance.make_axes(
      "Exact interpolation by a Gaussian kernel", "training examples",
      "test error (%)")
  axes.set_xscale("log")
  for marker, (label, results) in zip(
      appearance.MARKERS, table.groupby("curve", sort=False)):
    results = results.sort_values("n")
    line, = axes.plot(results.n, 100 * results.test_error, f"{marker}-",
                      linewidth=2, label=label)
    axes.axhline(100 * results.paper.iloc[0], linestyle="--", linewidth=1,
                 color=line.get_color(), label=f"{label}, paper, all examples")
  appearance.number_ticks(axes.xaxis, appearance.round_numbers(
      table.n.min() / 1.1, table.n.max() * 1.1))
  # Above all errors there is room for a legend.
  _fit_errors(axes, 100 * table[["test_error", "paper"]].stack(), 8)
  axes.legend(loc="upper right", ncols=2)
  return figure


def error_against_filters(table):
  """Draws errors against the number of random filters.

  The paper's are points at its number of filters.
  """
  figure, axes = appearance.make_axes(
      "Linear classifier on random convolutional features", "random filters",
      "error (%)")
  for marker, (label, results) in zip(
      appearance.MARKERS, table.groupby("curve", sort=False)):
    results = results.sort_values("filters")
    name = f"{label}, n = {results.n.iloc[0]:,}"
    line, = axes.plot(results.filters, 100 * results.test_error, f"{marker}-",
                      linewidth=2, label=f"{name}, test")
    color = line.get_color()
    axes.plot(results.filters, 100 * results.train_error, "--", color=color,
              label=f"{name}, training")
    axes.plot(results.paper_filters.iloc[:1], 100 * results.paper.iloc[:1],
              marker, color=color, fillstyle="none", markersize=8,
              linestyle="none", label=f"{label}, paper, test")
  axes.set_xscale("log")
  appearance.number_ticks(
      axes.xaxis, sorted({*table.filters, *table.paper_filters}))
  top = 100 * table[["test_error", "train_error", "paper"]].max().max()
  axes.set_ylim(0, 1.5 * top)  # Above all errors there is room for a legend.
  axes.legend(loc="upper right")
  return figure


def error_against_l2(table):
  """Draws training and test error along paths over l2.

  A point without l2 is drawn at the left end.
  """
  figure, axes = appearance.make_axes(
      "What regularization does to linear models",
      "l2 (added to the Gram matrix's diagonal)", "error (%)",
      size=(9.0, 4.6))
  smallest = table.l2[table.l2 > 0].min()
  axes.set_xscale("symlog", linthresh=smallest, linscale=0.5)
  curves = table.groupby(["curve", "n", "filters"], sort=False)
  for number, ((curve, n, filters), path) in enumerate(curves):
    label = f"{curve}, n = {n:,}" + f", {filters:,} filters" * (filters > 0)
    path = path.sort_values("l2")
    line, = axes.plot(
        path.l2, 100 * path.test_error, "-", linewidth=2, label=label,
        marker=appearance.MARKERS[number % len(appearance.MARKERS)])
    axes.plot(path.l2, 100 * path.train_error, "--", color=line.get_color())
  axes.plot([], [], "--", color="0.5", label="training, in the same colors")
  _from_zero_to_all(axes, 100)
  figure.legend(loc="outside lower center", ncols=2)
  return figure


def error_against_corruption(table):
  """Draws test error and norm against label corruption, a panel each."""
  figure, (panels,) = appearance.make_panels(
      1, 2, "Exact interpolation of partially corrupted labels")
  for axes, column, scale, name in (
      (panels[0], "test_error", 100, "test error (%)"),
      (panels[1], "norm", 1, "norm of the solution")):
    for marker, (label, results) in zip(
        appearance.MARKERS, table.groupby("curve", sort=False)):
      values = scale * results.groupby("p")[column].mean()
      axes.plot(values.index, values, f"{marker}-", linewidth=2,
                label=f"{label}, n = {results.n.iloc[0]:,}")
    axes.set(xlabel="label corruption p", ylabel=name)
  panels[0].axhline(_CHANCE, color="0.4", linestyle=":", label="chance")
  panels[0].set_ylim(0, 100)
  panels[1].set_ylim(0)
  panels[0].legend()
  return figure


def norm_against_error(table):
  """Draws test error against the norm, a point a solution."""
  figure, axes = appearance.make_axes(
      "Solutions that fit the training set: norm and test error",
      "norm of the solution", "test error (%)", size=(7.0, 6.0))
  axes.set_xscale("log")
  for number, row in enumerate(table.sort_values("norm").itertuples()):
    axes.plot(
        [row.norm], [100 * row.test_error], markersize=9, linestyle="none",
        marker=appearance.MARKERS[number % len(appearance.MARKERS)],
        label=row.solution)
  _fit_errors(axes, 100 * table.test_error, 1.4)
  figure.legend(loc="outside lower center", title="by norm")
  return figure


def distance_against_epochs(table):
  """Draws SGD's distance to the minimum-norm solution."""
  figure, axes = appearance.make_axes(
      "SGD from zero goes to the minimum-norm solution", "epochs of SGD",
      "distance to it (relative)")
  for label, curve in table.groupby("curve", sort=False):
    axes.semilogy(curve.epoch, curve.distance, "o-", markersize=4, label=label)
  axes.legend()
  return figure


def double_descent(table):
  """Draws test error and norm against the number of features, a row a run.

  Dashed, with dots or without: with l2; dotted: training error without it;
  vertical: as many features as examples.
  """
  groups = list(table.groupby(["curve", "n"], sort=False))
  figure, rows = appearance.make_panels(
      len(groups), 2, "Least squares on random Fourier features",
      size=(9.0, 1.2 + 3.6 * len(groups)))
  for (left, right), ((curve, n), part) in zip(rows, groups):
    for color, (p, some) in zip(
        appearance.COLORS, part.groupby("label_corruption")):
      _draw_descent(left, right, some, p, color)
    for axes in (left, right):
      axes.axvline(n, color="0.5", linewidth=1)
      axes.set_xscale("log")
      axes.set_xlabel("features")
      axes.set_title(f"{names.name_dataset(curve)}, n = {n:,}")
    left.set_ylabel("test error (%)")
    left.set_ylim(0, 100)
    right.set_ylabel("norm of the weights")
    right.set_yscale("log")
  rows[0, 0].plot(
      [], [], ":", color="0.5", label="training error, without l2")
  handles = {label: handle for left in rows[:, 0] for handle, label in zip(
      *left.get_legend_handles_labels())}
  figure.legend(handles.values(), handles.keys(), loc="outside lower center",
                ncols=2)
  return figure


def _draw_descent(left, right, table, corruption, color):
  """Draws error and norm at one level of label corruption, a line an l2."""
  for place, (l2, line) in enumerate(table.groupby("l2")):
    style = ("--", "-.")[place % 2 - 1] if l2 else "o-"
    label = f"label corruption {corruption:g}" + (f", l2 {l2:g}" if l2 else "")
    left.plot(line.features, 100 * line.test_error, style, color=color,
              markersize=3, label=label)
    right.plot(line.features, line.norm, style, color=color, markersize=3)
    if not l2:
      left.plot(line.features, 100 * line.train_error, ":", color=color)


def _fit_errors(axes, errors, above):
  """Scales an axis of errors in percent to them.

  Args:
    axes: whose vertical axis it is.
    errors: a `pandas.Series`.
    above: room above the highest, as a factor.
  """
  least = errors.min()
  if not least:
    _from_zero_to_all(axes, min(100, errors.max()) * above)
    return
  axes.set_yscale("log")
  axes.set_ylim(least / 1.4, errors.max() * above)
  # An error is at most all, whatever room there is above.
  appearance.number_ticks(
      axes.yaxis, appearance.round_numbers(least / 1.4, 100))


def _from_zero_to_all(axes, top):
  """Makes room for errors of half a percent beside those of half the images."""
  axes.set_yscale("symlog", linthresh=0.1)  # An error may be zero.
  axes.set_ylim(0, top)
  axes.set_yticks([0, 0.1, 1, 10, 100], ["0", "0.1", "1", "10", "100"])

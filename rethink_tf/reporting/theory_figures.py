"""The theory's figures, from the tables of `theory_tables`."""

from rethink_tf.data import catalog
from rethink_tf.reporting import appearance
from rethink_tf.reporting import names
from rethink_tf.runs import wording

_LABELS = {0.0: "true labels", 1.0: "random labels"}
# Percent: a number on a bar this near to the line of chance stands above it.
_NEAR = 8


def expressivity(table):
  """Draws training and test accuracy of networks, side by side.

  Args:
    table: of `theory_tables.expressivity`.
  """
  figure, axes = appearance.make_axes(
      "Theorem 1's network and networks trained by SGD",
      vertical="accuracy (%)",
      size=(max(7.0, 1.75 * len(table)), 4.6))
  chances = {catalog.DATASETS[name].chance for name in table.dataset}
  for shift, name, text in ((-0.2, "train_accuracy", "training"),
                            (0.2, "test_accuracy", "test")):
    places = [place + shift for place in range(len(table))]
    axes.bar(places, 100 * table[name], 0.4, label=text)
    for place, value in zip(places, 100 * table[name]):
      axes.annotate(
          f"{value:.1f}", (place, _above_lines(value, chances)), ha="center",
          xytext=(0, 2), textcoords="offset points", fontsize=appearance.SMALL)
  for chance in sorted(chances):
    axes.axhline(100 * chance, color="0.4", linestyle=":",
                 label="chance" if len(chances) == 1
                 else f"chance, {chance:.0%}")
  axes.set_xticks(range(len(table)), [
      f"{row.network},\n{row.labels}\n{row.weights:,} weights{more}"
      for row, more in zip(table.itertuples(), _apart(table, "\n"))],
      fontsize=appearance.SMALL)
  axes.grid(visible=False, axis="x")
  axes.set_ylim(0, 122)
  axes.legend(loc="upper right", ncols=4)
  return figure


def _above_lines(value, chances):
  """Returns where a bar's number stands, in percent: on no line of chance."""
  for chance in sorted(chances):
    if -_NEAR < value - 100 * chance <= 0:
      value = 100 * chance
  return value


def lemma1(table):
  """Draws how far w may exceed what the smallest eigenvalue suggests.

  Args:
    table: of `theory_tables.lemma1`.
  """
  figure, axes = appearance.make_axes(
      "Lemma 1: what the smallest eigenvalue leaves open", "points n",
      "smallest eigenvalue /\nsmallest singular value")
  ratios = table.inverse_singular / table.inverse_eigenvalue
  groups = list(table.groupby("position"))
  for number, (position, some) in enumerate(groups):
    # Beside each other, or the groups hide one another.
    apart = 1.06 ** (2 * number - len(groups) + 1)
    axes.plot(some.n * apart, ratios[some.index],
              appearance.MARKERS[number % len(appearance.MARKERS)], alpha=0.6,
              label=f"thresholds at {position:g} of the gap")
  axes.set_xscale("log")
  axes.set_yscale("log")
  appearance.number_ticks(axes.xaxis, sorted(set(table.n)))
  appearance.number_ticks(axes.yaxis, appearance.round_numbers(
      ratios.min() / 2, ratios.max() * 2))
  axes.set_ylim(ratios.min() / 1.5, ratios.max() * 1.5)
  axes.legend(loc="upper left")
  return figure


def corollary1(table):
  """Draws width and largest error against depth, a panel each.

  Args:
    table: of `theory_tables.corollary1`.
  """
  figure, panels = appearance.make_panels(
      1, 2, "Corollary 1: depth for width, at the same labels")
  table = table.assign(more=_apart(table, ""))
  for axes, column, name in (
      (panels[0, 0], "width", "width (ReLU units)"),
      (panels[0, 1], "max_abs_error", "largest |output − label|")):
    for number, (more, one) in enumerate(table.groupby("more", sort=False)):
      axes.plot(one.depth, one[column], linewidth=2, label=more,
                marker=appearance.MARKERS[number % len(appearance.MARKERS)])
    axes.set_yscale("log")
    axes.set_xticks(sorted(set(table.depth)))
    axes.set(xlabel="depth (layers of weights)", ylabel=name)
    if table.more.nunique() > 1:
      axes.legend()
  least, most = table.width.min(), table.width.max()
  appearance.number_ticks(
      panels[0, 0].yaxis, appearance.round_numbers(least / 2, most * 2))
  panels[0, 0].set_ylim(least / 1.5, most * 1.5)
  return figure


def perceptron(table):
  """Draws the Perceptron's mistakes and errors, each under its bound.

  Args:
    table: of `theory_tables.perceptron`; a row of panels a run.
  """
  table = table.assign(more=_seeds_apart(table))
  groups = list(table.groupby(["dataset", "classes", "more"], sort=False))
  figure, panels = appearance.make_panels(
      len(groups), 2, "The Perceptron: what is proved of it, and what it does",
      size=(9.0, 0.5 + 3.3 * len(groups)))
  for (left, right), ((dataset, classes, more), part) in zip(panels, groups):
    for color, (corruption, some) in zip(
        appearance.COLORS, part.groupby("label_corruption")):
      name = _LABELS.get(corruption, f"label corruption {corruption:g}")
      for axes, value, bound in (
          (left, some.mistakes, some.mistake_bound),
          (right, 100 * some.test_error, 100 * some.error_bound)):
        axes.plot(some.n, value, "o-", color=color, label=name)
        axes.plot(some.n, bound, "--", color=color, label=f"bound, {name}")
    left.set_title(f"{names.name_dataset(dataset)}, classes {classes}{more}",
                   loc="left")
    left.set_yscale("log")
    left.set_ylabel("mistakes until it fits,\nand (R / margin)²")
    right.set_ylabel("test error, and examples\never mistaken (%)")
    right.set_ylim(-4, 104)
    for axes in (left, right):
      axes.set_xscale("log")
      appearance.number_ticks(axes.xaxis, sorted(set(part.n)))
      axes.set_xlabel("training examples n")
  figure.legend(*panels[0, 0].get_legend_handles_labels(),
                loc="outside lower center", ncols=4)
  return figure


def rademacher(table):
  """Draws estimates of the empirical Rademacher complexity, a row a network.

  Args:
    table: of `theory_tables.rademacher`.
  """
  table = table.assign(more=_seeds_apart(table))
  # From the top: the highest first, a network that fits all signs at 1.
  groups = sorted(
      table.groupby(["dataset", "model", "more"], sort=False),
      key=lambda group: group[1].estimate.mean())
  figure, axes = appearance.make_axes(
      "Rademacher complexity, estimated on random signs",
      "estimate (two standard errors)", size=(7.0, 1.8 + 0.45 * len(groups)))
  closed = table[table.model == "linear"]
  counts = sorted(set(table.n))
  for number, n in enumerate(counts):
    shift = 0.3 * (number / max(1, len(counts) - 1) - 0.5)
    places = [(place - shift, row)
              for place, (_, some) in enumerate(groups)
              for row in some[some.n == n].itertuples()]
    axes.errorbar(
        [row.estimate for _, row in places], [place for place, _ in places],
        xerr=[2 * (row.standard_error or 0) for _, row in places],
        fmt=appearance.MARKERS[number % len(appearance.MARKERS)], markersize=7,
        capsize=3, label=f"n = {n:,}")
    lines = [(place, row.linear) for place, row in places
             if row.Index in closed.index]
    axes.plot([value for _, value in lines], [place for place, _ in lines],
              "|", color="black", markersize=16,
              label=None if number or not lines else "linear, closed form")
  axes.axvline(1, color="0.4", linestyle=":")
  axes.set_xscale("log")
  axes.set_xlim(min(0.1, table.estimate.min()) / 2, 2)
  appearance.number_ticks(
      axes.xaxis, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1))
  axes.set_yticks(range(len(groups)), [
      f"{names.name_model(model)}, {names.name_dataset(dataset)}"
      f"{more}" for (dataset, model, more), _ in groups])
  axes.set_ylim(-0.6, len(groups) - 0.4)
  axes.legend(loc="center")
  return figure


def separation(table):
  """Draws mean distances between inputs, a panel a data set.

  Args:
    table: of `theory_tables.separation`.
  """
  groups = list(table.groupby(["dataset", "n"], sort=False))
  figure, (panels,) = appearance.make_panels(
      1, len(groups), "How far inputs lie apart, as the network sees them")
  for axes, ((dataset, n), part) in zip(panels, groups):
    places = range(len(part))
    for column, marker, name in (
        ("other_class", "s", "to inputs of other classes, mean"),
        ("same_class", "o", "to those of the same class, mean"),
        ("nearest", "^", "to the nearest input")):
      axes.plot(places, part[column], marker, label=name)
    axes.set_xticks(places, [
        wording.PIXELS.get(name, "natural images").replace(" ", "\n")
        for name in part.pixel_randomization])
    axes.margins(x=0.15)
    axes.set_ylim(0, 1.1 * table.other_class.max())
    axes.set(title=f"{names.name_dataset(dataset)}, n = {n:,}",
             ylabel="distance")
  panels[0].legend(loc="lower right")
  return figure


def vc_dimension(table):
  """Draws the share of labelings that are fitted, of those tried.

  Args:
    table: of `theory_tables.vc_dimension`.
  """
  figure, axes = appearance.make_axes(
      "Labelings of n points that are fitted, of those tried", "points n",
      "fitted")
  places = range(len(table))
  for column, marker, name in (
      ("fitted", "o", "Theorem 1's network"),
      ("of_a_line", "s", "one threshold on a line")):
    axes.plot(places, table[column] / table.labelings, marker + "-",
              linewidth=2, label=name)
  axes.set_xticks(places, [
      f"{row.n:,}\n({row.labelings:,} tried)" for row in table.itertuples()],
      fontsize=appearance.SMALL)
  appearance.in_percent(axes.yaxis)
  axes.legend(loc="center right")
  return figure


def stability(table):
  """Draws the largest loss difference and the generalization error by epoch.

  Args:
    table: of `theory_tables.stability`; a row of panels a run.
  """
  table = table.assign(more=_seeds_apart(table))
  groups = list(table.groupby(["dataset", "model", "n", "more"], sort=False))
  figure, panels = appearance.make_panels(
      len(groups), 2, "Uniform stability: what one replaced example moves",
      size=(9.0, 0.5 + 3.3 * len(groups)))
  for (left, right), ((dataset, model, n, more), part) in zip(panels, groups):
    for color, (corruption, some) in zip(
        appearance.COLORS, part.groupby("label_corruption")):
      name = _LABELS.get(corruption, f"label corruption {corruption:g}")
      for replacement, one in some.groupby("replacement"):
        left.plot(one.epoch, one.max_loss_difference, color=color,
                  alpha=0.8, label=None if replacement else name)
      first = some[some.replacement == some.replacement.min()]
      right.plot(first.epoch, 100 * first.generalization_error,
                 color=color, label=name)
    left.set_title(
        f"{names.name_model(model)}, {n:,} images of "
        f"{names.name_dataset(dataset)}{more}", loc="left")
    left.set_ylabel("largest loss difference\n(nats)")
    right.set_ylabel("generalization error (%)")
    for axes in (left, right):
      axes.set_xlabel("epoch")
      axes.legend()
  return figure


def _apart(table, before=", "):
  """Returns words for each row on its dataset and seed, if they differ."""
  several = table.dataset.nunique() > 1
  seeds = _seeds_apart(table, before or ", " * several)
  return [
      f"{before}{names.name_dataset(name)}" * several + seed
      for name, seed in zip(table.dataset, seeds)]


def _seeds_apart(table, before=", "):
  """Returns words for each row on its seed, if there are several."""
  if table.seed.nunique() == 1:
    return len(table) * [""]
  return [f"{before}seed {seed}" for seed in table.seed]

"""The theory's figures, from the tables of `theory_tables`."""

from matplotlib import figure

from rethink_tf.data import catalog

_SIZE = (6.4, 4.0)  # Inches.
_LABELS = {0.0: "true labels", 1.0: "random labels"}


def expressivity(table):
  """Draws training and test accuracy of networks, side by side.

  Args:
    table: of `theory_tables.expressivity`.
  """
  drawn, axes = _figure()
  for shift, name, text in ((-0.2, "train_accuracy", "training"),
                            (0.2, "test_accuracy", "test")):
    places = [place + shift for place in range(len(table))]
    bars = axes.bar(places, 100 * table[name], 0.4, label=text)
    axes.bar_label(bars, fmt="%.1f", fontsize=8, padding=2, bbox={
        "facecolor": "white", "linewidth": 0, "pad": 0.5})
  names = dict.fromkeys(table.dataset)
  for chance in sorted({catalog.DATASETS[name].chance for name in names}):
    axes.axhline(100 * chance, color="gray", linestyle=":",
                 label="chance" if len(names) == 1 else f"chance, {chance:.0%}")
  axes.set_xticks(range(len(table)), [
      f"{row.network},\n{row.labels}\n{row.weights:,} weights{more}"
      for row, more in zip(table.itertuples(), _apart(table, "\n"))],
      fontsize=8)
  axes.set_ylabel("accuracy (%)")
  axes.set_ylim(0, 118)
  axes.legend(fontsize=8, loc="upper right", ncols=3)
  return drawn


def lemma1(table):
  """Draws how far w may exceed what the smallest eigenvalue suggests.

  Args:
    table: of `theory_tables.lemma1`.
  """
  drawn, axes = _figure()
  for position, some in table.groupby("position"):
    axes.plot(some.n, some.inverse_singular / some.inverse_eigenvalue, "o",
              alpha=0.5, label=f"thresholds at {position:g} of the gap")
  axes.set_xscale("log")
  axes.set_yscale("log")
  axes.set_xlabel("points n")
  axes.set_ylabel("smallest eigenvalue /\nsmallest singular value")
  axes.legend(fontsize=8)
  return drawn


def corollary1(table):
  """Draws width and largest error against depth.

  Args:
    table: of `theory_tables.corollary1`.
  """
  drawn, axes = _figure()
  axes.set_yscale("log")
  axes.set_xticks(sorted(set(table.depth)))
  axes.set_xlabel("depth (layers of weights)")
  axes.set_ylabel("width (ReLU units)")
  errors = axes.twinx()
  table = table.assign(more=_apart(table))
  for more, one in table.groupby("more", sort=False):
    axes.plot(one.depth, one.width, "o-", label=f"width{more}")
    errors.plot(one.depth, one.max_abs_error, "s--", color="tab:red",
                label=f"largest error{more}")
  errors.set_yscale("log")
  errors.set_ylabel("largest |output - label|")
  lines = [*axes.get_lines(), *errors.get_lines()]
  axes.legend(lines, [line.get_label() for line in lines], fontsize=8)
  return drawn


def rademacher(table):
  """Draws estimates of the empirical Rademacher complexity against n.

  Args:
    table: of `theory_tables.rademacher`.
  """
  drawn, axes = _figure()
  table = table.assign(more=_seeds_apart(table))
  groups = table.groupby(["dataset", "model", "more"], sort=False)
  for number, ((dataset, model, more), some) in enumerate(groups):
    some = some.sort_values("n")
    axes.errorbar(
        some.n, some.estimate, yerr=2 * some.standard_error.fillna(0),
        # Rings in rings: the networks' estimates are the same.
        marker="o", markersize=3 * (groups.ngroups - number), fillstyle="none",
        markeredgewidth=2, capsize=3, label=f"{model}, {dataset}{more}")
  # That of the very signs which the linear function was trained on.
  closed = table[table.model == "linear"].sort_values(["dataset", "n"])
  for _, some in closed.groupby(["dataset", "more"], sort=False):
    axes.plot(some.n, some.linear, "k--", label="linear, closed form")
  axes.axhline(1, color="gray", linestyle=":")
  axes.set_yscale("log")
  axes.set_ylim(min(0.1, table.estimate.min()) / 2, 2)
  axes.set_xlabel("examples n")
  axes.set_ylabel("Rademacher complexity\n(two standard errors)")
  axes.legend(fontsize=8)
  return drawn


def vc_dimension(table):
  """Draws how many labelings are fitted, of those tried.

  Args:
    table: of `theory_tables.vc_dimension`.
  """
  drawn, axes = _figure()
  axes.plot(table.n, table.labelings, "o", fillstyle="none", markersize=10,
            label="labelings tried")
  axes.plot(table.n, table.fitted, "x", label="fitted by Theorem 1's network")
  axes.plot(table.n, table.of_a_line.clip(lower=0.5), "v",
            label="fitted by one threshold on the line (at 0.5: none)")
  axes.set_xscale("log")
  axes.set_yscale("log")
  axes.set_xlabel("points n")
  axes.set_ylabel("labelings")
  axes.legend(fontsize=8)
  return drawn


def stability(table):
  """Draws the largest loss difference and the generalization error by epoch.

  Args:
    table: of `theory_tables.stability`; a row of panels a run.
  """
  table = table.assign(more=_seeds_apart(table))
  groups = list(table.groupby(["dataset", "model", "n", "more"], sort=False))
  drawn = figure.Figure(figsize=(9.0, 3.8 * len(groups)), layout="constrained")
  panels = drawn.subplots(len(groups), 2, squeeze=False)
  for (left, right), ((dataset, model, n, more), part) in zip(panels, groups):
    for index, (corruption, some) in enumerate(
        part.groupby("label_corruption")):
      name = _LABELS.get(corruption, f"label corruption {corruption:g}")
      for replacement, one in some.groupby("replacement"):
        left.plot(one.epoch, one.max_loss_difference, color=f"C{index}",
                  alpha=0.8, label=None if replacement else name)
      first = some[some.replacement == some.replacement.min()]
      right.plot(first.epoch, 100 * first.generalization_error,
                 color=f"C{index}", label=name)
    left.set_title(f"{model}, {n:,} images of {dataset}{more}", fontsize=10)
    left.set_ylabel("largest loss difference (nats),\none example replaced")
    right.set_ylabel("generalization error (%)")
    for axes in (left, right):
      axes.set_xlabel("epoch")
      axes.legend(fontsize=8)
  return drawn


def _apart(table, before=", "):
  """Returns words for each row on its dataset and seed, if they differ."""
  datasets = table.dataset if table.dataset.nunique() > 1 else None
  return [
      ("" if datasets is None else f"{before}{datasets[index]}") + seed
      for index, seed in zip(table.index, _seeds_apart(table, before))]


def _seeds_apart(table, before=", "):
  """Returns words for each row on its seed, if there are several."""
  if table.seed.nunique() == 1:
    return len(table) * [""]
  return [f"{before}seed {seed}" for seed in table.seed]


def _figure():
  drawn = figure.Figure(figsize=_SIZE, layout="constrained")
  return drawn, drawn.subplots()

"""Figures from run directories of the theory's programs.

Each function takes what `records.read_rows` or result.json gives, and returns a
`matplotlib.figure.Figure`; nothing here runs or measures.
"""

from matplotlib import figure

_SIZE = (6.4, 4.0)  # Inches.
_LABELS = {0.0: "true labels", 1.0: "random labels"}


def expressivity(results):
  """Draws training and test accuracy of networks, side by side.

  Args:
    results: a dict from what a network is, such as "Theorem 1,\\nrandom
      labels", to a dict with "weights", "train_accuracy" and "test_accuracy".
  """
  drawn, axes = _figure()
  for shift, name, text in ((-0.2, "train_accuracy", "training"),
                            (0.2, "test_accuracy", "test")):
    values = [100 * result[name] for result in results.values()]
    bars = axes.bar([i + shift for i in range(len(values))], values, 0.4,
                    label=text)
    axes.bar_label(bars, fmt="%.1f", fontsize=8)
  axes.axhline(10, color="gray", linestyle=":", label="chance")
  axes.set_xticks(range(len(results)), [
      f"{name}\n{result['weights']:,} weights"
      for name, result in results.items()], fontsize=8)
  axes.set_ylabel("accuracy (%)")
  axes.set_ylim(0, 112)
  axes.legend(fontsize=8, loc="upper right", ncols=3)
  return drawn


def lemma1(rows):
  """Draws how far w may exceed what the smallest eigenvalue suggests.

  Args:
    rows: of `lemma1`.
  """
  drawn, axes = _figure()
  for position in sorted({row["position"] for row in rows}):
    some = [row for row in rows if row["position"] == position]
    axes.plot([row["n"] for row in some],
              [row["inverse_singular"] / row["inverse_eigenvalue"]
               for row in some], "o", alpha=0.5,
              label=f"thresholds at {position:g} of the gap")
  axes.set_xscale("log")
  axes.set_yscale("log")
  axes.set_xlabel("points n")
  axes.set_ylabel("smallest eigenvalue / smallest singular value")
  axes.legend(fontsize=8)
  return drawn


def corollary1(rows):
  """Draws width and largest error against depth.

  Args:
    rows: of `corollary1`.
  """
  drawn, axes = _figure()
  depths = [row["depth"] for row in rows]
  axes.plot(depths, [row["width"] for row in rows], "o-", label="width")
  axes.set_yscale("log")
  axes.set_xticks(depths)
  axes.set_xlabel("depth (layers of weights)")
  axes.set_ylabel("width (ReLU units)")
  errors = axes.twinx()
  errors.plot(depths, [row["max_abs_error"] for row in rows], "s--",
              color="tab:red", label="largest error")
  errors.set_yscale("log")
  errors.set_ylabel("largest |output - label|")
  lines = [*axes.get_lines(), *errors.get_lines()]
  axes.legend(lines, [line.get_label() for line in lines], fontsize=8)
  return drawn


def rademacher(results):
  """Draws estimates of the empirical Rademacher complexity against n.

  Args:
    results: a list of result.json's of `rademacher`, one a model.
  """
  drawn, axes = _figure()
  for result in results:
    sizes = sorted(result["estimates"], key=int)
    axes.errorbar(
        [int(n) for n in sizes], [result["estimates"][n] for n in sizes],
        yerr=[2 * (result["standard_errors"][n] or 0) for n in sizes],
        marker="o", capsize=3, alpha=0.7, label=result["model"])
  closed = {int(n): value for result in results
            for n, value in result["linear"].items()}
  sizes = sorted(closed)
  axes.plot(sizes, [closed[n] for n in sizes], "k--",
            label="linear, closed form")
  axes.axhline(1, color="gray", linestyle=":")
  axes.set_ylim(0, 1.1)
  axes.set_xlabel("examples n")
  axes.set_ylabel("Rademacher complexity (two standard errors)")
  axes.legend(fontsize=8)
  return drawn


def vc_dimension(rows):
  """Draws how many labelings are fitted, of those tried.

  Args:
    rows: of `vc_dimension`.
  """
  drawn, axes = _figure()
  sizes = [row["n"] for row in rows]
  axes.plot(sizes, [row["labelings"] for row in rows], "o", fillstyle="none",
            markersize=10, label="labelings tried")
  axes.plot(sizes, [row["fitted"] for row in rows], "x",
            label="fitted by Theorem 1's network")
  axes.plot(sizes, [max(row["of_a_line"], 0.5) for row in rows], "v",
            label="fitted by one threshold on the line (at 0.5: none)")
  axes.set_xscale("log")
  axes.set_yscale("log")
  axes.set_xlabel("points n")
  axes.set_ylabel("labelings")
  axes.legend(fontsize=8)
  return drawn


def stability(rows):
  """Draws the largest loss difference, and the generalization error, by epoch.

  Args:
    rows: of `stability`.
  """
  drawn = figure.Figure(figsize=(9.0, 3.8), layout="constrained")
  left, right = drawn.subplots(1, 2)
  corruptions = sorted({row["label_corruption"] for row in rows})
  for index, corruption in enumerate(corruptions):
    name = _LABELS.get(corruption, f"label corruption {corruption:g}")
    for replacement in sorted({row["replacement"] for row in rows}):
      some = [row for row in rows if row["replacement"] == replacement
              and row["label_corruption"] == corruption]
      epochs = [row["epoch"] for row in some]
      style = {"color": f"C{index}", "alpha": 0.8,
               "label": None if replacement else name}
      left.plot(epochs, [row["max_loss_difference"] for row in some], **style)
    right.plot(epochs, [100 * row["generalization_error"] for row in some],
               color=f"C{index}", label=name)
  left.set_ylabel("largest loss difference (nats),\none example replaced")
  right.set_ylabel("generalization error (%)")
  for axes in (left, right):
    axes.set_xlabel("epoch")
    axes.legend(fontsize=8)
  return drawn


def _figure():
  drawn = figure.Figure(figsize=_SIZE, layout="constrained")
  return drawn, drawn.subplots()

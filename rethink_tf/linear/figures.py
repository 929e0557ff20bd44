"""Figures of Section 5's evidence, from the dicts of result.json and others.

Each returns a `matplotlib.figure.Figure` that nothing else holds on to.
"""

from matplotlib import figure as figure_lib

_SIZE = (5.0, 3.6)  # Inches.


def error_against_examples(curves, paper=None):
  """Draws test error against the number of training examples.

  Args:
    curves: dict from a label to a list of dicts of result.json.
    paper: dict from a label of `curves` to the paper's test error, a fraction;
      drawn as a dashed line.
  """
  return _errors(
      curves, "n", "training examples", "examples", paper or {})


def error_against_filters(curves, paper=None):
  """Draws test error against the number of random filters.

  Args:
    curves: dict from a label to a list of dicts of result.json, each with the
      "filters" of its config.json besides.
    paper: as of `error_against_examples`.
  """
  return _errors(curves, "filters", "random filters", "filters", paper or {})


def error_against_l2(curves):
  """Draws training and test error along paths over l2.

  Args:
    curves: dict from a label to a list of dicts with "l2", "train_error" and
      "test_error": result.json's, or the "path" of section5.json. A point
      without l2 is drawn at the left end.
  """
  figure, axes = _axes("l2 (added to the Gram matrix's diagonal)", "error (%)")
  positive = [p["l2"] for path in curves.values() for p in path if p["l2"] > 0]
  smallest = min(positive, default=1.0)
  axes.set_xscale("symlog", linthresh=smallest, linscale=0.5)
  for label, path in curves.items():
    ordered = sorted(path, key=lambda p: p["l2"])
    penalties = [p["l2"] for p in ordered]
    line, = axes.plot(penalties, _percent(ordered, "test_error"), "o-",
                      markersize=4, label=f"{label}, test")
    axes.plot(penalties, _percent(ordered, "train_error"), "--",
              color=line.get_color(), label=f"{label}, training")
  axes.set_ylim(bottom=0)
  axes.legend(fontsize=8)
  return figure


def norm_against_error(points):
  """Draws test error against the norm, a labelled point a solution.

  Args:
    points: dict from a label to a dict with "min_norm" or "norm", and
      "test_error".
  """
  figure, axes = _axes("norm of the solution", "test error (%)")
  axes.set_xscale("log")
  for label, point in points.items():
    norm = point["min_norm"] if "min_norm" in point else point["norm"]
    error = 100 * point["test_error"]
    axes.plot([norm], [error], "o")
    axes.annotate(label, (norm, error), xytext=(6, 4), fontsize=8,
                  textcoords="offset points")
  axes.margins(x=0.25)
  axes.set_ylim(bottom=0)
  return figure


def distance_against_epochs(sgd):
  """Draws SGD's distance to the minimum-norm solution.

  Args:
    sgd: the "sgd" of section5.json.
  """
  figure, axes = _axes(
      f"epochs of SGD over {sgd['examples']} examples",
      "distance to the minimum-norm\nsolution (relative)")
  axes.semilogy(sgd["epochs"], sgd["distances"], "o-", markersize=4)
  return figure


def _errors(curves, key, axis, unit, paper):
  figure, axes = _axes(axis, "test error (%)")
  axes.set_xscale("log")
  for label, results in curves.items():
    ordered = sorted(results, key=lambda r: r[key])
    line, = axes.plot([r[key] for r in ordered],
                      _percent(ordered, "test_error"), "o-", markersize=4,
                      label=label)
    if label in paper:
      axes.axhline(100 * paper[label], linestyle="--", linewidth=1,
                   color=line.get_color(),
                   label=f"{label}, paper, all {unit}")
  axes.set_ylim(bottom=0)
  axes.legend(fontsize=8)
  return figure


def _percent(points, name):
  return [100 * point[name] for point in points]


def _axes(horizontal, vertical):
  figure = figure_lib.Figure(figsize=_SIZE, layout="constrained")
  axes = figure.add_subplot()
  axes.set_xlabel(horizontal)
  axes.set_ylabel(vertical)
  axes.grid(alpha=0.3)
  return figure, axes

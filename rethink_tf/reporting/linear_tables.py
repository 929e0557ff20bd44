"""Table 3, and the numbers behind Section 5's figures.

Each function takes the `Runs` and returns a `pandas.DataFrame`, empty where
there are no runs for it; `table3` returns lines of text. Beside the columns
that it names, each has `cells.SOURCE`.
"""

import pandas as pd

from rethink_tf.flags import linear as linear_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import cells
from rethink_tf.reporting import names

COLUMNS = (
    "data set", "preprocessing", "bandwidth", "l2", "n", "filters",
    "train error, ours", "test error, ours", "test error, paper", "norm",
    "residual", "minutes", "GB")
# What the program section5 calls solutions that interpolate, in words.
_SOLUTIONS = {
    "minimum_norm": "minimum norm",
    "random_centers": "kernels centered at random points",
    "labels_on_test": "also fitted to wrong labels on the test set"}
# What may differ between the runs along a curve, besides what it shows.
_FREE = ("train_examples", "solver", "tolerance", "seed")


def table3(runs):
  """Returns Table 3's rows as dicts of text, ours beside the paper's.

  Each has `COLUMNS` and "fingerprint".

  A row's run is that of its flagfile on the most training examples; one with
  fewer filters stands in, and says how many.
  """
  return [_line(row, of_row(runs, row)) for row in tables.table3()]


def notes(lines):
  """Returns what stands below Table 3, as text."""
  text = ("Errors in percent. The norm is √tr(αᵀKα), the residual "
          "‖Kα − Y‖ / ‖Y‖; minutes and GB are those of the machine at hand.")
  for name in dict.fromkeys(line["data set"] for line in lines):
    text += cells.data_note(
        name, [line for line in lines if line["data set"] == name])
  return text


def error_against_examples(runs):
  """Test error by number of training examples, for each row of Table 3.

  Returns:
    A frame with "curve", "n", "test_error" and "paper", fractions.
  """
  frames = []
  for row in tables.table3():
    curve = _curve(_like(runs, row, ("filters",)), "n", ("filters",))
    if len(curve):
      frames.append(curve.assign(curve=row.title, paper=row.test_error / 100))
  return _stacked(frames, ["curve", "n", "test_error", "paper", cells.SOURCE])


def error_against_filters(runs):
  """Training and test error by number of random filters.

  Returns:
    A frame with "curve", "filters", "n", "train_error", "test_error", and the
    paper's "paper" and "paper_filters".
  """
  frames = []
  for row in tables.table3():
    curve = _curve(_like(runs, row, ("filters",)), "filters")
    if len(curve):
      frames.append(curve.assign(
          curve=row.title, paper=row.test_error / 100,
          paper_filters=_config(row)["filters"]))
  return _stacked(frames, [
      "curve", "filters", "n", "train_error", "test_error", "paper",
      "paper_filters", cells.SOURCE])


def error_against_l2(runs):
  """Training and test error along paths over l2.

  Returns:
    A frame with "curve", "n", "filters" (0 where there are none),
    "fewer_filters" (see the function of this name), "l2", "train_error" and
    "test_error".
  """
  frames = [
      pd.DataFrame(run.result["path"]).assign(
          curve=_subject(run), n=run.result["n"], filters=0, fewer_filters="",
          **{cells.SOURCE: run.directory})
      for run in runs.of_program("section5")]
  for row in tables.table3():
    if row.regularized != "no":
      continue  # The same runs as its neighbour's.
    # The l2 of the network with the most filters that has several.
    curve = _curve(_like(runs, row, ("l2", "filters")), "l2", ("n", "filters"))
    if len(curve):
      frames.append(curve.assign(
          curve=row.title,
          fewer_filters=fewer_filters(curve.filters.iloc[0], row)))
  return _stacked(frames, [
      "curve", "n", "filters", "fewer_filters", "l2", "train_error",
      "test_error", cells.SOURCE])


def error_against_corruption(runs):
  """Errors and norm by label corruption, for each row of Table 3.

  Returns:
    A frame with "curve", "n", "p", "seed", "train_error", "test_error", and
    "norm", of the function that interpolates.
  """
  frames = []
  for row in tables.table3():
    curve = _curve(
        _like(runs, row, ("filters", "label_corruption")), "label_corruption",
        ("n", "filters"))
    if len(curve):
      frames.append(curve.assign(
          curve=row.title, p=curve.label_corruption, norm=curve.min_norm))
  return _stacked(frames, [
      "curve", "n", "p", "seed", "train_error", "test_error", "norm",
      cells.SOURCE])


def norm_against_error(runs):
  """Norm and test error of solutions that interpolate.

  Returns:
    A frame with "solution", "norm" and "test_error".
  """
  points = [
      {"solution": f"{_SOLUTIONS.get(name, name)}, {_subject(run)}, "
                   f"n = {run.result['n']:,}",
       "norm": solution["norm"], "test_error": solution["test_error"],
       cells.SOURCE: run.directory}
      for run in runs.of_program("section5")
      for name, solution in run.result["solutions"].items()]
  for row in tables.table3():
    run = of_row(runs, row)
    if run is not None and run.config["l2"] == 0:
      few = fewer_filters(run.config["filters"], row)
      points.append({
          "solution": f"{row.title}, n = {run.result['n']:,}{few and ','}{few}",
          "norm": run.result["min_norm"],
          "test_error": run.result["test_error"],
          cells.SOURCE: run.directory})
  return pd.DataFrame(points)


def distance_against_epochs(runs):
  """SGD's distance to the minimum-norm solution, by "curve" and "epoch"."""
  return _stacked([
      run.metrics.assign(curve=(
          f"{_subject(run)}, n = {run.result['sgd']['examples']:,} of "
          f"{run.config['train_examples']:,}"),
          **{cells.SOURCE: run.directory})
      for run in runs.of_program("section5")],
      ["curve", "epoch", "distance", cells.SOURCE])


def double_descent(runs):
  """Errors and norms by the number of random features.

  Returns:
    A frame with "curve" (the data set), "n", and the columns of the program's
    metrics.csv.
  """
  columns = ["curve", "n", "label_corruption", "l2", "features", "train_error",
             "test_error", "train_loss", "test_loss", "norm", cells.SOURCE]
  return _stacked([
      run.metrics.assign(curve=run.config["dataset"], n=run.result["n"],
                         **{cells.SOURCE: run.directory})
      for run in runs.of_program("double_descent")], columns)


def _subject(run):
  """Returns what a run of section5 is of, and how it differs from the usual."""
  config = run.config
  more = [config["preprocessing"]] if config["preprocessing"] != "none" else []
  if config["seed"] != 1:
    more.append(f"seed {config['seed']}")
  return ", ".join([names.name_dataset(config["dataset"]), *more])


def _config(row):
  config, _ = linear_flags.parse_interpolate([f"--flagfile={row.flagfile}"])
  return config.as_dict()


def _like(runs, row, free=()):
  """Returns the runs that differ from a row's flagfile in what is free."""
  wanted = {name: value for name, value in _config(row).items()
            if name not in (*_FREE, *free)}
  return [run for run in runs.of_program("interpolate")
          if all(run.config.get(k) == value for k, value in wanted.items())]


def _frame(alike):
  return pd.DataFrame([
      {**run.config, **run.result, "filters": run.config["filters"] or 0,
       cells.SOURCE: run.directory}
      for run in alike])


def _curve(alike, name, size=("n",)):
  """Returns the largest runs that have several values of a flag.

  Args:
    alike: list of runs, as `_like` returns it.
    name: the flag that varies along the curve.
    size: what is the same along it, the first counting most.
  """
  table = _frame(alike)
  if table.empty:
    return table
  groups = table.groupby(list(size))
  several = [group for _, group in groups if group[name].nunique() > 1]
  return several[-1] if several else table.iloc[:0]


def of_row(runs, row):
  """Returns the `runs.Other` that stands in a row of Table 3, or None."""
  return max(_like(runs, row, ("filters",)), default=None, key=lambda run: (
      run.result["n"], run.config["filters"] or 0))


def on_equally_many(runs, rows):
  """Returns a run of each row, on the most examples that all have; or None."""
  by_rows = [
      {run.result["n"]: run for run in _like(runs, row)} for row in rows]
  shared = set.intersection(*map(set, by_rows))
  return [by_count[max(shared)] for by_count in by_rows] if shared else None


def fewer_filters(filters, row):
  """Returns words on a number of filters that is not a row's, or "".

  Args:
    filters: of the run or runs; 0 or None where there are none.
    row: of `tables.table3`.
  """
  planned = _config(row)["filters"]
  if (filters or 0) == (planned or 0):
    return ""
  return f" with {filters:,} of {planned:,} filters"


def _line(row, run):
  printed = {
      "data set": row.data_set, "preprocessing": row.pre_processing,
      "test error, paper": f"{row.test_error:g}"}
  if run is None:
    return {**dict.fromkeys(COLUMNS, ""), **printed,
            "train error, ours": cells.NOT_RUN,
            "test error, ours": cells.NOT_RUN,
            "fingerprint": "", cells.SOURCE: []}
  result = run.result
  return {
      **printed,
      "bandwidth": (f"{run.config['bandwidth']:g}"
                    if run.config["kernel"] == "gaussian" else ""),
      "l2": f"{run.config['l2']:g}",
      "n": f"{result['n']:,}",
      "filters": f"{run.config['filters']:,}" if run.config["filters"] else "",
      "train error, ours": f"{100 * result['train_error']:.2f}",
      "test error, ours": f"{100 * result['test_error']:.2f}",
      "norm": f"{result['min_norm']:.4g}",
      "residual": f"{result['relative_residual']:.1e}",
      "minutes": f"{result['wall_seconds'] / 60:.1f}",
      "GB": f"{result['peak_memory_gb']:.1f}",
      "fingerprint": cells.fingerprint([run]),
      cells.SOURCE: cells.directories([run]),
  }


def _stacked(frames, columns):
  if not frames:
    return pd.DataFrame(columns=columns)
  return pd.concat(frames, ignore_index=True)[columns]

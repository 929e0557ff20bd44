"""The numbers behind the figures of Sections 2.2 and 4, as tables.

Each function takes the `Runs` and returns a `pandas.DataFrame`, empty where
there are no runs for it. Beside the columns that it names, each says of which
"dataset", where there is one, and "seed" a row is, and has `cells.SOURCE`.
"""

import pandas as pd

from rethink_tf.reporting import cells

_LABELS = {0: "true labels", 1: "random labels"}
_NETWORKS = {"construction": "Theorem 1", "sgd": "SGD"}


def expressivity(runs):
  """Theorem 1's networks beside ones trained by SGD.

  Returns:
    A frame with "network", "labels", "n", "d", "weights", "train_accuracy",
    "test_accuracy" and "max_abs_error", which SGD has none of.
  """
  return pd.DataFrame([{
      "network": _NETWORKS[run.config["method"]],
      "labels": _LABELS.get(
          run.config["label_corruption"],
          f"p = {run.config['label_corruption']:g}"),
      **{name: run.result[name] for name in (
          "n", "d", "weights", "train_accuracy", "test_accuracy",
          "max_abs_error")},
      **_origin(run),
  } for run in runs.of_program("expressivity")])


def lemma1(runs):
  """Eigenvalues and singular values of Lemma 1's matrix, a row an instance."""
  return _metrics(runs, "lemma1")


def corollary1(runs):
  """Depth, width, weights and error, a row for each number of blocks."""
  return _metrics(runs, "corollary1")


def perceptron(runs):
  """The Perceptron's mistakes and errors, a row an n and label corruption.

  Returns:
    A frame with the columns of metrics.csv, "classes" as text, and
    "mistake_bound": (R / margin)^2, absent where nothing separates the points.
  """
  frames = []
  for run in runs.of_program("perceptron"):
    rows = run.metrics
    bound = (rows.radius / rows.margin.where(rows.margin > 0)) ** 2
    frames.append(rows.assign(
        mistake_bound=bound, classes=" and ".join(
            str(label) for label in run.config["classes"]), **_origin(run)))
  return _stacked(frames)


def rademacher(runs):
  """Estimates of the Rademacher complexity.

  Returns:
    A frame with "model", "n", "draws", "estimate" and
    "standard_error" over the draws, and "linear": the closed form for linear
    functions of bounded norm and the same signs.
  """
  return pd.DataFrame([{
      "model": run.result["model"],
      "n": int(n), "draws": run.result["draws"][n], "estimate": estimate,
      "standard_error": run.result["standard_errors"][n],
      "linear": run.result["linear"][n], **_origin(run),
  } for run in runs.of_program("rademacher")
      for n, estimate in run.result["estimates"].items()])


def separation(runs):
  """Mean distances between inputs, a row a modification.

  Returns:
    A frame with "pixel_randomization", "n", "same_class", "other_class" and
    "nearest".
  """
  distances = ("same_class", "other_class", "nearest")
  return pd.DataFrame([{
      "pixel_randomization": name, "n": run.result["n"],
      **{column: run.result[column][name] for column in distances},
      **_origin(run),
  } for run in runs.of_program("separation")
      for name in run.result["same_class"]])


def vc_dimension(runs):
  """How many labelings of n points were tried and fitted, a row an n."""
  return _metrics(runs, "vc_dimension")


def stability(runs):
  """What one replaced example moves, a row an epoch, by "model" and "n"."""
  return _stacked([
      run.metrics.assign(
          model=run.config["model"], n=run.config["n"], **_origin(run))
      for run in runs.of_program("stability")])


def _metrics(runs, program):
  return _stacked([run.metrics.assign(**_origin(run))
                   for run in runs.of_program(program)])


def _origin(run):
  data = {"dataset": run.config["dataset"]} if "dataset" in run.config else {}
  return {**data, "seed": run.config["seed"], cells.SOURCE: run.directory}


def _stacked(frames):
  return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

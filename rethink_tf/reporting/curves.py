"""The numbers behind each figure, as tables.

Each function takes the `Runs` and returns a `pandas.DataFrame`, empty where
there are no runs for it. Beside the columns that it names, each has
`cells.SOURCE`.
"""

import dataclasses

import pandas as pd

from rethink_tf.reporting import cells
from rethink_tf.runs import results
from rethink_tf.suites import plan as suite_plan

# The lowest running training accuracy at which a run may count as fitted.
LEAST_LEVEL = float(results.LEVELS[-1])
_TITLES = {
    "none": "true labels", "shuffled_pixels": "shuffled pixels",
    "random_pixels": "random pixels", "gaussian": "Gaussian"}


def fig1(runs):
  """Figure 1 as one: its three panels, each on the most images there are.

  Returns:
    A frame with "panel" ("a", "b" or "c") and the columns of `fig1a`, `fig1b`
    and `fig1c`, missing where a panel has none; empty where a panel has no
    runs.
  """
  losses = fig1a(runs)
  several = [part for _, part in losses.groupby("n")
             if part.curve.nunique() > 1]
  parts = {"a": several[-1] if several else losses.iloc[:0],
           "b": fig1b(runs), "c": fig1c(runs)}
  if any(part.empty for part in parts.values()):
    return pd.DataFrame()
  return pd.concat([part.assign(panel=name) for name, part in parts.items()],
                   ignore_index=True)


def fig1a(runs):
  """Training loss under each modification.

  Returns:
    A frame with "n" (training examples), "curve", "seed", "step" and
    "train_loss", without the penalty, a running average over each epoch.
  """
  return _stacked([
      run.metrics[["step", "train_loss"]].assign(
          n=count, curve=modification(run.config), seed=run.config.seed,
          **_source(run))
      for plan in suite_plan.load_shipped("fig1a")
      for count, repeats in runs.of(plan.config).items() for run in repeats],
      ["n", "curve", "seed", "step", "train_loss", cells.SOURCE])


def modification(config):
  """Returns the paper's name for what a config does to images or labels."""
  if config.label_corruption == 1:
    return "random labels"
  return _TITLES[config.pixel_randomization]


def fig1b(runs):
  """Steps to fit against label corruption.

  "To fit" is to reach the highest level of training accuracy, a running
  average, that every run here has reached. A model with a run that reached none
  is not here.

  Returns:
    A frame with "model", "n", "p", "seed", "level", "steps", and "relative":
    the steps over the mean of those with true labels.
  """
  never = never_fitted(runs)
  fitted = [run for run in sweep(runs) if run.config.model not in never]
  level = next(
      (x for x in results.LEVELS
       if fitted and all(r.result["epochs_to_fit"][x] for r in fitted)), None)
  if level is None:
    return pd.DataFrame(columns=[
        "model", "n", "p", "seed", "level", "steps", cells.SOURCE,
        "relative"])
  table = pd.DataFrame([
      {**_place(run), "level": float(level),
       "steps": int(run.metrics.step.loc[run.result["epochs_to_fit"][level]]),
       **_source(run)}
      for run in fitted])
  true = table[table.p == 0].groupby("model").steps.mean()
  table["relative"] = table.steps / table.model.map(true)
  return table


def never_fitted(runs):
  """Returns a dict from a model to its first run that fits at no level."""
  never = {}
  for run in sweep(runs):
    if not run.result["epochs_to_fit"][results.LEVELS[-1]]:
      never.setdefault(run.config.model, run)
  return never


def fig1c(runs):
  """Test error against label corruption.

  Returns:
    A frame with "model", "n", "p", "seed", "train_accuracy" and "test_error",
    fractions.
  """
  return pd.DataFrame([
      {**_place(run), "train_accuracy": run.result["train_accuracy"],
       "test_error": 1 - run.result["test_accuracy"], **_source(run)}
      for run in sweep(runs)],
      columns=["model", "n", "p", "seed", "train_accuracy", "test_error",
               cells.SOURCE])


def label_kinds(runs):
  """Training accuracy on each kind of labels, by epoch.

  Returns:
    A frame with "model", "n", "p", "seed", "epoch" and `results.LABEL_KINDS`,
    with the weights fixed; what a run of an earlier version did not measure is
    missing.
  """
  columns = ["model", "n", "p", "seed", "epoch", *results.LABEL_KINDS,
             cells.SOURCE]
  return _stacked(
      [run.label_kinds.reset_index().assign(**_place(run), **_source(run))
       for run in sweep(runs) if run.label_kinds is not None], columns)


def fig2a(runs):
  """Accuracy of Inception V3 on ImageNet, with and without regularizers.

  Returns:
    A frame with "n", "curve", "seed", "step", "train_accuracy", a running
    average over each epoch, "test_accuracy", and "best", the highest test
    accuracy up to that step; all top-1.
  """
  return _with_best(runs, "fig2a", _regularizers, ("train_accuracy",))


def fig2b(runs):
  """Test accuracy of Inception with and without batch normalization.

  Returns:
    A frame with "n", "curve", "seed", "step", "test_accuracy", and "best": the
    highest test accuracy up to that step.
  """
  return _with_best(runs, "fig2b", _normalization)


def _with_best(runs, suite, curve, columns=()):
  """Returns a suite's curves of test accuracy, and the best up to each step.

  Args:
    runs: the `Runs`.
    suite: the suite's name.
    curve: a function from a config to its curve's name.
    columns: more columns of metrics.csv.
  """
  frames = []
  for plan in suite_plan.load_shipped(suite):
    for count, repeats in runs.of(plan.config).items():
      for run in repeats:
        table = run.metrics[["step", *columns, "test_accuracy"]].dropna()
        frames.append(table.assign(
            n=count, curve=curve(run.config), seed=run.config.seed,
            best=table.test_accuracy.cummax(), **_source(run)))
  return _stacked(frames, [
      "n", "curve", "seed", "step", *columns, "test_accuracy", "best",
      cells.SOURCE])


def _regularizers(config):
  """Returns the paper's name for what a run of Figure 2a has on."""
  on = [name for name, value in (
      ("aug", config.data_augmentation), ("dropout", config.dropout),
      ("wd", config.weight_decay)) if value]
  return ", ".join(on) or "no regularizers"


def _normalization(config):
  no = config.model.endswith("no_bn")
  return "Inception without BatchNorm" if no else "Inception"


def _place(run):
  return {"model": run.config.model, "n": run.count,
          "p": run.config.label_corruption, "seed": run.config.seed}


def _source(run):
  return {cells.SOURCE: run.directory}


def sweep(runs):
  """Returns the runs over label corruption, each model on one n.

  At whatever levels it was run, the suite's or others. On that n with the most
  levels, and of equals on the larger; true and random labels have to be among
  them, and another.
  """
  by_model = {}
  for plan in suite_plan.load_shipped("fig1b"):
    if plan.config.label_corruption == 0:
      by_model[plan.config.model] = _levels(runs, plan.config)
  chosen = []
  for counts in by_model.values():
    whole = [(len(levels), count) for count, levels in counts.items()
             if {0, 1} < {*levels}]
    if whole:
      levels = counts[max(whole)[1]]
      chosen += [run for p in sorted(levels) for run in levels[p]]
  return chosen


def _levels(runs, config):
  """Returns the runs of a config by number of images and label corruption."""
  by_count = {}
  for p in runs.corruptions(config):
    at_level = runs.of(dataclasses.replace(config, label_corruption=p))
    for count, repeats in at_level.items():
      by_count.setdefault(count, {})[p] = repeats
  return by_count


def _stacked(frames, columns):
  if not frames:
    return pd.DataFrame(columns=columns)
  return pd.concat(frames, ignore_index=True)[columns]

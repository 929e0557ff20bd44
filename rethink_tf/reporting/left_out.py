"""What no table or figure shows, in words: nothing vanishes without one."""

import collections

from rethink_tf.flags import training as training_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import curves
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table1
from rethink_tf.suites import plan as suite_plan

_SUITES = ("fig1a", "fig1b", "fig2a", "fig2b")


def messages(runs, places):
  """Returns a line on each kind of run that no table or figure shows.

  Args:
    runs: the `Runs`.
    places: dict from a run's directory to the names of what shows it, the list
      of all runs left out.
  """
  planned = _planned()
  shown = {runs_lib.key_of(run.config) for run in runs.of_training()
           if run.directory in places}
  groups = collections.defaultdict(list)
  for run in runs.of_training():
    if run.directory not in places:
      config = run.config
      groups[config.dataset, config.model, run.count,
             _reason(config, shown, planned)].append(run)
  return [
      *(_describe(*kind, some) for kind, some in groups.items()),
      *(f"no table or figure shows {run.directory}, of {run.config['program']}"
        for run in runs.others() if run.directory not in places),
      *(f"fig1b leaves out {model}: {run.directory} did not reach "
        f"{curves.LEAST_LEVEL:.0%} training accuracy"
        for model, run in curves.never_fitted(runs).items())]


def _describe(dataset, model, count, reason, some):
  configs = [run.config for run in some]
  more = f" and {len(some) - 1} more" if len(some) > 1 else ""
  return (
      f"no table or figure shows {some[0].directory}{more}, of {model} on "
      f"{count:,} examples of {dataset}, label corruption "
      f"{_join(config.label_corruption for config in configs)}, "
      f"seed {_join(config.seed for config in configs)}: {reason}")


def _join(numbers):
  return ", ".join(f"{number:g}" for number in sorted(set(numbers)))


def _planned():
  """Returns the configs that tables and figures have a place for."""
  flagfiles = [row.flagfile for row in tables.table2()]
  return [
      *(config for _, config in table1.rows()),
      *(training_flags.parse([f"--flagfile={file}"])[0] for file in flagfiles),
      *(plan.config for suite in _SUITES
        for plan in suite_plan.load_shipped(suite))]


def _reason(config, shown, planned):
  """Says why a config is not shown, and the same for all label corruptions.

  Args:
    config: the `Config`.
    shown: a set of `runs_lib.key_of` of the configs that are.
    planned: the configs that have a place.
  """
  if runs_lib.key_of(config) in shown:
    return ("in its place stand others of its flags, with another number of "
            "epochs or examples, or another of its seed")
  changes = min((_changes(config, other) for other in planned), key=len)
  changes.pop("label_corruption", None)
  changes.pop("subset", None)  # Of many networks; their share is named.
  if changes:
    return "none is for " + " ".join(
        f"--{name}={value}" for name, value in changes.items())
  return ("none is for its label corruption, or the figure that is needs runs "
          "at 0, at 1 and between on as many examples")


def _changes(config, other):
  """Returns what is otherwise in a config than in another, and not free."""
  mine, others = config.as_dict(), other.as_dict()
  return {name: mine.get(name) for name in {**others, **mine}
          if name not in runs_lib.FREE and mine.get(name) != others.get(name)}

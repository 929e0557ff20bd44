"""The runs a report is made from, found by their configs."""

import collections
import dataclasses
import math
import pathlib
import re

import numpy as np
import pandas as pd

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import declare
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.flags import theory as theory_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import loading
from rethink_tf.runs import results
from rethink_tf.suites import plan as suite_plan

# What does not tell one row or curve from another: how often the test set is
# measured, and what is recorded of examples, changes nothing, and the others
# are shown beside the numbers.
FREE = (
    "seed", "epochs", "train_examples", "eval_every", "stop_when_fitted",
    "precision", "record_examples", "measure_every", "halve_test_set")

# The class of each program's config.
_KINDS = {"train": training_flags.Config, **{
    kind.program: kind for kind in (
        linear_flags.LinearConfig, section5_flags.Section5Config,
        double_descent_flags.DoubleDescentConfig, theory_flags.Corollary1,
        theory_flags.Expressivity, theory_flags.Lemma1, theory_flags.Perceptron,
        theory_flags.Rademacher, theory_flags.Separation,
        theory_flags.Stability, theory_flags.VcDimension)}}
_NOT_FLAGS = ("program", "label_hash", "dataset_fingerprint")
# Columns of train's metrics.csv that no row is without.
_ALWAYS_MEASURED = ("step", "learning_rate", "train_loss", "train_accuracy")
_SAID_TWICE = ("dataset", "model", "seed")  # In config.json and result.json.
_FINGERPRINT = re.compile("[0-9a-z-]{1,64}")
_LABELS = re.compile("[0-9a-f]{64}")  # What --labels_file was.


def _always_in(kind):
  """Returns the fields that are in the config.json of each run of a class."""
  return {field.name for field in dataclasses.fields(kind)} - {
      "label_noise", "labels_file"}


# Of config.json, what is read of a run of another program than train.
_NEEDED = {
    "interpolate": _always_in(linear_flags.LinearConfig),
    "section5": _always_in(section5_flags.Section5Config),
    "double_descent": {"dataset"},
    "expressivity": {"method", "label_corruption"},
    "perceptron": {"dataset", "classes"},
    "rademacher": {"dataset"}, "separation": {"dataset"},
    "stability": {"dataset", "model", "n"}}


@dataclasses.dataclass(frozen=True)
class Run:
  """A finished run.

  Attributes:
    directory: path of its run directory.
    config: its `Config`.
    result: the dict of result.json.
    metrics: metrics.csv as a `pandas.DataFrame` indexed by epoch.
    label_kinds: label_kinds.csv likewise, or None.
    test_halves: test_halves.csv likewise, or None.
    measures: a dict from the name of each measure in measures.json to its
      value; empty where it was not measured.
  """

  directory: pathlib.Path
  config: training_flags.Config
  result: dict
  metrics: pd.DataFrame
  label_kinds: pd.DataFrame | None
  test_halves: pd.DataFrame | None = None
  measures: dict = dataclasses.field(default_factory=dict)

  @property
  def count(self):
    """Number of training examples."""
    return self.result["train_examples"]

  def describe_epochs(self, planned):
    """Returns for how many epochs it trained, as a table's cell.

    Args:
      planned: for how many it should have.
    """
    done, most = self.result["epochs"], self.config.epochs
    words = str(most) if most == planned else f"{most} of {planned}"
    if done != most:
      words = f"fitted, stopped after {done} of at most {words}"
    precision = self.config.precision
    return f"{words}; {precision}" if precision else words


@dataclasses.dataclass(frozen=True)
class Other:
  """A finished run of another program than train.

  Attributes:
    directory: path of its run directory.
    config: config.json as a dict; its "program" names the program.
    result: the dict of result.json.
    metrics: metrics.csv as a `pandas.DataFrame`.
  """

  directory: pathlib.Path
  config: dict
  result: dict
  metrics: pd.DataFrame


class Runs:
  """All finished runs below a folder.

  Args:
    runs: a list of `Run` and `Other`.
  """

  def __init__(self, runs):
    self._others = [run for run in runs if isinstance(run, Other)]
    training = [run for run in runs if isinstance(run, Run)]
    self._by_key = collections.defaultdict(list)
    for run in training:
      self._by_key[key_of(run.config)].append(run)

  def of(self, config):
    """Returns the runs of a config on any number of training examples.

    Seed, epochs and `eval_every` are free. On each number of examples, the
    runs with as many epochs as the config has (or, on fewer examples than all,
    as suites give it) stand alone; where there are none, those with the most
    below it do. On fewer examples than all, for which the paper has no number
    of epochs, those with the fewest above it are the last choice.

    Args:
      config: a `Config` for all training examples.

    Returns:
      A dict from the number of examples, the largest first, to a list of its
      repeats: `Run`s with different seeds.
    """
    by_count = collections.defaultdict(list)
    for run in self._by_key[key_of(config)]:
      by_count[run.count].append(run)
    chosen = {n: _choose(by_count[n], planned_epochs(config, n),
                         n < catalog.DATASETS[config.dataset].train_examples)
              for n in sorted(by_count, reverse=True)}
    return {n: runs for n, runs in chosen.items() if runs}

  def at(self, config, count):
    """Returns `of(config)` on one number of examples, perhaps an empty list."""
    return self.of(config).get(count, [])

  def corruptions(self, config):
    """Returns at which label corruptions a config was run, ascending."""
    configs = [run.config for run in self.of_training()]
    return sorted({
        other.label_corruption for other in configs
        if key_of(config) == key_of(dataclasses.replace(
            other, label_corruption=config.label_corruption))})

  def of_program(self, name):
    """Returns the `Other` runs of a program, in the order of their paths.

    Of the paper's labels only: tables and figures tell no others from them.
    """
    return [run for run in self._others if run.config["program"] == name
            and not {"label_noise", "labels_file"} & {*run.config}]

  def others(self):
    """Returns every `Other`, in the order of their paths."""
    return list(self._others)

  def of_training(self):
    """Returns every `Run`."""
    return [run for some in self._by_key.values() for run in some]

  def measured(self):
    """Returns the `Run`s that have measures."""
    return [run for run in self.of_training() if run.measures]

  def of_model(self, name):
    """Returns the `Run`s of a model."""
    return [run for run in self.of_training() if run.config.model == name]

  def best(self, config):
    """Returns `of(config)` on the most examples there are, or an empty list."""
    return next(iter(self.of(config).values()), [])

  def together(self, configs):
    """Returns a list of runs for each config, all on equally many examples.

    On the most for which every config has runs; None where there are none.
    """
    configs = list(configs)
    shared = set.intersection(*({*self.of(config)} for config in configs))
    return [self.at(c, max(shared)) for c in configs] if shared else None


def find(folder):
  """Reads every run directory below a folder.

  Args:
    folder: `pathlib.Path`.

  Returns:
    `(runs, left_out, damaged)`: `Runs`; a list of one-line messages on
    directories without a result and on runs of other data than most runs of
    that dataset, which are not to be averaged with them; and one on those that
    cannot be read, or were written by another version.
  """
  by_directory, left_out, damaged = {}, [], []
  for file in sorted(pathlib.Path(folder).rglob("config.json")):
    try:
      run = _read(file.parent)
    except (errors.StorageError, FileNotFoundError) as error:
      damaged.append(str(error))
      continue
    if run is None:
      left_out.append(f"{file.parent} is not done: left out")
    else:
      by_directory[file.parent] = run
  usual = _usual_fingerprints(by_directory.values())
  for directory, run in list(by_directory.items()):
    dataset, fingerprint = _data(run)
    if fingerprint != usual[dataset]:
      left_out.append(
          f"{directory} is of another {dataset[0]} (fingerprint "
          f"{str(fingerprint)[:8]}) than most runs "
          f"({str(usual[dataset])[:8]}): left out")
      del by_directory[directory]
  return Runs(list(by_directory.values())), left_out, damaged


def _data(run):
  """Returns `((dataset, part), fingerprint)` of a run; None where it has none.

  Of ImageNet there are samples: runs on equally many examples are compared.
  """
  config = run.config if isinstance(run, Other) else run.config.as_dict()
  recorded = {**config, **run.result}
  name = recorded.get("dataset")
  part = recorded.get("train_examples") if name == catalog.IMAGENET else None
  return (name, part), recorded.get("dataset_fingerprint")


def _usual_fingerprints(runs):
  """Returns the most frequent fingerprint of each dataset."""
  counts = collections.defaultdict(collections.Counter)
  for run in runs:
    dataset, fingerprint = _data(run)
    counts[dataset][fingerprint] += 1
  return {dataset: counter.most_common(1)[0][0]
          for dataset, counter in counts.items()}


def planned_epochs(config, count):
  """Returns for how many epochs a suite trains a config on n examples."""
  if count >= catalog.DATASETS[config.dataset].train_examples:
    return config.epochs
  return suite_plan.scaled_epochs(config.model, count, config.batch_size)


def _read(directory):
  loaded = loading.load_run(directory)
  if loaded.result is None:
    return None
  program = loaded.config.get("program", "train")
  if not isinstance(program, str):
    raise _another_version(directory)
  if program not in _KINDS:  # No row of any table, and no damage.
    return Other(directory, {"program": program}, {}, loaded.metrics)
  kind = _KINDS[program]
  recorded = {k: v for k, v in loaded.config.items() if k not in _NOT_FLAGS}
  labels = recorded.get("labels_file")
  typed = {k: v for k, v in recorded.items() if k != "labels_file"}
  try:
    declare.require_valid(kind, typed)
  except (KeyError, errors.UsageError):
    raise _another_version(directory) from None
  if labels is not None and not _LABELS.fullmatch(str(labels)):
    raise _another_version(directory)
  of_imagenet = recorded.get("dataset") == catalog.IMAGENET
  if (not _has_fingerprint({**loaded.config, **loaded.result})
      or any(loaded.result.get(name, value) != value
             for name, value in recorded.items() if name in _SAID_TWICE)
      or not results.is_whole(program, loaded.result, of_imagenet)):
    raise _another_version(directory)
  if program != "train":
    _check_columns(directory, loaded.metrics, results.COLUMNS.get(program, ()))
    if not _NEEDED.get(program, set()) <= set(recorded):
      raise _another_version(directory)
    return Other(directory, loaded.config, loaded.result, loaded.metrics)
  try:
    config = training_flags.read_config(loaded.config)
  except ValueError:
    raise _another_version(directory) from None
  # The strategy is a flag of the options, and so is not among those above.
  if set(recorded) != set(config.as_dict()) or config.strategy not in (
      None, training_flags.ASYNCHRONOUS):
    raise _another_version(directory)
  # As the config says, or fewer where it says that a fitted network stops.
  last = loaded.result.get("epochs") if config.stop_when_fitted else (
      config.epochs)
  rows = loaded.metrics.index
  if len(rows) != last or list(rows) != list(range(1, last + 1)):
    raise errors.StorageError(
        f"{directory / 'metrics.csv'} is damaged: expected epochs 1 to "
        f"{last}. Received: {len(loaded.metrics)} rows")
  _check_columns(directory, loaded.metrics, _ALWAYS_MEASURED)
  if any(fitted and fitted > last
         for fitted in loaded.result["epochs_to_fit"].values()):
    raise _another_version(directory)
  return Run(
      directory, config, loaded.result, loaded.metrics, loaded.label_kinds,
      loaded.test_halves, _read_measures(directory, loaded.result))


def _read_measures(directory, result):
  """Returns the numbers in a run's measures.json; {} where it is of no use.

  The program measure computes them anew where they are of other weights.
  """
  try:
    kept = run_directory.read_json(directory / "measures.json") or {}
  except errors.StorageError:
    return {}
  values = kept.get("values")
  if kept.get("weights_sha256") != result.get("weights_sha256") or (
      not isinstance(values, dict)):
    return {}
  return {name: float(value) for name, value in values.items()
          if isinstance(value, (int, float)) and math.isfinite(value)}


def _has_fingerprint(recorded):
  """Tells whether a run's data has its fingerprint, where the run has data."""
  return bool(_FINGERPRINT.fullmatch(
      str(recorded.get("dataset_fingerprint", "none"))))


def _check_columns(directory, metrics, columns):
  """Raises StorageError unless a table has columns, and numbers in them."""
  if columns and metrics.empty or not all(
      name in metrics and pd.api.types.is_numeric_dtype(metrics[name])
      and np.isfinite(metrics[name]).all() for name in columns):
    raise errors.StorageError(
        f"{directory / 'metrics.csv'} is damaged: expected numbers in the "
        f"columns {', '.join(sorted(columns))}")


def _another_version(directory):
  return errors.StorageError(
      f"{directory} was written by another version: left out")


def key_of(config):
  """Returns what of a config tells one row or curve from another, hashable."""
  return tuple((name, value) for name, value in config.as_dict().items()
               if name not in FREE)


def _choose(runs, planned, or_more):
  """Returns `_nearest` of one precision: float32, or one that is nearer."""
  by_precision = collections.defaultdict(list, {None: []})
  for run in runs:
    by_precision[run.config.precision].append(run)
  nearest = [_nearest(some, planned, or_more) for some in by_precision.values()]
  return min((some for some in nearest if some), default=[],
             key=lambda some: abs(some[0].config.epochs - planned))


def _nearest(runs, planned, or_more):
  """Returns the runs of the epochs nearest to those planned, by seed.

  Those of fewer epochs come before any of more, which only do if `or_more`.
  """
  lengths = {run.config.epochs for run in runs}
  length = max((n for n in lengths if n <= planned),
               default=min(lengths, default=None) if or_more else None)
  return list({r.config.seed: r for r in sorted(
      runs, key=lambda r: r.config.seed) if r.config.epochs == length}.values())

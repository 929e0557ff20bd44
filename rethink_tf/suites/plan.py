"""Suites: the runs of a table or figure, as data.

A suite is a TOML file in configs/suites, or anywhere:

    title = "..."
    include = ["fig1a"]                  # optional: the runs of other suites

    [[run]]
    name = "alexnet_small_p{p}"          # default: the flagfile's name
    flagfile = "configs/table1_row12.flags"
    flags.label_corruption = "{p}"       # any flag of train, on top of the file
    grid.p = [0, 0.5, 1]                 # a run for every combination ...
    zip.row = [3, 6]                     # ... and for each of these in step

`{p}` stands for the variable's value in names, flagfiles and flags. A flagfile
or suite may lie beside the file that names it; else it is one of the project's,
or relative to where the user is.
"""

import dataclasses
import itertools
import pathlib
import string
import tomllib

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry

_FOLDER = "configs/suites"
_TOP_KEYS = {"title", "include", "run"}
_KEYS = {"name", "flagfile", "flags", "grid", "zip"}
# Which reproduce says itself, of every run.
_OF_REPRODUCE = {"seed", "logdir", "data_dir"}
# On a few images a test takes longer than an epoch of training.
_SCALED_EVAL_EVERY = 10


@dataclasses.dataclass(frozen=True)
class PlannedRun:
  """One run of a suite.

  Attributes:
    name: what it is called, without the seed.
    config: its `Config`.
    flags: a tuple of str, flags of train that give this config.
  """

  name: str
  config: training_flags.Config
  flags: tuple[str, ...]

  @property
  def folder(self):
    """The run directory's default path below a suite's logdir."""
    name = f"{self.name}-{self.config.short_hash()}"
    return pathlib.Path(name) / f"seed{self.config.seed}"


def names():
  """Returns the names of the suites that come with the project."""
  return sorted(p.stem for p in paths.shipped(_FOLDER).glob("*.toml"))


def load(suite, seeds=(1,), train_examples=0):
  """Returns the `PlannedRun`s of a suite, in order, each config once.

  Args:
    suite: a name among `names()`, or the path of a suite file.
    seeds: a run is made with each.
    train_examples: use the first n training examples, and set the number of
      epochs to match; 0: what the suite says.

  Raises:
    UsageError: there is no such suite, or it is not what a suite should be.
  """
  try:
    expanded = list(_expanded(suite, ()))
  except (AttributeError, TypeError) as error:
    raise errors.UsageError(
        f"suite {suite}: expected what rethink_tf/suites/plan.py shows. "
        f"Received a value of another type ({error})") from error
  if not expanded:
    raise errors.UsageError(f"suite {suite}: expected runs. Received none")
  planned = {}
  for name, flags in expanded:
    for seed in seeds:
      run = _planned(suite, name, [*flags, f"--seed={seed}"], train_examples)
      planned.setdefault(run.config, run)
  return list(planned.values())


def scaled_epochs(model, train_examples, batch_size):
  """Returns for how many epochs a model trains on its first n examples."""
  known = registry.models()[model]
  steps_per_epoch = -(-train_examples // batch_size)
  least = max(n for n in known.epochs if n <= train_examples)
  return max(known.epochs[least], -(-known.steps // steps_per_epoch))


def _planned(suite, name, flags, train_examples):
  try:
    config, options = training_flags.parse(flags)
    if options.preview or options.overwrite or not options.resume:
      raise errors.UsageError(
          "expected a run that trains, and goes on where it was stopped. "
          "Received --preview, --overwrite or --noresume")
    if train_examples == catalog.DATASETS[config.dataset].train_examples:
      flags = [*flags, "--train_examples=0"]  # The runs on all of them.
    elif train_examples:
      epochs = scaled_epochs(config.model, train_examples, config.batch_size)
      flags = [
          *flags, f"--train_examples={train_examples}", f"--epochs={epochs}",
          f"--eval_every={_SCALED_EVAL_EVERY}",
          *(f"--{flag}={value}" for flag, value
            in registry.models()[config.model].scaled_flags.items())]
    config, _ = training_flags.parse(flags)
  except errors.UsageError as error:
    raise errors.UsageError(f"suite {suite}, run {name}: {error}") from error
  return PlannedRun(name, config, tuple(flags))


def _expanded(suite, including):
  """Yields `(name, flags)` of a suite's runs, included ones first."""
  if suite in including:
    raise errors.UsageError(f"suite {suite} includes itself")
  path = _find(suite)
  table = _toml(path)
  if set(table) - _TOP_KEYS or not set(table) & {"include", "run"}:
    raise errors.UsageError(
        f"suite {suite}: expected among {', '.join(sorted(_TOP_KEYS))} at the "
        "top, and runs or what to include. Received: "
        f"{', '.join(table) or 'nothing'}")
  for other in table.get("include", []):
    yield from _expanded(_beside(path, other), (*including, suite))
  for run in table.get("run", []):
    unknown = set(run) - _KEYS
    if unknown or "flagfile" not in run:
      raise errors.UsageError(
          f"suite {suite}: expected runs with a flagfile, and among "
          f"{', '.join(sorted(_KEYS))}. Received: {', '.join(run)}")
    refused = _OF_REPRODUCE & set(run.get("flags", {}))
    if refused:
      raise errors.UsageError(
          f"suite {suite}: expected flags of train but those that reproduce "
          f"sets. Received: {', '.join(sorted(refused))}")
    for values in _combinations(suite, run):
      name, flagfile, flags = _filled(suite, run, values)
      yield name, [f"--flagfile={_beside(path, flagfile)}", *flags]


def _combinations(suite, run):
  """Yields a dict of the variables' values for each run of an entry."""
  together = run.get("zip", {})
  if len({len(values) for values in together.values()}) > 1:
    raise errors.UsageError(
        f"suite {suite}: expected lists of one length under zip. Received: "
        + ", ".join(f"{k} of {len(v)}" for k, v in together.items()))
  in_step = [dict(zip(together, values)) for values in zip(*together.values())]
  grid = run.get("grid", {})
  for values in itertools.product(*grid.values()):
    for stepped in in_step or [{}]:
      yield {**dict(zip(grid, values)), **stepped}


def _filled(suite, run, values):
  def fill(text):
    try:
      return string.Formatter().vformat(str(text), (), values)
    except (KeyError, IndexError, ValueError) as error:
      raise errors.UsageError(
          f"suite {suite}: {text!r} names no variable of its run") from error

  flagfile = fill(run["flagfile"])
  name = fill(run.get("name", pathlib.Path(flagfile).stem))
  flags = [f"--{flag}={fill(v)}" for flag, v in run.get("flags", {}).items()]
  return name, flagfile, flags


def _beside(path, text):
  """Returns the path of a file beside a suite's, or the text as it is."""
  candidate = path.parent / text
  return str(candidate) if candidate.is_file() else text


def _find(suite):
  if suite in names():
    return paths.shipped(f"{_FOLDER}/{suite}.toml")
  path = paths.user_path(suite)
  if path.suffix != ".toml" or not path.is_file():
    raise errors.UsageError(
        f"--suite: expected one of {', '.join(names())}, or the path of a "
        f".toml file. Received: {suite!r}")
  return path


def _toml(path):
  try:
    return tomllib.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise errors.UsageError(f"{path} cannot be read: {error}") from error

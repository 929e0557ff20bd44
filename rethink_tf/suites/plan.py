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

`{p}` stands for the variable's value in names, flagfiles and flags. A name is
that of a folder. A flagfile or suite may lie beside the file that names it;
else it is one of the project's, or relative to where the user is.
"""

import dataclasses
import functools
import itertools
import math
import pathlib
import re

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.data import catalog
from rethink_tf.flags import declare
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry

_FOLDER = "configs/suites"
_SCALAR = (str, bool, int, float)
# What the top and a run may have: its type and, of a list or table, that of its
# entries.
_TOP_KEYS = {"title": (str,), "include": (list, str), "run": (list, dict)}
_KEYS = {
    "name": (str,), "flagfile": (str,), "flags": (dict, _SCALAR),
    "grid": (dict, list), "zip": (dict, list)}
# Which reproduce says itself, of every run.
_OF_REPRODUCE = {"seed", "logdir", "data_dir"}
_VARIABLE = re.compile(r"\{(\w+)\}")
_LONGEST_NAME = 150  # A file's may have 255 bytes, with hash and seed.
_MOST_RUNS = 10_000
_DEEPEST = 20  # Of suites that include suites.
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
    suite: a name among `names()`, or the path of a suite file; None, which is
      neither, is refused as others are.
    seeds: a run is made with each.
    train_examples: use the first n training examples, and set the number of
      epochs to match; 0: what the suite says.

  Raises:
    UsageError: there is no such suite, or it is not what a suite should be.
  """
  expanded = list(itertools.islice(_expanded(suite, ()), _MOST_RUNS + 1))
  if len(expanded) > _MOST_RUNS:
    raise errors.UsageError(
        f"suite {suite}: expected at most {_MOST_RUNS:,} runs. Received more")
  if not expanded:
    raise errors.UsageError(f"suite {suite}: expected runs. Received none")
  planned = {}
  for name, flags in expanded:
    for seed in seeds:
      run = _planned(suite, name, [*flags, f"--seed={seed}"], train_examples)
      planned.setdefault(run.config, run)
  return list(planned.values())


@functools.cache
def load_shipped(suite):
  """Returns `load(suite)` of a suite of the project's, as a tuple.

  Read once: unlike a user's file it does not change while a program runs, and
  the report asks for the same few some hundred times.
  """
  return tuple(load(suite))


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
  path = _find(suite).resolve()
  if path in including or len(including) == _DEEPEST:
    raise errors.UsageError(f"suite {suite} includes itself")
  table = _toml(path)
  if set(table) - set(_TOP_KEYS) or not set(table) & {"include", "run"}:
    raise errors.UsageError(
        f"suite {suite}: expected among {', '.join(sorted(_TOP_KEYS))} at the "
        "top, and runs or what to include. Received: "
        f"{', '.join(map(repr, table)) or 'nothing'}")
  _check_types(suite, table, _TOP_KEYS)
  for other in table.get("include", []):
    yield from _expanded(_beside(path, other), (*including, path))
  for run in table.get("run", []):
    _check_run(suite, run)
    for values in _combinations(suite, run):
      name, flagfile, flags = _filled(suite, run, values)
      yield name, [f"--flagfile={_beside(path, flagfile)}", *flags]


def _check_run(suite, run):
  """Raises UsageError unless a table of a suite is a run."""
  unknown = set(run) - set(_KEYS)
  if unknown or "flagfile" not in run:
    raise errors.UsageError(
        f"suite {suite}: expected runs with a flagfile, and among "
        f"{', '.join(sorted(_KEYS))}. Received: {', '.join(map(repr, run))}")
  _check_types(suite, run, _KEYS)
  for variables in (run.get("grid", {}), run.get("zip", {})):
    for name, values in variables.items():
      _check_type(suite, f"each of {name}", values, (list, _SCALAR))
  flags = set(run.get("flags", {}))
  known = {*declare.names(training_flags.Config, training_flags.Options)}
  refused = (_OF_REPRODUCE & flags) or (flags - known)
  if refused:
    raise errors.UsageError(
        f"suite {suite}: expected flags of train but those that reproduce "
        f"sets. Received: {', '.join(sorted(refused))}")


def _check_types(suite, table, keys):
  for name, value in table.items():
    _check_type(suite, name, value, keys[name])


def _check_type(suite, name, value, kinds):
  """Raises UsageError unless a value is of a type, and its entries of another.

  Args:
    suite: the suite's name; name: what the message calls the value.
    value: of a TOML file.
    kinds: its type and, of a list or table, that of its entries or values.
  """
  parts = value.values() if isinstance(value, dict) else value
  if not isinstance(value, kinds[0]) or len(kinds) > 1 and not all(
      isinstance(part, kinds[1]) for part in parts):
    raise errors.UsageError(
        f"suite {suite}: expected what rethink_tf/suites/plan.py shows. "
        f"Received under {name} a value of another type")


def _combinations(suite, run):
  """Yields a dict of the variables' values for each run of an entry."""
  together = run.get("zip", {})
  if len({len(values) for values in together.values()}) > 1:
    raise errors.UsageError(
        f"suite {suite}: expected lists of one length under zip. Received: "
        + ", ".join(f"{k} of {len(v)}" for k, v in together.items()))
  in_step = [dict(zip(together, values)) for values in zip(*together.values())]
  grid = run.get("grid", {})
  if math.prod(map(len, grid.values())) > _MOST_RUNS:
    raise errors.UsageError(
        f"suite {suite}: expected at most {_MOST_RUNS:,} runs of a grid. "
        "Received more")
  for values in itertools.product(*grid.values()):
    for stepped in in_step or [{}]:
      yield {**dict(zip(grid, values)), **stepped}


def _filled(suite, run, values):
  def fill(text):
    unknown = set(_VARIABLE.findall(text)) - set(values)
    rest = _VARIABLE.sub("", text)
    if unknown or "{" in rest or "}" in rest:
      raise errors.UsageError(
          f"suite {suite}: {_shown(text)} names no variable of its run")
    return _VARIABLE.sub(lambda match: str(values[match[1]]), text)

  flagfile = fill(run["flagfile"])
  name = fill(run.get("name", pathlib.PurePath(flagfile).stem))
  if not _is_name(name):
    raise errors.UsageError(
        f"suite {suite}: expected a name that a folder may have, at most "
        f"{_LONGEST_NAME} characters that are printed, none of them a slash. "
        f"Received: {_shown(name)}")
  flags = [f"--{flag}={fill(str(v))}"
           for flag, v in run.get("flags", {}).items()]
  for text in (flagfile, *flags):
    if not text.isprintable():
      raise errors.UsageError(
          f"suite {suite}: expected characters that are printed. Received: "
          f"{_shown(text)}")
  return name, flagfile, flags


def _is_name(text):
  """Tells whether a text is a plain component of a path."""
  return (text.isprintable() and "/" not in text and not text.startswith(".")
          and 0 < len(text.encode()) <= _LONGEST_NAME)


def _shown(text):
  """Returns a text as a message has it: quoted, and not at any length."""
  return repr(text if len(text) <= 80 else text[:80] + "...")


def _beside(path, text):
  """Returns the path of a file beside a suite's, or the text as it is."""
  candidate = path.parent / text
  return str(candidate) if paths.is_file(candidate) else text


def _find(suite):
  if suite in names():
    return paths.shipped(f"{_FOLDER}/{suite}.toml")
  path = paths.user_path(suite or "")
  if path.suffix != ".toml" or not paths.is_file(path):
    raise errors.UsageError(
        f"--suite: expected one of {', '.join(names())}, or the path of a "
        f".toml file. Received: {repr(suite) if suite else 'nothing'}")
  return path


def _toml(path):
  try:
    return documents.read_toml(path)
  except (OSError, ValueError) as error:
    raise errors.UsageError(f"{path} cannot be read: {error}") from error

"""The flags of the program that compares kernels on held-out images."""

import dataclasses
import itertools
import pathlib

from absl import flags

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import flagfile
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import values as flag_values


@dataclasses.dataclass(frozen=True)
class SelectOptions:
  """How choices are compared on held-out training data.

  Attributes:
    choices: list of `(text, LinearConfig)`, the flags tried and all of them.
    folds: parts that the training examples are cut into, each held out once.
    out: folder for the table.
    data_dir: as of `Options`.
    memory_gb: as of `LinearOptions`.
  """

  choices: list[tuple[str, linear_flags.LinearConfig]]
  folds: int
  out: pathlib.Path
  data_dir: pathlib.Path | None
  memory_gb: float


def parse_select(arguments):
  """Turns the selection's command-line arguments into `SelectOptions`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  expanded, file = flagfile.expand(arguments)
  values = linear_flags.define_flags()
  _define_select_options(values)
  flag_values.read(
      values, "select_kernel", expanded,
      "Compares choices of flags by cross-validation on training data.")
  flag_values.in_range(
      "folds", values.folds, "a whole number from 2 to 100",
      lambda x: 2 <= x <= 100)
  choices = _choices(expanded, values["try"].value or ())
  fewest = min(config.examples for _, config in choices)
  flag_values.in_range(
      "train_examples", fewest, f"at least one a fold of {values.folds}",
      lambda x: x >= values.folds)
  stem = pathlib.Path(file).stem if file else "select_kernel"
  out = flag_values.path("out", values) or (
      paths.workspace() / "runs" / f"{stem}-selection")
  return SelectOptions(
      choices, values.folds, out, flag_values.path("data_dir", values),
      values.memory_gb)


def _choices(arguments, tried):
  """Returns `(text, LinearConfig)` of every combination of the flags tried."""
  fields = dataclasses.fields(linear_flags.LinearConfig)
  names = [field.name for field in fields]
  grids = []
  for text in tried:
    name, equals, values = text.partition("=")
    if not equals or name not in names:
      raise errors.UsageError(
          "--try: expected FLAG=VALUE,VALUE,... with a flag of the model. "
          f"Received: {text!r}")
    grids.append([f"--{name}={value}" for value in values.split(",")])
  choices = []
  for combination in itertools.product(*grids):
    values = linear_flags.define_flags()
    _define_select_options(values)
    flag_values.read(values, "select_kernel", [*arguments, *combination], "")
    choices.append((" ".join(combination), linear_flags.from_flags(values)))
  return choices


def _define_select_options(values):
  where = {"flag_values": values}
  flags.DEFINE_multi_string(
      "try", None, "FLAG=VALUE,VALUE,...: values of a flag to compare; given "
      "again, every combination.", **where)
  flags.DEFINE_integer(
      "folds", 5, "Parts of the training examples, each held out once.",
      **where)
  flags.DEFINE_string("out", None, "Folder to write the table to.", **where)

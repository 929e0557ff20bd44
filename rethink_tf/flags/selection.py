"""The flags of the program that compares kernels on held-out images."""

import dataclasses
import itertools
import pathlib

from absl import flags

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import run as run_flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class SelectOptions(run_flags.DataOptions, linear_flags.MemoryOptions):
  """How choices are compared on held-out training data.

  Choices are `(text, LinearConfig)`: the flags tried, and all of them.
  """

  tried: tuple[str, ...] | None = declare.what(
      None, "FLAG=VALUE,VALUE,...: values of a flag to compare; given again, "
      "every combination.", name="try", define=flags.DEFINE_multi_string,
      common=True)
  folds: int = declare.data(
      5, "Parts of the training examples, each held out once.",
      checks.whole(2, 100), common=True)
  out: pathlib.Path = declare.run(
      declare.REQUIRED, "Folder to write the table to.", common=True)
  choices: list[tuple[str, linear_flags.LinearConfig]]

  def check(self):
    """Raises UsageError where a choice has too few examples."""
    fewest = min(config.examples for _, config in self.choices)
    checks.in_range(
        "train_examples", fewest, f"at least one a fold of {self.folds}",
        lambda x: x >= self.folds)


def parse_select(arguments):
  """Turns arguments into `SelectOptions`; raises what `training.parse` does."""
  values, stem = _read(arguments)
  return declare.build(
      SelectOptions, values, choices=_choices(arguments, values["try"].value),
      out=paths.workspace() / "runs" / f"{stem or 'select_kernel'}-selection")


def _read(arguments):
  return declare.read(
      "select_kernel",
      "Compares choices of flags by cross-validation on training data.",
      arguments, linear_flags.LinearConfig, SelectOptions,
      example="--dataset=digits --try=l2=0,1")


def _choices(arguments, tried):
  """Returns `(text, LinearConfig)` of every combination of the flags tried."""
  names = declare.names(linear_flags.LinearConfig)
  grids = []
  for text in tried or ():
    name, equals, values = text.partition("=")
    if not equals or name not in names:
      raise errors.UsageError(
          "--try: expected FLAG=VALUE,VALUE,... with a flag of the model. "
          f"Received: {text!r}")
    grids.append([f"--{name}={value}" for value in values.split(",")])
  choices = []
  for combination in itertools.product(*grids):
    values, _ = _read([*arguments, *combination])
    choices.append((" ".join(combination),
                    declare.build(linear_flags.LinearConfig, values)))
  return choices

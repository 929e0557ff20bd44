"""The flags of the program that measures Section 5's statements."""

import dataclasses
import pathlib
import typing

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import training as training_flags

_MOST_EXAMPLES = 20_000


@dataclasses.dataclass(frozen=True)
class Section5Config(linear_flags.LinearConfig):
  """A linear model, and all else that determines how it is measured."""

  program: typing.ClassVar[str] = "section5"

  # A few dense n x n problems: what a minute does.
  train_examples: int = training_flags.declare_train_examples(1000)
  test_examples: int = declare.data(500, "Use the first m test examples.")
  sgd_examples: int = declare.optimizer(
      100, "Training examples that SGD sees.")
  sgd_epochs: int = declare.optimizer(
      300, "Passes of SGD over them.", checks.whole(1, 2**31 - 1))

  def check(self):
    """Raises UsageError where fields do not go together."""
    if self.preprocessing == "random_convnet":
      raise errors.UsageError(
          "--preprocessing: expected none or gabor, whose points are in memory."
          " Received: 'random_convnet'")
    if self.kernel != "gaussian":
      raise errors.UsageError(
          f"--kernel: expected gaussian. Received: {self.kernel!r}")
    checks.whole(1, _MOST_EXAMPLES)("train_examples", self.train_examples)
    checks.whole(1, catalog.DATASETS[self.dataset].test_examples)(
        "test_examples", self.test_examples)
    checks.whole(1, self.examples)("sgd_examples", self.sgd_examples)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Section5Options(run_flags.RunOptions, linear_flags.MemoryOptions):
  """How measuring starts."""

  logdir: pathlib.Path = run_flags.declare_logdir("section5 and data")


def parse_section5(arguments):
  """Turns arguments into `(Section5Config, Section5Options)`.

  It raises what `training.parse` does.
  """
  values, _ = declare.read(
      "section5", "Measures Section 5's statements about linear models.",
      arguments, Section5Config, Section5Options,
      example="--dataset=digits --l2=0.1")
  return run_flags.build(
      Section5Config, Section5Options, values, arguments,
      lambda config: f"section5_{config.dataset}")

"""The flags of the program that varies the number of random features."""

import dataclasses
import pathlib
import typing

from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import training as training_flags

_MOST_EXAMPLES = 20_000
_MOST_FEATURES = 200_000
# Numbers of features over that of examples: closest where the error changes
# most.
_RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.2, 1.5, 2,
           3, 5, 10)


def _examples(fields):
  return fields["train_examples"] or catalog.DATASETS[
      fields["dataset"]].train_examples


def _choose_features(fields):
  count = _examples(fields)
  return tuple(dict.fromkeys(
      max(2, 2 * round(ratio * count / 2)) for ratio in _RATIOS))


def _check_examples(name, value, fields):
  checks.whole(1, _MOST_EXAMPLES, ", of which a factor fits into memory")(
      name, _examples({**fields, name: value}))


@dataclasses.dataclass(frozen=True)
class DoubleDescentConfig(run_flags.RunConfig):
  """All that determines errors and norms by the number of features."""

  program: typing.ClassVar[str] = "double_descent"

  dataset: str = declare.choice("mnist", catalog.IN_MEMORY)
  train_examples: int = declare.data(
      1000, "Use the first n training examples; 0: all.",
      training_flags.count_from(0), _check_examples)
  label_corruption: tuple[float, ...] = run_flags.declare_label_corruption(
      (0.0, 0.2, 0.5))
  features: tuple[int, ...] = declare.what(
      (), "Numbers of random Fourier features, even ones, with commas; "
      "default: 17 from n/10 to 10 n.",
      checks.within(
          f"even numbers from 2 to {_MOST_FEATURES:,}",
          lambda x: 2 <= x <= _MOST_FEATURES and x % 2 == 0),
      typed=None, fill=_choose_features)
  l2: tuple[float, ...] = declare.what(
      (0.0, 0.1), "Penalties l2 * ||w||^2 on the sum of squared errors, with "
      "commas; 0: the minimum-norm solution.", linear_flags.AMOUNT)
  bandwidth: float = declare.what(
      5.0, "Of the Gaussian kernel that the features stand for.",
      linear_flags.SCALE)
  seed: int = run_flags.declare_seed()
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()

  @property
  def examples(self):
    """Number of training examples."""
    return _examples(dataclasses.asdict(self))


@dataclasses.dataclass(frozen=True, kw_only=True)
class DoubleDescentOptions(run_flags.RunOptions, linear_flags.MemoryOptions):
  """How measuring starts."""

  logdir: pathlib.Path = run_flags.declare_logdir("double_descent and data")


def parse_double_descent(arguments):
  """Turns arguments into `(DoubleDescentConfig, DoubleDescentOptions)`.

  It raises what `training.parse` does.
  """
  values, _ = declare.read(
      "double_descent", "Fits random features by least squares, from fewer "
      "features than examples to more.", arguments, DoubleDescentConfig,
      DoubleDescentOptions, example="--dataset=digits")
  return run_flags.build(
      DoubleDescentConfig, DoubleDescentOptions, values, arguments,
      lambda config: f"double_descent_{config.dataset}")

"""The flags of a linear model, and of the program that solves it."""

import dataclasses
import math
import pathlib
import typing

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import training as training_flags

# What makes points of images, by Table 3's words.
PREPROCESSINGS = ("none", "gabor", "random_convnet")
KERNELS = ("gaussian", "linear")
SOLVERS = ("cholesky", "cg")
# The solvers' factors are float32, whose largest number is 3.4e38.
AMOUNT = checks.within("a number from 0 to 1e30", lambda x: 0 <= x <= 1e30)
SCALE = checks.within(
    "a number > 0, from 1e-30 to 1e30", lambda x: 1e-30 <= x <= 1e30)


def _is_preprocessed_by(name):
  """Returns what tells whether a flag of one preprocessing is used."""
  return lambda fields: fields["preprocessing"] == name


def _parse_wavelengths(name, text):
  try:
    numbers = tuple(float(part) for part in text.split("+"))
  except ValueError:
    numbers = (math.nan,)
  if not all(2 <= number <= 28 for number in numbers):
    raise errors.UsageError(
        f"--{name}: expected numbers of pixels from 2 to 28, joined by +. "
        f"Received: {text!r}")
  return numbers


@dataclasses.dataclass(frozen=True)
class LinearConfig(run_flags.RunConfig):
  """All that determines the result of solving K A = Y.

  What belongs to another kernel or preprocessing is None.
  """

  program: typing.ClassVar[str] = "interpolate"

  dataset: str = declare.choice("mnist", catalog.IN_MEMORY, common=True)
  train_examples: int = training_flags.declare_train_examples(0)
  label_corruption: float = run_flags.declare_label_corruption(0.0)
  preprocessing: str = declare.choice("none", PREPROCESSINGS, common=True)
  kernel: str = declare.choice(
      "gaussian", KERNELS,
      "; default: linear for random_convnet, gaussian else",
      fill=lambda fields: "linear" if (
          fields["preprocessing"] == "random_convnet") else "gaussian",
      common=True)
  bandwidth: float | None = declare.what(
      5.0, "Of the Gaussian kernel exp(-||x - y||^2 / (2 bandwidth^2)).",
      SCALE, used_if=lambda fields: fields["kernel"] == "gaussian",
      common=True)
  l2: float = declare.what(
      0.0, "Added to the Gram matrix's diagonal.", AMOUNT, common=True)
  orientations: int | None = declare.what(
      8, "Of Gabor wavelets.", checks.whole(1, 64),
      used_if=_is_preprocessed_by("gabor"))
  wavelengths: tuple[float, ...] | None = declare.what(
      (4.0, 8.0), "Of Gabor wavelets, in pixels, joined by +.", typed="4+8",
      parse=_parse_wavelengths, used_if=_is_preprocessed_by("gabor"))
  spacing: int | None = declare.what(
      4, "Pixels between the places that Gabor wavelets are averaged at.",
      checks.whole(1, 28), used_if=_is_preprocessed_by("gabor"))
  filters: int | None = declare.what(
      1000, "Of the random convolutional network.", checks.whole(1, 1_000_000),
      used_if=_is_preprocessed_by("random_convnet"))
  threshold: float | None = declare.what(
      0.25, "What a random filter's response loses when it is rectified.",
      AMOUNT, used_if=_is_preprocessed_by("random_convnet"))
  solver: str = declare.optimizer(
      "cholesky", "cholesky: a factor of the matrix in memory; cg: nothing "
      "n x n in memory, slower.", checks.one_of(SOLVERS))
  tolerance: float = declare.optimizer(
      1e-4, "Relative residual to reach.",
      checks.within("a number from 1e-12 to 1", lambda x: 1e-12 <= x <= 1))
  seed: int = run_flags.declare_seed()
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()

  @property
  def examples(self):
    """Number of training examples."""
    return self.train_examples or catalog.DATASETS[self.dataset].train_examples


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemoryOptions(declare.Flags):
  """How much memory is taken."""

  memory_gb: float = declare.run(
      0.0, "GB of memory to stay below; 0: what is available.",
      checks.NOT_NEGATIVE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LinearOptions(run_flags.RunOptions, MemoryOptions):
  """How solving starts, beside what `RunOptions` say."""

  logdir: pathlib.Path = run_flags.declare_logdir("flagfile or data")
  checkpoint: bool = declare.run(
      True, "Keep finished blocks on disk, so that a stopped run goes on.")
  checkpoint_minutes: float = run_flags.declare_checkpoint_minutes(
      "writes of the accumulated Gram matrix of random_convnet")


def parse_interpolate(arguments):
  """Turns arguments into `(LinearConfig, LinearOptions)`.

  It raises what `training.parse` does.
  """
  values, stem = declare.read(
      "interpolate",
      "Solves K A = Y for a Gram matrix K, as Section 5 and Table 3 do.",
      arguments, LinearConfig, LinearOptions, example="--dataset=digits")
  return run_flags.build(
      LinearConfig, LinearOptions, values, arguments,
      lambda config: stem or (
          f"interpolate_{config.dataset}_{config.preprocessing}"))

"""The flags of a linear model, and of the program that solves it."""

import dataclasses
import math
import pathlib

from absl import flags

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import flagfile
from rethink_tf.flags import values as flag_values

# What makes points of images, by Table 3's words.
PREPROCESSINGS = ("none", "gabor", "random_convnet")
KERNELS = ("gaussian", "linear")
SOLVERS = ("cholesky", "cg")


@dataclasses.dataclass(frozen=True)
class LinearConfig:
  """All that determines the result of solving K A = Y: so, no path.

  Attributes:
    dataset: one of `catalog.IN_MEMORY`.
    train_examples: the first n training examples; 0: all.
    label_corruption: as of `Config`.
    preprocessing: one of `PREPROCESSINGS`.
    kernel: one of `KERNELS`.
    bandwidth: of the Gaussian kernel exp(-||x - y||^2 / (2 bandwidth^2)); None
      for the linear one.
    l2: added to the Gram matrix's diagonal.
    orientations, wavelengths, spacing: of "gabor"; else None.
    filters, threshold: of "random_convnet"; else None.
    solver: one of `SOLVERS`.
    tolerance: relative residual to reach.
    seed: of every random stream.
  """

  dataset: str = "mnist"
  train_examples: int = 0
  label_corruption: float = 0.0
  preprocessing: str = "none"
  kernel: str = "gaussian"
  bandwidth: float | None = 5.0
  l2: float = 0.0
  orientations: int | None = 8
  wavelengths: tuple[float, ...] | None = (4.0, 8.0)
  spacing: int | None = 4
  filters: int | None = 1000
  threshold: float | None = 0.25
  solver: str = "cholesky"
  tolerance: float = 1e-4
  seed: int = 1

  def as_dict(self):
    """Returns the fields as a dict that `json` writes and reads unchanged."""
    fields = dataclasses.asdict(self)
    waves = fields["wavelengths"]
    return {"program": "interpolate", **fields,
            "wavelengths": waves and list(waves)}

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    return flag_values.short_hash(self.as_dict())

  @property
  def examples(self):
    """Number of training examples."""
    return self.train_examples or catalog.DATASETS[self.dataset].train_examples


@dataclasses.dataclass(frozen=True)
class LinearOptions:
  """Where a linear model is kept and how it starts: no part of its result.

  Attributes:
    logdir, data_dir, resume, overwrite, arguments: as of `Options`.
    checkpoint: whether to keep on disk what a stopped run goes on from.
    checkpoint_minutes: minutes between writes of what is written whole.
    memory_gb: memory to stay below; 0: what is available.
  """

  logdir: pathlib.Path
  data_dir: pathlib.Path | None = None
  resume: bool = True
  overwrite: bool = False
  checkpoint: bool = True
  checkpoint_minutes: float = 10.0
  memory_gb: float = 0.0
  arguments: tuple[str, ...] = ()


def parse_interpolate(arguments):
  """Turns command-line arguments into `(LinearConfig, LinearOptions)`.

  Args:
    arguments: list of str, without the program name.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  expanded, file = flagfile.expand(arguments)
  values = define_flags()
  _define_linear_options(values)
  flag_values.read(
      values, "interpolate", expanded,
      "Solves K A = Y for a Gram matrix K, as Section 5 and Table 3 do.\n"
      "--flagfile=PATH reads flags from a file; flags given directly win.")
  config = from_flags(values)
  flag_values.in_range(
      "checkpoint_minutes", values.checkpoint_minutes, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  name = pathlib.Path(file).stem if file else (
      f"interpolate_{config.dataset}_{config.preprocessing}")
  return config, LinearOptions(
      logdir=flag_values.path("logdir", values) or (
          flag_values.default_logdir(name, config)),
      data_dir=flag_values.path("data_dir", values),
      arguments=tuple(arguments),
      **{name: getattr(values, name) for name in (
          "resume", "overwrite", "checkpoint", "checkpoint_minutes",
          "memory_gb")})


def define_flags():
  """Returns `FlagValues` with the flags of the model, its data and memory."""
  values = flags.FlagValues()
  default = LinearConfig()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "dataset", default.dataset,
      f"One of {', '.join(catalog.IN_MEMORY)}.", **where)
  flags.DEFINE_integer(
      "train_examples", default.train_examples,
      "Use the first n training examples; 0: all.", **where)
  flags.DEFINE_float(
      "label_corruption", default.label_corruption, "Probability that a "
      "training label becomes a uniform random class.", **where)
  flags.DEFINE_string(
      "preprocessing", default.preprocessing,
      f"One of {', '.join(PREPROCESSINGS)}.", **where)
  flags.DEFINE_string(
      "kernel", None, f"One of {', '.join(KERNELS)}; default: linear for "
      "random_convnet, gaussian else.", **where)
  flags.DEFINE_float(
      "bandwidth", default.bandwidth,
      "Of the Gaussian kernel exp(-||x - y||^2 / (2 bandwidth^2)).", **where)
  flags.DEFINE_float(
      "l2", default.l2, "Added to the Gram matrix's diagonal.", **where)
  flags.DEFINE_integer(
      "orientations", default.orientations, "Of Gabor wavelets.", **where)
  flags.DEFINE_string(
      "wavelengths", "4+8", "Of Gabor wavelets, in pixels, joined by +.",
      **where)
  flags.DEFINE_integer(
      "spacing", default.spacing, "Pixels between the places that Gabor "
      "wavelets are averaged at.", **where)
  flags.DEFINE_integer(
      "filters", default.filters, "Of the random convolutional network.",
      **where)
  flags.DEFINE_float(
      "threshold", default.threshold, "What a random filter's response loses "
      "when it is rectified.", **where)
  flags.DEFINE_string(
      "solver", default.solver, "cholesky: a factor of the matrix in memory; "
      "cg: nothing n x n in memory, slower.", **where)
  flags.DEFINE_float(
      "tolerance", default.tolerance, "Relative residual to reach.", **where)
  flags.DEFINE_integer(
      "seed", default.seed, "Seed of every random stream.", **where)
  flags.DEFINE_string(
      "data_dir", None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", **where)
  flags.DEFINE_float(
      "memory_gb", 0.0, "GB of memory to stay below; 0: what is available.",
      **where)
  return values


def _define_linear_options(values):
  define_run_directory(values)
  where = {"flag_values": values}
  flags.DEFINE_bool(
      "checkpoint", True, "Keep finished blocks on disk, so that a stopped run "
      "goes on.", **where)
  flags.DEFINE_float(
      "checkpoint_minutes", LinearOptions.checkpoint_minutes, "Minutes between "
      "writes of the accumulated Gram matrix of random_convnet.", **where)


def define_run_directory(values):
  """Adds to `FlagValues` the flags of the run directory."""
  where = {"flag_values": values}
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<flagfile or data>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_bool(
      "resume", True, "Go on from what the run directory holds.", **where)
  flags.DEFINE_bool(
      "overwrite", False, "Replace an earlier run in the run directory.",
      **where)


def from_flags(values):
  """Returns the `LinearConfig` that `FlagValues` of `define_flags` describe.

  Raises:
    UsageError: a value out of range.
  """
  for name, allowed in (
      ("dataset", catalog.IN_MEMORY), ("preprocessing", PREPROCESSINGS),
      ("solver", SOLVERS)):
    flag_values.one_of(name, getattr(values, name), allowed)
  net = values.preprocessing == "random_convnet"
  gabor = values.preprocessing == "gabor"
  kernel = values.kernel
  if kernel is None:
    kernel = "linear" if net else "gaussian"
  flag_values.one_of("kernel", kernel, KERNELS)
  flag_values.in_range(
      "bandwidth", values.bandwidth, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  for name in ("l2", "threshold", "memory_gb"):
    flag_values.in_range(
        name, getattr(values, name), "a finite number >= 0",
        lambda x: 0 <= x < math.inf)
  flag_values.in_range(
      "label_corruption", values.label_corruption, "a number in [0, 1]",
      lambda x: 0 <= x <= 1)
  flag_values.in_range(
      "tolerance", values.tolerance, "a number from 1e-12 to 1",
      lambda x: 1e-12 <= x <= 1)
  for name, most in (
      ("orientations", 64), ("spacing", 28), ("filters", 1_000_000)):
    flag_values.in_range(
        name, getattr(values, name), f"a whole number from 1 to {most:,}",
        lambda x, most=most: 1 <= x <= most)
  flag_values.in_range(
      "seed", values.seed, "a whole number from 0 to 2^31 - 1",
      lambda x: 0 <= x < 2**31)
  available = catalog.DATASETS[values.dataset].train_examples
  flag_values.in_range(
      "train_examples", values.train_examples,
      f"a whole number from 0 to {available:,}, all that "
      f"{values.dataset} has",
      lambda x: 0 <= x <= available)
  wavelengths = _wavelengths(values.wavelengths)
  return LinearConfig(
      dataset=values.dataset,
      train_examples=values.train_examples,
      label_corruption=values.label_corruption,
      preprocessing=values.preprocessing,
      kernel=kernel,
      bandwidth=values.bandwidth if kernel == "gaussian" else None,
      l2=values.l2,
      orientations=values.orientations if gabor else None,
      wavelengths=wavelengths if gabor else None,
      spacing=values.spacing if gabor else None,
      filters=values.filters if net else None,
      threshold=values.threshold if net else None,
      solver=values.solver,
      tolerance=values.tolerance,
      seed=values.seed)


def _wavelengths(text):
  expected = "numbers of pixels from 2 to 28, joined by +"
  try:
    numbers = tuple(float(part) for part in text.split("+"))
  except ValueError:
    numbers = (math.nan,)
  if not all(2 <= number <= 28 for number in numbers):
    raise errors.UsageError(
        f"--wavelengths: expected {expected}. Received: {text!r}")
  return numbers

"""The flags of Section 5's programs on linear models."""

import dataclasses
import itertools
import math
import pathlib

from absl import flags

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import flag_values
from rethink_tf import flagfile
from rethink_tf import paths

# Section 5: linear models. What makes points of images, by Table 3's words.
PREPROCESSINGS = ("none", "gabor", "random_convnet")
KERNELS = ("gaussian", "linear")
SOLVERS = ("cholesky", "cg")


@dataclasses.dataclass(frozen=True)
class LinearConfig:
  """All that determines the result of solving K A = Y: so, no path.

  Attributes:
    dataset: one of `DATASETS`.
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
    return self.train_examples or config_lib.TRAIN_EXAMPLES[self.dataset]


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
  values = _define_linear_flags()
  _define_linear_options(values)
  flag_values.read(values, "interpolate", expanded,
        "Solves K A = Y for a Gram matrix K, as Section 5 and Table 3 do.\n"
        "--flagfile=PATH reads flags from a file; flags given directly win.")
  config = _linear_config(values)
  flag_values.in_range(
      "checkpoint_minutes", values.checkpoint_minutes, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  flag_values.in_range(
      "memory_gb", values.memory_gb, "a finite number >= 0",
      lambda x: 0 <= x < math.inf)
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

  choices: list[tuple[str, LinearConfig]]
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
  values = _define_linear_flags()
  _define_select_options(values)
  flag_values.read(values, "select_kernel", expanded,
        "Compares choices of flags by cross-validation on training data.")
  flag_values.in_range(
      "folds", values.folds, "a whole number from 2 to 100",
      lambda x: 2 <= x <= 100)
  flag_values.in_range(
      "memory_gb", values.memory_gb, "a finite number >= 0",
      lambda x: 0 <= x < math.inf)
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


@dataclasses.dataclass(frozen=True)
class Section5Config:
  """All that determines how Section 5's statements are measured: so, no path.

  Attributes:
    model: the `LinearConfig`, of the data, the kernel and the seed.
    test_examples: how many test examples are used.
    sgd_examples: training examples that SGD sees.
    sgd_epochs: passes of SGD over them.
  """

  model: LinearConfig
  test_examples: int
  sgd_examples: int
  sgd_epochs: int

  @property
  def seed(self):
    return self.model.seed

  def as_dict(self):
    """Returns the fields as a dict that `json` writes and reads unchanged."""
    own = {name: getattr(self, name) for name in (
        "test_examples", "sgd_examples", "sgd_epochs")}
    return {**self.model.as_dict(), "program": "section5", **own}

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    return flag_values.short_hash(self.as_dict())


def parse_section5(arguments):
  """Turns command-line arguments into `(Section5Config, LinearOptions)`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  expanded, _ = flagfile.expand(arguments)
  values = _define_linear_flags()
  _define_run_directory(values)
  where = {"flag_values": values}
  # A few dense n x n problems: what a minute does.
  values.set_default("train_examples", 1000)
  flags.DEFINE_integer(
      "test_examples", 500, "Use the first m test examples.", **where)
  flags.DEFINE_integer(
      "sgd_examples", 100, "Training examples that SGD sees.", **where)
  flags.DEFINE_integer(
      "sgd_epochs", 300, "Passes of SGD over them.", **where)
  flag_values.read(values, "section5", expanded,
                   "Measures Section 5's statements about linear models.")
  model = _linear_config(values)
  if model.preprocessing == "random_convnet":
    raise errors.UsageError(
        "--preprocessing: expected none or gabor, whose points are in memory. "
        "Received: 'random_convnet'")
  if model.kernel != "gaussian":
    raise errors.UsageError(
        f"--kernel: expected gaussian. Received: {model.kernel!r}")
  most = {"train_examples": 20_000,
          "test_examples": config_lib.TEST_EXAMPLES[model.dataset],
          "sgd_examples": model.examples, "sgd_epochs": 2**31 - 1}
  for name, limit in most.items():
    flag_values.in_range(
        name, getattr(values, name), f"a whole number from 1 to {limit:,}",
        lambda x, limit=limit: 1 <= x <= limit)
  config = Section5Config(
      model, values.test_examples, values.sgd_examples, values.sgd_epochs)
  return config, LinearOptions(
      logdir=flag_values.path("logdir", values) or (
          flag_values.default_logdir(f"section5_{model.dataset}", config)),
      data_dir=flag_values.path("data_dir", values), resume=values.resume,
      overwrite=values.overwrite, arguments=tuple(arguments))


def _choices(arguments, tried):
  """Returns `(text, LinearConfig)` of every combination of the flags tried."""
  names = [field.name for field in dataclasses.fields(LinearConfig)]
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
    values = _define_linear_flags()
    _define_select_options(values)
    flag_values.read(values, "select_kernel", [*arguments, *combination], "")
    choices.append((" ".join(combination), _linear_config(values)))
  return choices


def _define_linear_flags():
  values = flags.FlagValues()
  default = LinearConfig()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "dataset", default.dataset,
      f"One of {', '.join(config_lib.DATASETS)}.", **where)
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
  _define_run_directory(values)
  where = {"flag_values": values}
  flags.DEFINE_bool(
      "checkpoint", True, "Keep finished blocks on disk, so that a stopped run "
      "goes on.", **where)
  flags.DEFINE_float(
      "checkpoint_minutes", LinearOptions.checkpoint_minutes, "Minutes between "
      "writes of the accumulated Gram matrix of random_convnet.", **where)


def _define_run_directory(values):
  where = {"flag_values": values}
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<flagfile or data>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_bool(
      "resume", True, "Go on from what the run directory holds.", **where)
  flags.DEFINE_bool(
      "overwrite", False, "Replace an earlier run in the run directory.",
      **where)


def _define_select_options(values):
  where = {"flag_values": values}
  flags.DEFINE_multi_string(
      "try", None, "FLAG=VALUE,VALUE,...: values of a flag to compare; given "
      "again, every combination.", **where)
  flags.DEFINE_integer(
      "folds", 5, "Parts of the training examples, each held out once.",
      **where)
  flags.DEFINE_string("out", None, "Folder to write the table to.", **where)


def _linear_config(values):
  for name, allowed in (
      ("dataset", config_lib.DATASETS), ("preprocessing", PREPROCESSINGS),
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
  for name in ("l2", "threshold"):
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
  available = config_lib.TRAIN_EXAMPLES[values.dataset]
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

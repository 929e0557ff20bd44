"""Every flag, its check, and the frozen Config that the rest of a run sees.

Nothing outside this module defines or reads a flag. It imports neither
TensorFlow nor Keras, so that a mistake is answered before they load.
"""

import dataclasses
import hashlib
import itertools
import json
import math
import os
import pathlib
import sys

from absl import flags

from rethink_tf import errors
from rethink_tf import flagfile
from rethink_tf import paths

# Training examples of each dataset.
TRAIN_EXAMPLES = {"cifar10": 50_000, "mnist": 60_000, "digits": 1_297}
DATASETS = tuple(TRAIN_EXAMPLES)
PIXEL_RANDOMIZATIONS = ("none",)
# Initial learning rates of appendix A.
LEARNING_RATES = {
    "inception_small": 0.1,
    "inception_small_no_bn": 0.1,
    "alexnet_small": 0.01,
    "mlp_1x512": 0.01,
    "mlp_3x512": 0.01,
}
MODELS = tuple(LEARNING_RATES)


@dataclasses.dataclass(frozen=True)
class Config:
  """All that determines a run's result, and nothing else (so: no path)."""

  dataset: str = "cifar10"
  model: str = "mlp_1x512"
  label_corruption: float = 0.0
  pixel_randomization: str = "none"
  random_crop: bool = False
  weight_decay: float = 0.0
  dropout: float = 0.0
  batch_size: int = 128
  epochs: int = 100
  learning_rate: float = 0.01
  lr_decay: float = 0.95
  lr_decay_examples: int = 50_000
  eval_every: int = 1
  seed: int = 1
  train_examples: int = 0

  def as_dict(self):
    """Returns the fields as a dict that `json` can write."""
    return dataclasses.asdict(self)

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    fields = {k: v for k, v in self.as_dict().items() if k != "seed"}
    text = json.dumps(fields, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclasses.dataclass(frozen=True)
class Options:
  """Where a run reads and writes, and how it starts: no part of its result.

  Attributes:
    logdir: the run directory.
    data_dir: the only place to look for data, or None for TFDS's own.
    resume: whether to go on from what the run directory holds.
    overwrite: whether to replace what an earlier run left there.
    checkpoint_minutes: minutes between checkpoints within an epoch.
    deterministic: whether the same command gives the same bits; None: where
      there is no GPU.
    arguments: the command line as typed, a tuple of str.
  """

  logdir: pathlib.Path
  data_dir: pathlib.Path | None = None
  resume: bool = True
  overwrite: bool = False
  checkpoint_minutes: float = 10.0
  deterministic: bool | None = None
  arguments: tuple[str, ...] = ()


def parse(arguments):
  """Turns command-line arguments into `(Config, Options)`.

  Args:
    arguments: list of str, without the program name.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  expanded, file = flagfile.expand(arguments)
  values = _define_flags()
  _read(values, "train", expanded,
        "Trains one network on true or on random labels.\n"
        "--flagfile=PATH reads flags from a file; flags given directly win.")
  config = _config(values)
  _in_range("checkpoint_minutes", values.checkpoint_minutes,
            "a finite number > 0", lambda x: 0 < x < math.inf)
  options = Options(
      logdir=_path("logdir", values) or _default_logdir(config, file),
      data_dir=_path("data_dir", values),
      resume=values.resume,
      overwrite=values.overwrite,
      checkpoint_minutes=values.checkpoint_minutes,
      deterministic=values.deterministic,
      arguments=tuple(arguments),
  )
  return config, options


@dataclasses.dataclass(frozen=True)
class ReportOptions:
  """What the report reads and writes.

  Attributes:
    runs: folder of run directories, at any depth.
    out: folder for tables.
    readme: a Markdown file whose marked section is rewritten, or None.
  """

  runs: pathlib.Path
  out: pathlib.Path
  readme: pathlib.Path | None


def parse_report(arguments):
  """Turns the report's command-line arguments into `ReportOptions`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values = flags.FlagValues()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "runs", "results", "Folder of run directories, at any depth.", **where)
  flags.DEFINE_string("out", None, "Folder to write tables to.", **where)
  flags.DEFINE_string(
      "readme", None, "Markdown file whose marked section is rewritten too.",
      **where)
  _read(values, "report", arguments, "Writes tables beside the paper's.")
  runs, out, readme = (_path(n, values) for n in ("runs", "out", "readme"))
  if not os.path.isdir(runs):
    raise errors.UsageError(
        f"--runs: expected a folder that exists. Received: {runs}")
  if not out:
    raise errors.UsageError("--out: expected a folder. Received: nothing")
  if readme and not os.path.isfile(readme):
    raise errors.UsageError(
        f"--readme: expected a file that exists. Received: {readme}")
  return ReportOptions(runs, out, readme)


def _read(values, program, arguments, purpose):
  """Reads arguments into flag values; prints the help where it is asked for.

  Raises:
    UsageError: an unknown flag, a value of the wrong type, or an argument that
      is no flag.
    SystemExit: with code 0, after the help.
  """
  if any(argument.lstrip("-").startswith("undefok") for argument in arguments):
    # absl's way of letting an unknown flag through.
    raise errors.UsageError("Unknown command line flag 'undefok'")
  try:
    rest = values([program, *arguments])[1:]
  except flags.Error as error:
    raise errors.UsageError(str(error)) from error
  if values.help:
    print(f"{purpose}\n\nusage: {program} [--name=value ...]\n"
          + values.get_help())
    sys.exit(0)
  if rest:
    raise errors.UsageError(
        f"expected flags only, as --name=value. Received: {rest[0]!r}")


def _define_flags():
  values = flags.FlagValues()
  default = Config()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "dataset", default.dataset, f"One of {', '.join(DATASETS)}.", **where)
  flags.DEFINE_string(
      "data_dir", None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", **where)
  flags.DEFINE_string(
      "model", default.model, f"One of {', '.join(MODELS)}.", **where)
  flags.DEFINE_float(
      "label_corruption", default.label_corruption, "Probability that a "
      "training label becomes a uniform random class; 1: random labels.",
      **where)
  flags.DEFINE_string(
      "pixel_randomization", default.pixel_randomization,
      f"One of {', '.join(PIXEL_RANDOMIZATIONS)}.", **where)
  flags.DEFINE_bool(
      "random_crop", default.random_crop,
      "Train on random 28x28 windows instead of the central one.", **where)
  flags.DEFINE_float(
      "weight_decay", default.weight_decay,
      "lambda of a penalty lambda * ||w||^2 on every kernel.", **where)
  flags.DEFINE_float(
      "dropout", default.dropout,
      "Rate of dropout before the last linear layer.", **where)
  flags.DEFINE_integer(
      "batch_size", default.batch_size, "Examples a step.", **where)
  flags.DEFINE_integer(
      "epochs", default.epochs, "Passes over the training set.", **where)
  flags.DEFINE_float(
      "learning_rate", None, "Initial learning rate; default by model: "
      + ", ".join(f"{k} {v}" for k, v in LEARNING_RATES.items()) + ".", **where)
  flags.DEFINE_float(
      "lr_decay", default.lr_decay, "Factor of each decay.", **where)
  flags.DEFINE_integer(
      "lr_decay_examples", default.lr_decay_examples,
      "Training examples seen from one decay to the next.", **where)
  flags.DEFINE_integer(
      "eval_every", default.eval_every,
      "Epochs between test evaluations; the last epoch always has one.",
      **where)
  flags.DEFINE_integer(
      "seed", default.seed, "Seed of every random stream.", **where)
  flags.DEFINE_integer(
      "train_examples", default.train_examples,
      "Use the first n training examples; 0: all.", **where)
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<flagfile or model>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_bool(
      "resume", True, "Go on from what the run directory holds.", **where)
  flags.DEFINE_bool(
      "overwrite", False, "Replace an earlier run in the run directory.",
      **where)
  flags.DEFINE_float(
      "checkpoint_minutes", Options.checkpoint_minutes,
      "Minutes between checkpoints within an epoch; each epoch ends with one.",
      **where)
  flags.DEFINE_bool(
      "deterministic", None, "The same command gives the same numbers, to the "
      "bit; default: where there is no GPU.", **where)
  return values


def _config(values):
  _one_of("dataset", values.dataset, DATASETS)
  _one_of("model", values.model, MODELS)
  _one_of(
      "pixel_randomization", values.pixel_randomization, PIXEL_RANDOMIZATIONS)
  for name in ("label_corruption", "lr_decay"):
    _in_range(name, getattr(values, name), "a number in [0, 1]",
              lambda x: 0 <= x <= 1)
  _in_range("dropout", values.dropout, "a rate in [0, 1)", lambda x: 0 <= x < 1)
  _in_range("weight_decay", values.weight_decay, "a finite number >= 0",
            lambda x: 0 <= x < math.inf)
  rate = values.learning_rate
  if rate is None:
    rate = LEARNING_RATES[values.model]
  _in_range("learning_rate", rate, "a finite number > 0",
            lambda x: 0 < x < math.inf)
  for name in ("batch_size", "epochs", "lr_decay_examples", "eval_every"):
    _in_range(name, getattr(values, name), "a whole number from 1 to 2^31 - 1",
              lambda x: 1 <= x < 2**31)
  _in_range("seed", values.seed, "a whole number from 0 to 2^31 - 1",
            lambda x: 0 <= x < 2**31)
  available = TRAIN_EXAMPLES[values.dataset]
  _in_range("train_examples", values.train_examples,
            f"a whole number from 0 to {available:,}, all that "
            f"{values.dataset} has", lambda x: 0 <= x <= available)
  names = [field.name for field in dataclasses.fields(Config)]
  fields = {name: getattr(values, name) for name in names}
  return Config(**{**fields, "learning_rate": rate})


def _one_of(name, value, allowed):
  if value not in allowed:
    raise errors.UsageError(
        f"--{name}: expected one of {', '.join(allowed)}. Received: {value!r}")


def _in_range(name, value, expected, holds):
  # A comparison with nan is false, so nan fails every range.
  if not holds(value):
    raise errors.UsageError(f"--{name}: expected {expected}. Received: {value}")


def _path(name, values):
  """Returns a path flag's value where the user meant it, or None if not given."""
  text = getattr(values, name)
  if text == "":  # A shell variable that was not set, most likely.
    raise errors.UsageError(f"--{name}: expected a path. Received: ''")
  return paths.user_path(text) if text else None


def _default_logdir(config, file, name=None):
  stem = pathlib.Path(file).stem if file else name or config.model
  folder = f"{stem}-{config.short_hash()}"
  return paths.workspace() / "runs" / folder / f"seed{config.seed}"


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
  threshold: float | None = 1.0
  solver: str = "cholesky"
  tolerance: float = 1e-4
  seed: int = 1

  def as_dict(self):
    """Returns the fields as a dict that `json` writes and reads unchanged."""
    fields = dataclasses.asdict(self)
    waves = fields["wavelengths"]
    return {**fields, "wavelengths": waves and list(waves)}

  short_hash = Config.short_hash

  @property
  def examples(self):
    """Number of training examples."""
    return self.train_examples or TRAIN_EXAMPLES[self.dataset]


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
  _read(values, "interpolate", expanded,
        "Solves K A = Y for a Gram matrix K, as Section 5 and Table 3 do.\n"
        "--flagfile=PATH reads flags from a file; flags given directly win.")
  config = _linear_config(values)
  _in_range("checkpoint_minutes", values.checkpoint_minutes,
            "a finite number > 0", lambda x: 0 < x < math.inf)
  _in_range("memory_gb", values.memory_gb, "a finite number >= 0",
            lambda x: 0 <= x < math.inf)
  name = f"interpolate_{config.dataset}_{config.preprocessing}"
  return config, LinearOptions(
      logdir=_path("logdir", values) or _default_logdir(config, file, name),
      data_dir=_path("data_dir", values),
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
  _read(values, "select_kernel", expanded,
        "Compares choices of flags by cross-validation on training data.")
  _in_range("folds", values.folds, "a whole number from 2 to 100",
            lambda x: 2 <= x <= 100)
  _in_range("memory_gb", values.memory_gb, "a finite number >= 0",
            lambda x: 0 <= x < math.inf)
  choices = _choices(expanded, values["try"].value or ())
  fewest = min(config.examples for _, config in choices)
  _in_range("train_examples", fewest, f"at least one a fold of {values.folds}",
            lambda x: x >= values.folds)
  stem = pathlib.Path(file).stem if file else "select_kernel"
  out = _path("out", values) or paths.workspace() / "runs" / f"{stem}-selection"
  return SelectOptions(
      choices, values.folds, out, _path("data_dir", values), values.memory_gb)


@dataclasses.dataclass(frozen=True)
class Section5Options:
  """How Section 5's statements are measured.

  Attributes:
    config: the `LinearConfig`, of the data, the kernel and the seed.
    test_examples: how many test examples are used.
    sgd_examples: training examples that SGD sees.
    sgd_epochs: passes of SGD over them.
    out: folder for what was measured.
    data_dir: as of `Options`.
  """

  config: LinearConfig
  test_examples: int
  sgd_examples: int
  sgd_epochs: int
  out: pathlib.Path
  data_dir: pathlib.Path | None


def parse_section5(arguments):
  """Turns the statements' command-line arguments into `Section5Options`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  expanded, _ = flagfile.expand(arguments)
  values = _define_linear_flags()
  where = {"flag_values": values}
  # A few dense n x n problems: what a minute does.
  values.set_default("train_examples", 1000)
  flags.DEFINE_integer(
      "test_examples", 500, "Use the first m test examples.", **where)
  flags.DEFINE_integer(
      "sgd_examples", 100, "Training examples that SGD sees.", **where)
  flags.DEFINE_integer(
      "sgd_epochs", 300, "Passes of SGD over them.", **where)
  flags.DEFINE_string(
      "out", None, "Folder to write what was measured to.", **where)
  _read(values, "section5", expanded,
        "Measures Section 5's statements about linear models.")
  config = _linear_config(values)
  if config.preprocessing == "random_convnet":
    raise errors.UsageError(
        "--preprocessing: expected none or gabor, whose points are in memory. "
        "Received: 'random_convnet'")
  if config.kernel != "gaussian":
    raise errors.UsageError(
        f"--kernel: expected gaussian. Received: {config.kernel!r}")
  most = {"train_examples": 20_000, "test_examples": 10_000,
          "sgd_examples": config.examples, "sgd_epochs": 2**31 - 1}
  if values.dataset == "digits":
    most["test_examples"] = 500
  for name, limit in most.items():
    _in_range(name, getattr(values, name), f"a whole number from 1 to {limit:,}",
              lambda x, limit=limit: 1 <= x <= limit)
  out = _path("out", values) or (
      paths.workspace() / "runs" / f"section5-{config.dataset}")
  return Section5Options(
      config, values.test_examples, values.sgd_examples, values.sgd_epochs,
      out, _path("data_dir", values))


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
    _read(values, "select_kernel", [*arguments, *combination], "")
    choices.append((" ".join(combination), _linear_config(values)))
  return choices


def _define_linear_flags():
  values = flags.FlagValues()
  default = LinearConfig()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "dataset", default.dataset, f"One of {', '.join(DATASETS)}.", **where)
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
  where = {"flag_values": values}
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<flagfile or data>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_bool(
      "resume", True, "Go on from what the run directory holds.", **where)
  flags.DEFINE_bool(
      "overwrite", False, "Replace an earlier run in the run directory.",
      **where)
  flags.DEFINE_bool(
      "checkpoint", True, "Keep finished blocks on disk, so that a stopped run "
      "goes on.", **where)
  flags.DEFINE_float(
      "checkpoint_minutes", LinearOptions.checkpoint_minutes, "Minutes between "
      "writes of the accumulated Gram matrix of random_convnet.", **where)


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
      ("dataset", DATASETS), ("preprocessing", PREPROCESSINGS),
      ("solver", SOLVERS)):
    _one_of(name, getattr(values, name), allowed)
  net = values.preprocessing == "random_convnet"
  gabor = values.preprocessing == "gabor"
  kernel = values.kernel
  if kernel is None:
    kernel = "linear" if net else "gaussian"
  _one_of("kernel", kernel, KERNELS)
  _in_range("bandwidth", values.bandwidth, "a finite number > 0",
            lambda x: 0 < x < math.inf)
  for name in ("l2", "threshold"):
    _in_range(name, getattr(values, name), "a finite number >= 0",
              lambda x: 0 <= x < math.inf)
  _in_range("label_corruption", values.label_corruption, "a number in [0, 1]",
            lambda x: 0 <= x <= 1)
  _in_range("tolerance", values.tolerance, "a number from 1e-12 to 1",
            lambda x: 1e-12 <= x <= 1)
  for name, most in (
      ("orientations", 64), ("spacing", 28), ("filters", 1_000_000)):
    _in_range(name, getattr(values, name), f"a whole number from 1 to {most:,}",
              lambda x, most=most: 1 <= x <= most)
  _in_range("seed", values.seed, "a whole number from 0 to 2^31 - 1",
            lambda x: 0 <= x < 2**31)
  available = TRAIN_EXAMPLES[values.dataset]
  _in_range("train_examples", values.train_examples,
            f"a whole number from 0 to {available:,}, all that "
            f"{values.dataset} has", lambda x: 0 <= x <= available)
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

"""Every flag, its check, and the frozen Config that the rest of a run sees.

Nothing outside this module defines or reads a flag. It imports neither
TensorFlow nor Keras, so that a mistake is answered before they load.
"""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
import sys
import typing

from absl import flags

from rethink_tf import errors
from rethink_tf import flagfile
from rethink_tf import paths

# Training examples of each dataset.
TRAIN_EXAMPLES = {"cifar10": 50_000, "mnist": 60_000, "digits": 1_297}
DATASETS = tuple(TRAIN_EXAMPLES)
PIXEL_RANDOMIZATIONS = (
    "none", "shuffled_pixels", "random_pixels", "gaussian")
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
    preview: whether to draw the modifications instead of training.
    arguments: the command line as typed, a tuple of str.
  """

  logdir: pathlib.Path
  data_dir: pathlib.Path | None = None
  resume: bool = True
  overwrite: bool = False
  checkpoint_minutes: float = 10.0
  deterministic: bool | None = None
  preview: bool = False
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
      preview=values.preview,
      arguments=tuple(arguments),
  )
  return config, options


@dataclasses.dataclass(frozen=True)
class ReportOptions:
  """What the report reads and writes.

  Attributes:
    runs: folder of run directories, at any depth.
    out: folder for tables and figures, or None with `claims`.
    readme: a Markdown file whose marked sections are rewritten, or None.
    claims: whether to print the ledger of claims and write nothing.
  """

  runs: pathlib.Path
  out: pathlib.Path | None
  readme: pathlib.Path | None
  claims: bool


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
  flags.DEFINE_string(
      "out", None, "Folder to write tables and figures to.", **where)
  flags.DEFINE_string(
      "readme", None, "Markdown file whose marked sections (table1, "
      "table1_small, claims and figures) are rewritten too.", **where)
  flags.DEFINE_bool(
      "claims", False, "Print which of the paper's claims hold, and write "
      "nothing.", **where)
  _read(values, "report", arguments,
        "Writes tables and figures beside the paper's, from run directories.")
  runs, out, readme = (_path(n, values) for n in ("runs", "out", "readme"))
  if not os.path.isdir(runs):
    raise errors.UsageError(
        f"--runs: expected a folder that exists. Received: {runs}")
  if not out and not values.claims:
    raise errors.UsageError("--out: expected a folder. Received: nothing")
  if readme and not os.path.isfile(readme):
    raise errors.UsageError(
        f"--readme: expected a file that exists. Received: {readme}")
  return ReportOptions(runs, out, readme, values.claims)


@dataclasses.dataclass(frozen=True)
class SuiteOptions:
  """Which runs of a suite to make, and how.

  Attributes:
    suite: name of a suite shipped with the project, or path of a suite file.
    seeds: a tuple of int.
    train_examples: use the first n training examples, and epochs to match; 0:
      as the suite's flagfiles say.
    only: a tuple of shell patterns; a run whose name matches none is left out.
    max_parallel: how many runs train at a time.
    logdir: folder of the run directories.
    data_dir: as in `Options`.
    dry_run: whether to list the runs and stop.
    print_commands: whether to print a command a run and stop.
  """

  suite: str
  seeds: tuple[int, ...]
  train_examples: int
  only: tuple[str, ...]
  max_parallel: int
  logdir: pathlib.Path
  data_dir: pathlib.Path | None
  dry_run: bool
  print_commands: bool


def parse_reproduce(arguments):
  """Turns the command-line arguments of a suite into `SuiteOptions`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values = flags.FlagValues()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "suite", None, "Name of a file in configs/suites, or path of one.",
      **where)
  flags.DEFINE_list("seeds", ["1"], "Seeds, each run once a seed.", **where)
  flags.DEFINE_integer(
      "train_examples", 0, "Use the first n training examples, for as many "
      "epochs as configs/models.toml says; 0: as the flagfiles say.", **where)
  flags.DEFINE_list(
      "only", [], "Shell patterns; runs whose names match none are left out.",
      **where)
  flags.DEFINE_integer(
      "max_parallel", 1, "How many runs train at a time.", **where)
  flags.DEFINE_string(
      "logdir", None, "Folder of the run directories; default: runs.", **where)
  flags.DEFINE_string(
      "data_dir", None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", **where)
  flags.DEFINE_bool(
      "dry_run", False, "List the runs and how long they take, and stop.",
      **where)
  flags.DEFINE_bool(
      "print_commands", False, "Print a command for each run that is not done, "
      "one a line, and stop.", **where)
  _read(values, "reproduce", arguments,
        "Makes the runs of a table or figure; goes on with those that are "
        "stopped, skips those that are done.")
  if not values.suite:
    raise errors.UsageError("--suite: expected a name. Received: nothing")
  _in_range("train_examples", values.train_examples,
            "a whole number from 0", lambda x: x >= 0)
  _in_range("max_parallel", values.max_parallel, "a whole number from 1",
            lambda x: x >= 1)
  return SuiteOptions(
      suite=values.suite,
      seeds=_seeds(values.seeds),
      train_examples=values.train_examples,
      only=tuple(values.only),
      max_parallel=values.max_parallel,
      logdir=_path("logdir", values) or paths.workspace() / "runs",
      data_dir=_path("data_dir", values),
      dry_run=values.dry_run,
      print_commands=values.print_commands,
  )


def _seeds(texts):
  if not texts or not all(t.isascii() and t.isdigit() for t in texts):
    raise errors.UsageError(
        "--seeds: expected whole numbers with commas between them. Received: "
        f"{','.join(texts)!r}")
  return tuple(dict.fromkeys(map(int, texts)))


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
  flags.DEFINE_bool(
      "preview", False, "Do not train: write preview.png, the first images "
      "under each modification of Section 2.1, to the run directory.", **where)
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


def _default_logdir(config, file):
  stem = pathlib.Path(file).stem if file else config.model
  folder = f"{stem}-{config.short_hash()}"
  return paths.workspace() / "runs" / folder / f"seed{config.seed}"


# Sections 2.2 and 4: what each program of rethink_tf/theory/ is told.


@dataclasses.dataclass(frozen=True)
class TheoryConfig:
  """All that determines the result of one of the theory's programs.

  Attributes:
    program: the program's name, which tells its run directories from others.
    seed: seed of every random stream.
  """

  program: typing.ClassVar[str]

  seed: int = 1

  def as_dict(self):
    """Returns the fields as a dict that `json` gives back unchanged."""
    fields = {name: list(value) if isinstance(value, tuple) else value
              for name, value in dataclasses.asdict(self).items()}
    return {"program": self.program, **fields}

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    fields = {k: v for k, v in self.as_dict().items() if k != "seed"}
    text = json.dumps(fields, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]

  def training(self):
    """Returns the `Config` that the training code takes.

    Its model is the default's: the caller builds the model.
    """
    return Config(
        dataset=self.dataset, batch_size=self.batch_size, epochs=self.epochs,
        learning_rate=self.learning_rate, seed=self.seed)


@dataclasses.dataclass(frozen=True)
class Expressivity(TheoryConfig):
  """Theorem 1 on a dataset, or SGD with as many weights."""

  program: typing.ClassVar[str] = "expressivity"

  dataset: str = "cifar10"
  label_corruption: float = 1.0
  n: int = 0
  method: str = "construction"
  epochs: int = 100
  batch_size: int = 128
  learning_rate: float = 0.01


@dataclasses.dataclass(frozen=True)
class Lemma1(TheoryConfig):
  """Lemma 1 on random instances."""

  program: typing.ClassVar[str] = "lemma1"

  sizes: tuple[int, ...] = (10, 50, 200)
  instances: int = 20


@dataclasses.dataclass(frozen=True)
class Corollary1(TheoryConfig):
  """Corollary 1 on a dataset, for several depths."""

  program: typing.ClassVar[str] = "corollary1"

  dataset: str = "cifar10"
  label_corruption: float = 1.0
  n: int = 10_000
  blocks: tuple[int, ...] = (2, 4, 8, 16)


@dataclasses.dataclass(frozen=True)
class Rademacher(TheoryConfig):
  """Equation (1) by training on random signs."""

  program: typing.ClassVar[str] = "rademacher"

  dataset: str = "cifar10"
  model: str = "mlp_1x512"
  n: tuple[int, ...] = (1000, 2000)
  draws: int = 5
  epochs: int = 300
  batch_size: int = 128
  learning_rate: float = 0.01


@dataclasses.dataclass(frozen=True)
class VcDimension(TheoryConfig):
  """How many points Theorem 1's network shatters."""

  program: typing.ClassVar[str] = "vc_dimension"

  dataset: str = "cifar10"
  n: tuple[int, ...] = (2, 4, 8, 12, 100, 1000, 10_000)
  labelings: int = 100


@dataclasses.dataclass(frozen=True)
class Stability(TheoryConfig):
  """How far one replaced example moves the loss."""

  program: typing.ClassVar[str] = "stability"

  dataset: str = "digits"
  model: str = "mlp_1x512"
  label_corruption: tuple[float, ...] = (0.0, 1.0)
  n: int = 1000
  replacements: int = 3
  held_out: int = 500
  epochs: int = 50
  batch_size: int = 128
  learning_rate: float = 0.01


# Test examples of each dataset.
TEST_EXAMPLES = {"cifar10": 10_000, "mnist": 10_000, "digits": 500}
METHODS = ("construction", "sgd")
# Functions of bounded norm, whose Rademacher complexity has a closed form.
LINEAR = "linear"
# Of the linear model: small beside the norm's bound, so that steps average.
_LINEAR_RATE = 1e-4
# Up to here all 2^n labelings are tried.
EXHAUSTIVE = 12
_WHOLE = ("a whole number from 1 to 2^31 - 1", lambda x: 1 <= x < 2**31)
# What a flag means, and which values it takes; for a list, which each entry.
_THEORY_FLAGS = {
    "seed": ("Seed of every random stream.",
             "a whole number from 0 to 2^31 - 1", lambda x: 0 <= x < 2**31),
    "label_corruption": (
        "Probability that a label becomes a uniform random class; 1: random "
        "labels.", "a number in [0, 1]", lambda x: 0 <= x <= 1),
    "epochs": ("Passes over the training set, at most.", *_WHOLE),
    "batch_size": ("Examples a step.", *_WHOLE),
    "learning_rate": (
        "Initial learning rate of SGD; default by model.",
        "a finite number > 0", lambda x: 0 < x < math.inf),
    "sizes": ("n of each group of instances.", "a whole number from 1 to 2,000",
              lambda x: 1 <= x <= 2000),
    "instances": ("Random instances of each size.", *_WHOLE),
    "draws": ("How often the signs are drawn.", *_WHOLE),
    "labelings": (f"Random labelings tried where n > {EXHAUSTIVE}.", *_WHOLE),
    "replacements": (
        "How many times another example is replaced.", *_WHOLE),
    "held_out": ("Test examples on which losses are compared.", *_WHOLE),
}


def parse_expressivity(arguments):
  """Turns arguments of `expressivity` into `(Expressivity, Options)`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  config, options = _parse_theory(
      Expressivity, arguments,
      "Fits any labels by the network of Theorem 1, 2n + d weights.")
  _one_of("method", config.method, METHODS)
  return config, options


def parse_lemma1(arguments):
  """Turns arguments of `lemma1` into `(Lemma1, Options)`; raises likewise."""
  return _parse_theory(
      Lemma1, arguments,
      "Holds Lemma 1 against numpy.linalg on random instances.")


def parse_corollary1(arguments):
  """Turns arguments of `corollary1` into `(Corollary1, Options)`."""
  config, options = _parse_theory(
      Corollary1, arguments,
      "Fits any labels by the network of Corollary 1, at several depths.")
  for blocks in config.blocks:
    _in_range("blocks", blocks, f"whole numbers from 1 to n = {config.n:,}",
              lambda x: 1 <= x <= config.n)
  return config, options


def parse_rademacher(arguments):
  """Turns arguments of `rademacher` into `(Rademacher, Options)`."""
  config, options = _parse_theory(
      Rademacher, arguments,
      "Estimates the Rademacher complexity of a model by training on signs.")
  _one_of("model", config.model, _models_of(Rademacher))
  return config, options


def parse_vc_dimension(arguments):
  """Turns arguments of `vc_dimension` into `(VcDimension, Options)`."""
  return _parse_theory(
      VcDimension, arguments,
      f"Shatters n points: all 2^n labelings for n <= {EXHAUSTIVE}.")


def parse_stability(arguments):
  """Turns arguments of `stability` into `(Stability, Options)`."""
  config, options = _parse_theory(
      Stability, arguments,
      "Trains with and without one example replaced, and compares losses.")
  _one_of("model", config.model, _models_of(Stability))
  spare = TRAIN_EXAMPLES[config.dataset] - config.replacements
  _in_range("n", config.n, f"a whole number from 1 to {spare:,}, all that "
            f"{config.dataset} has but {config.replacements} to put in",
            lambda x: 1 <= x <= spare)
  return config, options


def _parse_theory(kind, arguments, purpose):
  """Reads the flags that are the fields of `kind`, and those of `Options`."""
  values = flags.FlagValues()
  _define_theory(kind, values)
  expanded, _ = flagfile.expand(arguments)
  _read(values, kind.program, expanded, purpose)
  fields = {f.name: _theory_value(f, values) for f in dataclasses.fields(kind)}
  if "dataset" in fields:
    _one_of("dataset", fields["dataset"], DATASETS)
    _check_counts(kind, fields)
  if fields.get("learning_rate") is None and "learning_rate" in fields:
    fields["learning_rate"] = {**LEARNING_RATES, LINEAR: _LINEAR_RATE}.get(
        fields.get("model"), kind.learning_rate)
  _in_range("checkpoint_minutes", values.checkpoint_minutes,
            "a finite number > 0", lambda x: 0 < x < math.inf)
  config = kind(**fields)
  folder = f"{kind.program}-{config.short_hash()}"
  logdir = _path("logdir", values) or (
      paths.workspace() / "runs" / folder / f"seed{config.seed}")
  return config, Options(
      logdir=logdir, data_dir=_path("data_dir", values), resume=values.resume,
      overwrite=values.overwrite, deterministic=values.deterministic,
      checkpoint_minutes=values.checkpoint_minutes, arguments=tuple(arguments))


def _define_theory(kind, values):
  where = {"flag_values": values}
  of_one_run = _define_flags()
  for name in ("help", "data_dir", "resume", "overwrite", "deterministic"):
    flags.DEFINE_flag(of_one_run[name], values, "rethink_tf.config")
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<program>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_float(
      "checkpoint_minutes", Options.checkpoint_minutes,
      "Minutes between checkpoints of a network in training.", **where)
  words = {
      "dataset": f"One of {', '.join(DATASETS)}.",
      "model": f"One of {', '.join(_models_of(kind))}.",
      "method": f"One of {', '.join(METHODS)}.",
      "n": "Training examples, the first n."
           + (" 0: all." if kind is Expressivity else ""),
      "blocks": "Numbers of blocks b, with commas; depth b + 4.",
  }
  for field in dataclasses.fields(kind):
    text = words.get(field.name) or _THEORY_FLAGS[field.name][0]
    default = field.default
    if field.name == "learning_rate":
      flags.DEFINE_float(field.name, None, text, **where)
    elif isinstance(default, tuple):
      flags.DEFINE_string(
          field.name, ",".join(map(str, default)), text, **where)
    elif isinstance(default, str):
      flags.DEFINE_string(field.name, default, text, **where)
    elif isinstance(default, float):
      flags.DEFINE_float(field.name, default, text, **where)
    else:
      flags.DEFINE_integer(field.name, default, text, **where)


def _models_of(kind):
  return (*MODELS, LINEAR) if kind is Rademacher else MODELS


def _theory_value(field, values):
  """Returns a field's value, checked as far as it depends on no other."""
  value = getattr(values, field.name)
  if isinstance(field.default, tuple):
    value = _numbers(field.name, value, type(field.default[0]))
  if field.name in _THEORY_FLAGS and value is not None:
    _, expected, holds = _THEORY_FLAGS[field.name]
    for entry in value if isinstance(value, tuple) else (value,):
      _in_range(field.name, entry, expected, holds)
  return value


def _numbers(name, text, kind):
  """Returns a tuple of different numbers from text with commas."""
  try:
    numbers = tuple(kind(word) for word in text.split(","))
  except ValueError as error:
    raise errors.UsageError(
        f"--{name}: expected numbers with commas between them. Received: "
        f"{text!r}") from error
  if len(set(numbers)) < len(numbers):
    raise errors.UsageError(
        f"--{name}: expected different numbers. Received: {text!r}")
  return numbers


def _check_counts(kind, fields):
  available = TRAIN_EXAMPLES[fields["dataset"]]
  least = 0 if kind is Expressivity else 1
  counts = fields["n"] if isinstance(fields["n"], tuple) else (fields["n"],)
  for count in counts:
    _in_range("n", count, f"a whole number from {least} to {available:,}, all "
              f"that {fields['dataset']} has",
              lambda x: least <= x <= available)
  if "held_out" in fields:
    available = TEST_EXAMPLES[fields["dataset"]]
    _in_range("held_out", fields["held_out"], f"a whole number from 1 to "
              f"{available:,}, the test examples of {fields['dataset']}",
              lambda x: 1 <= x <= available)

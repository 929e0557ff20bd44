"""The flags of the theory's programs, Sections 2.2 and 4."""

import dataclasses
import math
import typing

from absl import flags

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import flagfile
from rethink_tf.flags import training as training_flags
from rethink_tf.flags import values as flag_values
from rethink_tf.models import registry

METHODS = ("construction", "sgd")
# Functions of bounded norm, whose Rademacher complexity has a closed form.
LINEAR = "linear"
# Of the linear model: small beside the norm's bound, so that steps average.
_LINEAR_RATE = 1e-4
# Up to here all 2^n labelings are tried.
EXHAUSTIVE = 12
# Layers of Corollary 1's network beside its blocks; `theory.deep` builds them.
COROLLARY_LAYERS = 4
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
    return flag_values.short_hash(self.as_dict())

  def training(self):
    """Returns the `Config` that the training code takes.

    Its model is the default's: the caller builds the model.
    """
    return training_flags.Config(
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


def parse_expressivity(arguments):
  """Turns arguments of `expressivity` into `(Expressivity, Options)`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  config, options = _parse_theory(
      Expressivity, arguments,
      "Fits any labels by the network of Theorem 1, 2n + d weights.")
  flag_values.one_of("method", config.method, METHODS)
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
  most = config.n - COROLLARY_LAYERS
  for blocks in config.blocks:
    flag_values.in_range(
        "blocks", blocks, f"whole numbers from 1 to {most:,}, so that the depth "
        f"k = b + {COROLLARY_LAYERS} is at most n = {config.n:,}",
        lambda x: 1 <= x <= most)
  return config, options


def parse_rademacher(arguments):
  """Turns arguments of `rademacher` into `(Rademacher, Options)`."""
  config, options = _parse_theory(
      Rademacher, arguments,
      "Estimates the Rademacher complexity of a model by training on signs.")
  flag_values.one_of("model", config.model, _models_of(Rademacher))
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
  flag_values.one_of("model", config.model, _models_of(Stability))
  spare = catalog.DATASETS[config.dataset].train_examples - config.replacements
  flag_values.in_range(
      "n", config.n,
      f"a whole number from 1 to {spare:,}, all that "
      f"{config.dataset} has but {config.replacements} to put in",
      lambda x: 1 <= x <= spare)
  return config, options


def _parse_theory(kind, arguments, purpose):
  """Reads the flags that are the fields of `kind`, and those of `Options`."""
  values = flags.FlagValues()
  _define_theory(kind, values)
  expanded, _ = flagfile.expand(arguments)
  flag_values.read(values, kind.program, expanded, purpose)
  fields = {f.name: _theory_value(f, values) for f in dataclasses.fields(kind)}
  if "dataset" in fields:
    flag_values.one_of("dataset", fields["dataset"], catalog.IN_MEMORY)
    _check_counts(kind, fields)
  if fields.get("learning_rate") is None and "learning_rate" in fields:
    rates = {name: model.learning_rate
             for name, model in registry.models().items()}
    rates[LINEAR] = _LINEAR_RATE
    fields["learning_rate"] = rates.get(
        fields.get("model"), kind.learning_rate)
  flag_values.in_range(
      "checkpoint_minutes", values.checkpoint_minutes, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  config = kind(**fields)
  logdir = flag_values.path("logdir", values) or (
      flag_values.default_logdir(kind.program, config))
  return config, training_flags.Options(
      logdir=logdir, data_dir=flag_values.path("data_dir", values),
      resume=values.resume,
      overwrite=values.overwrite, deterministic=values.deterministic,
      checkpoint_minutes=values.checkpoint_minutes, arguments=tuple(arguments))


def _define_theory(kind, values):
  where = {"flag_values": values}
  of_one_run = training_flags.define_flags()
  for name in ("help", "data_dir", "resume", "overwrite", "deterministic"):
    flags.DEFINE_flag(of_one_run[name], values, "rethink_tf.config")
  flags.DEFINE_string(
      "logdir", None, "The run directory; default: "
      "runs/<program>-<hash of the flags>/seed<k>.", **where)
  flags.DEFINE_float(
      "checkpoint_minutes", training_flags.Options.checkpoint_minutes,
      "Minutes between checkpoints of a network in training.", **where)
  words = {
      "dataset": f"One of {', '.join(catalog.IN_MEMORY)}.",
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
  models = registry.names()
  return (*models, LINEAR) if kind is Rademacher else models


def _theory_value(field, values):
  """Returns a field's value, checked as far as it depends on no other."""
  value = getattr(values, field.name)
  if isinstance(field.default, tuple):
    value = _numbers(field.name, value, type(field.default[0]))
  if field.name in _THEORY_FLAGS and value is not None:
    _, expected, holds = _THEORY_FLAGS[field.name]
    for entry in value if isinstance(value, tuple) else (value,):
      flag_values.in_range(field.name, entry, expected, holds)
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
  available = catalog.DATASETS[fields["dataset"]].train_examples
  least = 0 if kind is Expressivity else 1
  counts = fields["n"] if isinstance(fields["n"], tuple) else (fields["n"],)
  for count in counts:
    flag_values.in_range(
        "n", count,
        f"a whole number from {least} to {available:,}, all "
        f"that {fields['dataset']} has",
        lambda x: least <= x <= available)
  if "held_out" in fields:
    available = catalog.DATASETS[fields["dataset"]].test_examples
    flag_values.in_range(
        "held_out", fields["held_out"],
        f"a whole number from 1 to "
        f"{available:,}, the test examples of {fields['dataset']}",
        lambda x: 1 <= x <= available)

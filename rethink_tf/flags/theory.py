"""The flags of the theory's programs, Sections 2.2 and 4."""

import dataclasses
import functools
import os
import typing

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.flags import variables
from rethink_tf.models import registry

METHODS = ("construction", "sgd")
# Functions of bounded norm, whose Rademacher complexity has a closed form.
LINEAR = "linear"
# Of the linear model: small beside the norm's bound, so that steps average.
_LINEAR_RATE = 1e-4
# Up to here all 2^n labelings are tried.
EXHAUSTIVE = 12
_ENOUGH = 100
# Layers of Corollary 1's network beside its blocks; `theory.deep` builds them.
COROLLARY_LAYERS = 4


def _declare_count(default, text):
  return declare.what(default, text, checks.COUNT, common=True)


def _declare_dataset(default):
  return declare.choice(default, catalog.IN_MEMORY, common=True)


def _declare_n(default):
  return declare.data(default, "Training examples, the first n.",
                      training_flags.count_from(1), common=True)


def _check_enough(name, value, fields):
  """Of so many examples two are of one class, and two are not."""
  if value:
    training_flags.count_from(_ENOUGH)(name, value, fields)


def _declare_epochs(default):
  return declare.optimizer(
      default, "Passes over the training set, at most.", checks.COUNT,
      common=True)


def _declare_batch_size():
  return declare.optimizer(128, "Examples a step.", checks.COUNT)


def _declare_learning_rate():
  rates = {name: model.learning_rate
           for name, model in registry.models().items()}
  rates[LINEAR] = _LINEAR_RATE
  return declare.optimizer(
      0.01, "Initial learning rate of SGD; default by model.", checks.POSITIVE,
      fill=lambda fields: rates.get(fields.get("model"), 0.01))


def _check_blocks(name, value, fields):
  n = fields["n"]
  most = n - COROLLARY_LAYERS
  checks.in_range(
      name, value, f"whole numbers from 1 to {most:,}, so that the depth "
      f"k = b + {COROLLARY_LAYERS} is at most n = {n:,}",
      lambda x: 1 <= x <= most)


def _check_held_out(name, value, fields):
  dataset = fields["dataset"]
  checks.whole(1, catalog.DATASETS[dataset].test_examples,
               f", the test examples of {dataset}")(name, value)


def _check_class(name, value, fields):
  dataset = fields["dataset"]
  checks.whole(0, catalog.DATASETS[dataset].num_classes - 1,
               f", the labels of {dataset}")(name, value)


@dataclasses.dataclass(frozen=True)
class TheoryConfig(run_flags.RunConfig):
  """All that determines the result of one of the theory's programs."""

  # Flags of the programs that take --label_corruption, after it; not fields
  # here, whose place would be before it.
  label_noise = None
  labels_file = None

  seed: int = run_flags.declare_seed()

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

  dataset: str = _declare_dataset("cifar10")
  label_corruption: float = run_flags.declare_label_corruption(1.0)
  n: int = declare.data(0, "Training examples, the first n. 0: all.",
                        training_flags.count_from(0))
  method: str = declare.choice("construction", METHODS)
  epochs: int = _declare_epochs(100)
  batch_size: int = _declare_batch_size()
  learning_rate: float = _declare_learning_rate()
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()


@dataclasses.dataclass(frozen=True)
class Lemma1(TheoryConfig):
  """Lemma 1 on random instances."""

  program: typing.ClassVar[str] = "lemma1"

  sizes: tuple[int, ...] = declare.what(
      (10, 50, 200), "n of each group of instances.", checks.whole(1, 2000))
  instances: int = _declare_count(20, "Random instances of each size.")


@dataclasses.dataclass(frozen=True)
class Corollary1(TheoryConfig):
  """Corollary 1 on a dataset, for several depths."""

  program: typing.ClassVar[str] = "corollary1"

  dataset: str = _declare_dataset("cifar10")
  label_corruption: float = run_flags.declare_label_corruption(1.0)
  n: int = _declare_n(10_000)
  blocks: tuple[int, ...] = declare.what(
      (2, 4, 8, 16), "Numbers of blocks b, with commas; depth b + 4.",
      _check_blocks)
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()


@dataclasses.dataclass(frozen=True)
class Perceptron(TheoryConfig):
  """The Perceptron on examples of two classes."""

  program: typing.ClassVar[str] = "perceptron"

  dataset: str = _declare_dataset("mnist")
  classes: tuple[int, ...] = declare.data(
      (0, 1), "The two labels to tell apart.", _check_class, common=True)
  label_corruption: tuple[float, ...] = run_flags.declare_label_corruption(
      (0.0, 1.0))
  n: tuple[int, ...] = declare.data(
      (50, 100, 200, 400), "Training examples, the first n of the two classes.",
      training_flags.count_from(1), common=True)
  passes: int = declare.optimizer(
      10_000, "Passes over the training set, at most.", checks.COUNT)

  def check(self):
    """Raises UsageError where fields do not go together."""
    if len(self.classes) != 2:
      raise errors.UsageError(
          "--classes: expected two numbers with a comma between them. "
          f"Received: {','.join(map(str, self.classes))}")


@dataclasses.dataclass(frozen=True)
class Rademacher(TheoryConfig):
  """Equation (1) by training on random signs."""

  program: typing.ClassVar[str] = "rademacher"

  dataset: str = _declare_dataset("cifar10")
  model: str = declare.choice("mlp_1x512", (*registry.names(), LINEAR))
  n: tuple[int, ...] = _declare_n((1000, 2000))
  draws: int = _declare_count(5, "How often the signs are drawn.")
  epochs: int = _declare_epochs(300)
  batch_size: int = _declare_batch_size()
  learning_rate: float = _declare_learning_rate()


@dataclasses.dataclass(frozen=True)
class Separation(TheoryConfig):
  """How far inputs lie apart under each modification of pixels."""

  program: typing.ClassVar[str] = "separation"

  dataset: str = _declare_dataset("cifar10")
  n: int = declare.data(10_000, "Training examples, the first n. 0: all.",
                        _check_enough, common=True)


@dataclasses.dataclass(frozen=True)
class VcDimension(TheoryConfig):
  """How many points Theorem 1's network shatters."""

  program: typing.ClassVar[str] = "vc_dimension"

  dataset: str = _declare_dataset("cifar10")
  n: tuple[int, ...] = _declare_n((2, 4, 8, 12, 100, 1000, 10_000))
  labelings: int = _declare_count(
      100, f"Random labelings tried where n > {EXHAUSTIVE}.")


@dataclasses.dataclass(frozen=True)
class Stability(TheoryConfig):
  """How far one replaced example moves the loss."""

  program: typing.ClassVar[str] = "stability"

  dataset: str = _declare_dataset("digits")
  model: str = declare.choice("mlp_1x512", registry.names(), common=True)
  label_corruption: tuple[float, ...] = run_flags.declare_label_corruption(
      (0.0, 1.0))
  n: int = _declare_n(1000)
  replacements: int = _declare_count(
      3, "How many times another example is replaced.")
  held_out: int = declare.data(
      500, "Test examples on which losses are compared.", checks.COUNT,
      _check_held_out)
  epochs: int = _declare_epochs(50)
  batch_size: int = _declare_batch_size()
  learning_rate: float = _declare_learning_rate()
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()

  def check(self):
    """Raises UsageError where fields do not go together."""
    spare = (catalog.DATASETS[self.dataset].train_examples
             - self.replacements)
    checks.whole(1, spare, f", all that {self.dataset} has but "
                 f"{self.replacements} to put in")("n", self.n)


def parse(kind, purpose, arguments, example="--dataset=digits"):
  """Turns a program's arguments into `(kind, NetworkOptions)`.

  Args:
    kind: the program's class of `TheoryConfig`.
    purpose: what the program does, for --help.
    arguments: list of str, without the program name.
    example: flags of a first command, for --help.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values, _ = declare.read(
      kind.program, purpose, arguments, kind, run_flags.NetworkOptions,
      example=example)
  config, options = run_flags.build(
      kind, run_flags.NetworkOptions, values, arguments,
      lambda config: config.program)
  backend = variables.find_backend(os.environ)
  if hasattr(config, "epochs") and backend != "tensorflow":
    raise errors.UsageError(
        f"{kind.program}: expected Keras on tensorflow, by which it trains its "
        f"networks. Received: {backend}")
  return config, options


parse_expressivity = functools.partial(
    parse, Expressivity,
    "Fits any labels by the network of Theorem 1, 2n + d weights.")
parse_lemma1 = functools.partial(
    parse, Lemma1, "Holds Lemma 1 against numpy.linalg on random instances.",
    example="--sizes=10,50")
parse_corollary1 = functools.partial(
    parse, Corollary1,
    "Fits any labels by the network of Corollary 1, at several depths.",
    example="--dataset=digits --n=1000")
parse_perceptron = functools.partial(
    parse, Perceptron,
    "Trains the Perceptron on two classes, beside what is proved of it.",
    example="--dataset=digits --n=50,100")
parse_rademacher = functools.partial(
    parse, Rademacher,
    "Estimates the Rademacher complexity of a model by training on signs.",
    example="--dataset=digits --n=500")
parse_vc_dimension = functools.partial(
    parse, VcDimension,
    f"Shatters n points: all 2^n labelings for n <= {EXHAUSTIVE}.",
    example="--dataset=digits --n=2,8,100")
parse_separation = functools.partial(
    parse, Separation,
    "Measures how far inputs lie apart under each modification of pixels.",
    example="--dataset=digits --n=0")
parse_stability = functools.partial(
    parse, Stability,
    "Trains with and without one example replaced, and compares losses.")

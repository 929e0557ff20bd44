"""The flags of training, their checks, and the frozen Config a run sees."""

import dataclasses
import math
import pathlib

from absl import flags

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import flagfile
from rethink_tf.flags import imagenet as imagenet_flags
from rethink_tf.flags import values as flag_values
from rethink_tf.models import registry

PIXEL_RANDOMIZATIONS = (
    "none", "shuffled_pixels", "random_pixels", "gaussian")
STRATEGIES = ("one_device", "mirrored", "multi_worker")
# Training computes in float32, and more than that is infinite there.
_LARGEST = 3.4e38


@dataclasses.dataclass(frozen=True)
class Config:
  """All that determines a run's result, and nothing else (so: no path).

  The last fields are those of ImageNet, and None for the other datasets; see
  `imagenet_config`.
  """

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
  image_size: int | None = None
  data_augmentation: bool | None = None
  aux_head: bool | None = None
  label_smoothing: float | None = None
  batch_norm_decay: float | None = None
  moving_average_decay: float | None = None

  @property
  def is_imagenet(self):
    return self.dataset == catalog.IMAGENET

  def as_dict(self):
    """Returns the fields that are not None as a dict that `json` can write."""
    return {name: value for name, value in dataclasses.asdict(self).items()
            if value is not None}

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    return flag_values.short_hash(self.as_dict())


@dataclasses.dataclass(frozen=True)
class Options:
  """Where a run reads and writes, and how it starts: no part of its result.

  Attributes:
    logdir: the run directory.
    data_dir: the only place to look for data, or None for TFDS's own.
    allow_sample: whether ImageNet may have fewer examples than the official one.
    resume: whether to go on from what the run directory holds.
    overwrite: whether to replace what an earlier run left there.
    checkpoint_minutes: minutes between checkpoints within an epoch.
    deterministic: whether the same command gives the same bits; None: where
      there is no GPU.
    strategy: one of `STRATEGIES`. The batch is the global one, so that none
      of them changes what a run computes, but for rounding, dropout's masks and
      the batches that batch normalization sees.
    worker_timeout: minutes to wait for the other workers to start.
    preview: whether to draw the modifications instead of training.
    arguments: the command line as typed, a tuple of str.
  """

  logdir: pathlib.Path
  data_dir: pathlib.Path | None = None
  allow_sample: bool = False
  resume: bool = True
  overwrite: bool = False
  checkpoint_minutes: float = 10.0
  deterministic: bool | None = None
  strategy: str = "one_device"
  worker_timeout: float = 5.0
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
  values = define_flags()
  flag_values.read(values, "train", expanded,
        "Trains one network on true or on random labels.\n"
        "--flagfile=PATH reads flags from a file; flags given directly win.")
  config = _config(values)
  flag_values.in_range(
      "checkpoint_minutes", values.checkpoint_minutes, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  flag_values.in_range(
      "worker_timeout", values.worker_timeout, "a finite number > 0",
      lambda x: 0 < x < math.inf)
  flag_values.one_of("strategy", values.strategy, STRATEGIES)
  if values.preview and config.is_imagenet:
    raise errors.UsageError(
        f"--preview: expected a dataset among {', '.join(catalog.IN_MEMORY)}. Received: "
        f"{config.dataset}")
  options = Options(
      logdir=flag_values.path("logdir", values) or (
          flag_values.default_logdir(_name(config, file), config)),
      data_dir=flag_values.path("data_dir", values),
      allow_sample=values.allow_sample,
      resume=values.resume,
      overwrite=values.overwrite,
      checkpoint_minutes=values.checkpoint_minutes,
      deterministic=values.deterministic,
      strategy=values.strategy,
      worker_timeout=values.worker_timeout,
      preview=values.preview,
      arguments=tuple(arguments),
  )
  return config, options


def define_flags():
  """Returns `absl.flags.FlagValues` with the flags of training."""
  values = flags.FlagValues()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  _define_flags_of_config(where)
  _define_flags_of_options(where)
  imagenet_flags.define_flags(values)
  return values


def _define_flags_of_config(where):
  default = Config()
  flags.DEFINE_string(
      "dataset", default.dataset, f"One of {', '.join(catalog.DATASETS)}.",
      **where)
  flags.DEFINE_string(
      "model", default.model, f"One of {', '.join(registry.models())}.", **where)
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
      "batch_size", default.batch_size,
      "Examples a step, those of all workers together.", **where)
  flags.DEFINE_integer(
      "epochs", default.epochs, "Passes over the training set.", **where)
  flags.DEFINE_float(
      "learning_rate", None, "Initial learning rate; default by model: "
      + ", ".join(f"{k} {v.learning_rate}" for k, v in registry.models().items())
      + ".", **where)
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


def _define_flags_of_options(where):
  flags.DEFINE_string(
      "data_dir", None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", **where)
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
  flags.DEFINE_string(
      "strategy", Options.strategy, f"One of {', '.join(STRATEGIES)}: who "
      "shares each batch of --batch_size.", **where)
  flags.DEFINE_float(
      "worker_timeout", Options.worker_timeout,
      "Minutes to wait for the other workers to start.", **where)
  flags.DEFINE_bool(
      "preview", False, "Do not train: write preview.png, the first images "
      "under each modification of Section 2.1, to the run directory.", **where)


def _config(values):
  flag_values.one_of("dataset", values.dataset, tuple(catalog.DATASETS))
  flag_values.one_of("model", values.model, tuple(registry.models()))
  flag_values.one_of(
      "pixel_randomization", values.pixel_randomization, PIXEL_RANDOMIZATIONS)
  for name in ("label_corruption", "lr_decay"):
    flag_values.in_range(
        name, getattr(values, name), "a number in [0, 1]",
        lambda x: 0 <= x <= 1)
  flag_values.in_range(
      "dropout", values.dropout, "a rate in [0, 1)", lambda x: 0 <= x < 1)
  flag_values.in_range(
      "weight_decay", values.weight_decay, f"a number from 0 to {_LARGEST}",
      lambda x: 0 <= x <= _LARGEST)
  rate = values.learning_rate
  if rate is None:
    rate = registry.models()[values.model].learning_rate
  flag_values.in_range(
      "learning_rate", rate, f"a number > 0, up to {_LARGEST}",
      lambda x: 0 < x <= _LARGEST)
  for name in ("batch_size", "epochs", "lr_decay_examples", "eval_every"):
    flag_values.in_range(
        name, getattr(values, name), "a whole number from 1 to 2^31 - 1",
        lambda x: 1 <= x < 2**31)
  flag_values.in_range(
      "seed", values.seed, "a whole number from 0 to 2^31 - 1",
      lambda x: 0 <= x < 2**31)
  available = catalog.DATASETS[values.dataset].train_examples
  flag_values.in_range(
      "train_examples", values.train_examples,
      f"a whole number from 0 to {available:,}, all that "
      f"{values.dataset} has",
      lambda x: 0 <= x <= available)
  names = [field.name for field in dataclasses.fields(Config)]
  fields = {name: getattr(values, name) for name in names}
  return Config(**{
      **fields, "learning_rate": rate, **imagenet_flags.fields(values)})


def _name(config, file):
  return pathlib.Path(file).stem if file else config.model

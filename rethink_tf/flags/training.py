"""The flags of training, their checks, and the frozen Config a run sees."""

import dataclasses
import pathlib

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import imagenet as imagenet_flags
from rethink_tf.flags import run as run_flags
from rethink_tf.models import registry

PIXEL_RANDOMIZATIONS = (
    "none", "shuffled_pixels", "random_pixels", "gaussian")
PRECISIONS = ("float32", "bfloat16")
STRATEGIES = ("one_device", "mirrored", "multi_worker")
# Training computes in float32, and more than that is infinite there.
_LARGEST = 3.4e38


def count_from(least):
  """Returns the check of a number of training examples of --dataset."""
  def check(name, value, fields):
    dataset = fields["dataset"]
    available = catalog.DATASETS[dataset].train_examples
    checks.whole(least, available, f", all that {dataset} has")(name, value)
  return check


def declare_train_examples(default):
  """Returns the flag --train_examples."""
  return declare.data(
      default, "Use the first n training examples; 0: all.", count_from(0))


@dataclasses.dataclass(frozen=True)
class Config(run_flags.RunConfig):
  """All that determines a training run's result.

  Fields that are None leave the hash as it was before they were made. The last
  ones are those of ImageNet, and None for the other datasets.
  """

  dataset: str = declare.choice("cifar10", tuple(catalog.DATASETS))
  model: str = declare.choice("mlp_1x512", tuple(registry.models()))
  label_corruption: float = run_flags.declare_label_corruption(0.0)
  pixel_randomization: str = declare.choice("none", PIXEL_RANDOMIZATIONS)
  random_crop: bool = declare.what(
      False, "Train on random 28x28 windows instead of the central one.")
  weight_decay: float = declare.optimizer(
      0.0, "lambda of a penalty lambda * ||w||^2 on every kernel.",
      checks.within(f"a number from 0 to {_LARGEST}",
                    lambda x: 0 <= x <= _LARGEST))
  dropout: float = declare.what(
      0.0, "Rate of dropout before the last linear layer.",
      checks.within("a rate in [0, 1)", lambda x: 0 <= x < 1))
  batch_size: int = declare.optimizer(
      128, "Examples a step, those of all workers together.", checks.COUNT)
  epochs: int = declare.optimizer(
      100, "Passes over the training set.", checks.COUNT)
  learning_rate: float = declare.optimizer(
      0.01, "Initial learning rate; default by model: "
      + ", ".join(f"{name} {model.learning_rate}"
                  for name, model in registry.models().items()) + ".",
      checks.within(f"a number > 0, up to {_LARGEST}",
                    lambda x: 0 < x <= _LARGEST),
      fill=lambda fields: registry.models()[fields["model"]].learning_rate)
  lr_decay: float = declare.optimizer(
      0.95, "Factor of each decay.", checks.PROBABILITY)
  lr_decay_examples: int = declare.optimizer(
      50_000, "Training examples seen from one decay to the next.",
      checks.COUNT)
  eval_every: int = declare.run(
      1, "Epochs between test evaluations; the last epoch always has one.",
      checks.COUNT)
  seed: int = run_flags.declare_seed()
  train_examples: int = declare_train_examples(0)
  stop_when_fitted: int | None = declare.run(
      None, "Train for so many epochs after the one whose running training "
      "accuracy passes 99.99%, or for --epochs; 0: for --epochs.",
      checks.SEED, typed=0, used_if=lambda fields: fields["stop_when_fitted"])
  precision: str | None = declare.choice(
      None, PRECISIONS, ": what layers compute in; weights, statistics and the "
      "optimizer are float32", declare.OPTIMIZER, typed=PRECISIONS[0],
      used_if=lambda fields: fields["precision"] != PRECISIONS[0])
  label_seed: int | None = declare.run(
      None, "Seed of the labels that are drawn, apart from initialization, "
      "order and pixels; default: --seed.", checks.SEED)
  label_noise: str | None = run_flags.declare_label_noise()
  labels_file: str | None = run_flags.declare_labels_file()
  image_size: int | None = imagenet_flags.declare_flag(
      299, "ImageNet: height and width of the network's input.")
  data_augmentation: bool | None = imagenet_flags.declare_flag(
      False, "ImageNet: train on distorted crops and colors instead of the "
      "central 87.5%.")
  aux_head: bool | None = imagenet_flags.declare_flag(
      False, "Inception V3: train the auxiliary head too, at 0.4 of its loss.")
  label_smoothing: float | None = imagenet_flags.declare_flag(
      0.0, "Inception V3: share of each label that goes to all classes alike; "
      "the package's is 0.1.", checks.BELOW_ONE)
  batch_norm_decay: float | None = imagenet_flags.declare_flag(
      0.9997, "Inception V3: decay of batch normalization's moving averages; "
      "a run of a few hundred steps needs a lower one.", checks.BELOW_ONE)
  moving_average_decay: float | None = imagenet_flags.declare_flag(
      0.9999, "Inception V3: decay of the moving average of the weights, which "
      "is what is measured; (1 + step) / (10 + step) while that is lower; "
      "0: none.", checks.BELOW_ONE)

  @property
  def is_imagenet(self):
    return self.dataset == catalog.IMAGENET

  @property
  def seed_of_labels(self):
    return self.seed if self.label_seed is None else self.label_seed

  def as_dict(self):
    """Returns the fields that are not None as a dict that `json` can write."""
    return {name: value for name, value in super().as_dict().items()
            if value is not None}

  def check(self):
    """Raises UsageError where fields do not go together."""
    if self.is_imagenet:
      imagenet_flags.check_images(self)


def read_config(recorded):
  """Returns the `Config` that a config.json was written from.

  Args:
    recorded: the file as a dict.

  Raises:
    ValueError: it has other fields than this version's.
  """
  fields = {name: value for name, value in recorded.items()
            if name not in ("label_hash", "dataset_fingerprint")}
  known = {field.name for field in dataclasses.fields(Config)}
  config = Config(**{k: v for k, v in fields.items() if k in known})
  differing = set(fields) ^ set(config.as_dict())
  if differing:
    raise ValueError(f"it has more or fewer of {', '.join(sorted(differing))}")
  return config


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(run_flags.NetworkOptions):
  """How a training run starts, beside what `NetworkOptions` say.

  The batch is that of all workers together, so that no strategy changes what a
  run computes, but for rounding, dropout's masks and the batches that batch
  normalization sees.
  """

  logdir: pathlib.Path = run_flags.declare_logdir("flagfile or model")
  allow_sample: bool = declare.imagenet(
      False, "ImageNet: accept prepared data with fewer examples than the "
      "official 1,281,167 and 50,000.")
  extend: bool = declare.run(
      False, "Go on to --epochs with the run of fewer that is in --logdir, and "
      "keep its result under a name of its own.")
  checkpoint_minutes: float = run_flags.declare_checkpoint_minutes(
      "checkpoints within an epoch; each epoch ends with one")
  strategy: str = declare.choice(
      "one_device", STRATEGIES, ": who shares each batch of --batch_size",
      declare.WORKERS)
  worker_timeout: float = declare.workers(
      5.0, "Minutes to wait for the other workers to start.", checks.POSITIVE)
  port_base: int = declare.workers(
      8888, "Under SLURM or Kubernetes: the port of a node's first worker; its "
      "next ones have those after it.", checks.whole(1024, 65_535))
  preview: bool = declare.run(
      False, "Do not train: write preview.png, the first images under each "
      "modification of Section 2.1, to the run directory.")


def parse(arguments):
  """Turns command-line arguments, a list of str, into `(Config, Options)`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values, stem = declare.read(
      "train", "Trains one network on true or on random labels.", arguments,
      Config, Options)
  # What --help has under ImageNet goes with no other dataset.
  if values.dataset in catalog.DATASETS and values.model in registry.models():
    with declare.naming_places(values):
      imagenet_flags.check_dataset(
          values, declare.names(Config, Options, heading=declare.IMAGENET))
  config, options = run_flags.build(
      Config, Options, values, arguments, lambda config: stem or config.model)
  if options.extend and (options.overwrite or not options.resume):
    raise errors.UsageError(
        "--extend: expected without --overwrite and --noresume")
  if options.preview and config.is_imagenet:
    raise errors.UsageError(
        "--preview: expected a dataset among "
        f"{', '.join(catalog.IN_MEMORY)}. Received: {config.dataset}")
  return config, options

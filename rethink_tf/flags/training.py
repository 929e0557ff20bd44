"""The flags of training, their checks, and the frozen Config a run sees."""

import dataclasses
import os
import pathlib

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import imagenet as imagenet_flags
from rethink_tf.flags import run as run_flags
from rethink_tf.flags import variables
from rethink_tf.models import registry

PIXEL_RANDOMIZATIONS = (
    "none", "shuffled_pixels", "random_pixels", "gaussian")
PRECISIONS = ("float32", "bfloat16")
_SUBSET_FRACTION = 0.7  # Feldman and Zhang's (2020).
# Of an example in an epoch: a float16 and a bit.
_BYTES_RECORDED = 2 + 1 / 8
_MOST_RECORDED = 60_000_000
ASYNCHRONOUS = "parameter_server"
STRATEGIES = ("one_device", "mirrored", "multi_worker", ASYNCHRONOUS)
# A kernel of 0.6 GB at 28x28x3.
_LARGEST_WIDTH = 65_536
# Training computes in float32, and more than that is infinite there.
_LARGEST = 3.4e38


def count_from(least):
  """Returns the check of a number of training examples of --dataset."""
  def check(name, value, fields):
    dataset = fields["dataset"]
    available = catalog.DATASETS[dataset].train_examples
    checks.whole(least, available, f", all that {dataset} has")(name, value)
  return check


def _check_fraction(name, value, fields):
  checks.in_range(name, value, "a number in (0, 1)", lambda x: 0 < x < 1)
  if fields["subset"] is None:
    raise errors.UsageError(
        f"--{name}: expected --subset=k with it. Received: {value} alone")


def _width_of(model):
  """Returns the units of a model's hidden layers; None where it has others."""
  return registry.models()[model].arguments.get("width")


def _check_width(name, value, fields):
  if _width_of(fields["model"]) is None:
    takers = [each for each in registry.models() if _width_of(each)]
    raise errors.UsageError(
        f"--{name}: expected with --model={' or '.join(takers)} only. "
        f"Received: --model={fields['model']}")


def declare_train_examples(default):
  """Returns the flag --train_examples."""
  return declare.data(
      default, "Use the first n training examples; 0: all.", count_from(0),
      common=True)


@dataclasses.dataclass(frozen=True)
class Config(run_flags.RunConfig):
  """All that determines a training run's result.

  Fields that are None leave the hash as it was before they were made. The last
  ones are those of ImageNet, and None for the other datasets.
  """

  dataset: str = declare.choice(
      "cifar10", tuple(catalog.DATASETS), common=True)
  model: str = declare.choice(
      "mlp_1x512", tuple(registry.models()), common=True)
  label_corruption: float = run_flags.declare_label_corruption(0.0)
  pixel_randomization: str = declare.choice(
      "none", PIXEL_RANDOMIZATIONS, common=True)
  random_crop: bool = declare.what(
      False, "Train on random windows of 28x28 pixels. Without it, on the "
      "central one.", common=True)
  weight_decay: float = declare.optimizer(
      0.0, "lambda of a penalty lambda * ||w||^2 on kernels.",
      checks.within(f"a number from 0 to {_LARGEST}",
                    lambda x: 0 <= x <= _LARGEST), common=True)
  dropout: float = declare.what(
      0.0, "Rate of dropout before the last linear layer.",
      checks.within("a rate in [0, 1)", lambda x: 0 <= x < 1))
  batch_size: int = declare.optimizer(
      128, "Examples a step, those of all workers together.", checks.COUNT)
  epochs: int = declare.optimizer(
      100, "Passes over the training set.", checks.COUNT, common=True)
  learning_rate: float = declare.optimizer(
      0.01, "Initial learning rate; default by model. "
      + ", ".join(f"{name}: {model.learning_rate}"
                  for name, model in registry.models().items()) + ".",
      checks.within(f"a number > 0, up to {_LARGEST}",
                    lambda x: 0 < x <= _LARGEST),
      fill=lambda fields: registry.models()[fields["model"]].learning_rate,
      common=True)
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
  width: int | None = declare.what(
      None, "Units of each hidden layer of an MLP. Default: 512.",
      checks.whole(1, _LARGEST_WIDTH), _check_width,
      used_if=lambda fields: fields["width"] != _width_of(fields["model"]))
  subset: int | None = declare.data(
      None, "Train on the k-th random subset of the training examples, drawn "
      "whatever the seed; default: on all.", checks.COUNT)
  subset_fraction: float | None = declare.data(
      None, "Which share of the examples --subset has. Default: "
      f"{_SUBSET_FRACTION}.", _check_fraction,
      fill=lambda fields: _SUBSET_FRACTION,
      used_if=lambda fields: fields["subset"] is not None)
  record_examples: bool | None = declare.run(
      None, "Record each training example's margin in every epoch, to "
      "examples.npz; changes no result.", typed=False,
      used_if=lambda fields: fields["record_examples"])
  halve_test_set: bool | None = declare.run(
      None, "Measure the two halves of the test set apart too, in "
      "test_halves.csv: one to choose by when to stop, one to measure that. "
      "Changes no result.", typed=False,
      used_if=lambda fields: fields["halve_test_set"])
  measure_every: int | None = declare.run(
      None, "Epochs between measures of the network, those of the program "
      "measure, to measures.csv; the last epoch has them too; 0: none. Changes "
      "no result.", checks.SEED, typed=0,
      used_if=lambda fields: fields["measure_every"])
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
  # Of the strategies, the one that changes more than rounding; its flag is that
  # of `Options`.
  strategy: str | None = None

  @property
  def is_imagenet(self):
    return self.dataset == catalog.IMAGENET

  @property
  def hidden_units(self):
    """Of each hidden layer of an MLP; None for another network."""
    return self.width or _width_of(self.model)

  @property
  def seed_of_labels(self):
    return self.seed if self.label_seed is None else self.label_seed

  def count_examples(self, available):
    """Returns on how many of a data set's training examples it trains."""
    count = self.train_examples or available
    return count if self.subset is None else round(
        self.subset_fraction * count)

  def as_dict(self):
    """Returns the fields that are not None as a dict that `json` can write."""
    return {name: value for name, value in super().as_dict().items()
            if value is not None}

  def in_full(self):
    """Returns `as_dict`, with the usual precision and width where those are.

    They are left out there, so that the hash is what it was before they could
    be others.
    """
    units = {"width": self.hidden_units} if self.hidden_units else {}
    return {**self.as_dict(), "precision": self.precision or PRECISIONS[0],
            **units}

  def check(self):
    """Raises UsageError where fields do not go together."""
    if self.is_imagenet:
      imagenet_flags.check_images(self)
    count = (self.train_examples
             or catalog.DATASETS[self.dataset].train_examples)
    recorded = self.epochs * self.count_examples(count) * _BYTES_RECORDED
    if self.record_examples and recorded > _MOST_RECORDED:
      raise errors.UsageError(
          "--record_examples: expected epochs and examples of which it keeps "
          f"up to {_MOST_RECORDED:,} bytes. Received: {recorded:,.0f}")
    if self.measure_every and self.is_imagenet:
      raise errors.UsageError(
          "--measure_every: expected a dataset among "
          f"{', '.join(catalog.IN_MEMORY)}. Received: {self.dataset}")
    if self.subset and not 0 < self.count_examples(count) < count:
      raise errors.UsageError(
          f"--subset_fraction: expected one at which some of {count:,} "
          f"examples are seen, and not all. Received: {self.subset_fraction}")


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

  The batch is that of all workers together, so that no strategy but
  "parameter_server", which a config has too, changes what a run computes, but
  for rounding, dropout's masks and the batches that batch normalization sees.
  """

  logdir: pathlib.Path = run_flags.declare_logdir("flagfile or model")
  allow_sample: bool = declare.imagenet(
      False, "ImageNet: accept prepared data with fewer examples than the "
      "official 1,281,167 and 50,000.")
  extend: bool = declare.run(
      False, "Go on to --epochs with the run of fewer that is in --logdir, and "
      "keep its result under a name of its own; or end one that is not done "
      "sooner.")
  checkpoint_minutes: float = run_flags.declare_checkpoint_minutes(
      "checkpoints within an epoch; each epoch ends with one")
  strategy: str = declare.choice(
      "one_device", STRATEGIES, ": who shares each batch of --batch_size; with "
      f"{ASYNCHRONOUS} each worker has batches of its own and waits for nobody",
      declare.WORKERS)
  worker_timeout: float = declare.workers(
      5.0, "Minutes to wait for the other workers to start, and with "
      f"{ASYNCHRONOUS} for any of them to end a step.", checks.POSITIVE)
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
      Config, Options, example="--dataset=digits --label_corruption=1")
  # What --help has under ImageNet goes with no other dataset.
  if values.dataset in catalog.DATASETS and values.model in registry.models():
    with declare.naming_places(values):
      imagenet_flags.check_dataset(
          values, declare.names(Config, Options, heading=declare.IMAGENET))
  of_config = (
      {"strategy": ASYNCHRONOUS} if values.strategy == ASYNCHRONOUS else {})
  config, options = run_flags.build(
      Config, Options, values, arguments, lambda config: stem or config.model,
      **of_config)
  if options.extend and (options.overwrite or not options.resume):
    raise errors.UsageError(
        "--extend: expected without --overwrite and --noresume")
  for name in ("record_examples", "measure_every"):
    if getattr(config, name) and options.strategy != STRATEGIES[0]:
      raise errors.UsageError(
          f"--{name}: expected --strategy=one_device with it. Received: "
          f"{options.strategy}")
  _check_backend(config, options)
  if options.strategy == ASYNCHRONOUS:
    _check_asynchronous(options)
  if options.preview and config.is_imagenet:
    raise errors.UsageError(
        "--preview: expected a dataset among "
        f"{', '.join(catalog.IN_MEMORY)}. Received: {config.dataset}")
  return config, options


def _check_backend(config, options):
  """Refuses what TensorFlow alone distributes and measures."""
  backend = variables.find_backend(os.environ)
  of_tensorflow = {
      f"strategy={options.strategy}": options.strategy != STRATEGIES[0],
      f"measure_every={config.measure_every}": config.measure_every}
  for flag, is_used in of_tensorflow.items():
    if is_used and backend != "tensorflow":
      raise errors.UsageError(
          f"--{flag}: expected Keras on tensorflow. Received: {backend}")


def _check_asynchronous(options):
  """Refuses what workers that wait for nobody cannot do."""
  if options.deterministic:
    raise errors.UsageError(
        f"--deterministic: expected without --strategy={ASYNCHRONOUS}, under "
        "which the order of updates is each run's own")

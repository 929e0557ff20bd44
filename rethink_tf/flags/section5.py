"""The flags of the program that measures Section 5's statements."""

import dataclasses

from absl import flags

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import flagfile
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import values as flag_values


@dataclasses.dataclass(frozen=True)
class Section5Config:
  """All that determines how Section 5's statements are measured: so, no path.

  Attributes:
    model: the `LinearConfig`, of the data, the kernel and the seed.
    test_examples: how many test examples are used.
    sgd_examples: training examples that SGD sees.
    sgd_epochs: passes of SGD over them.
  """

  model: linear_flags.LinearConfig
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
  values = linear_flags.define_flags()
  linear_flags.define_run_directory(values)
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
  model = linear_flags.from_flags(values)
  if model.preprocessing == "random_convnet":
    raise errors.UsageError(
        "--preprocessing: expected none or gabor, whose points are in memory. "
        "Received: 'random_convnet'")
  if model.kernel != "gaussian":
    raise errors.UsageError(
        f"--kernel: expected gaussian. Received: {model.kernel!r}")
  most = {"train_examples": 20_000,
          "test_examples": catalog.DATASETS[model.dataset].test_examples,
          "sgd_examples": model.examples, "sgd_epochs": 2**31 - 1}
  for name, limit in most.items():
    flag_values.in_range(
        name, getattr(values, name), f"a whole number from 1 to {limit:,}",
        lambda x, limit=limit: 1 <= x <= limit)
  config = Section5Config(
      model, values.test_examples, values.sgd_examples, values.sgd_epochs)
  return config, linear_flags.LinearOptions(
      logdir=flag_values.path("logdir", values) or (
          flag_values.default_logdir(f"section5_{model.dataset}", config)),
      data_dir=flag_values.path("data_dir", values), resume=values.resume,
      overwrite=values.overwrite, memory_gb=values.memory_gb,
      arguments=tuple(arguments))

"""What the flags of all programs that make a run directory have in common."""

import dataclasses
import hashlib
import json
import pathlib
import typing

from rethink_tf import paths
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import labels_file

LABEL_NOISES = ("uniform", "asymmetric")
# None where they are not used, and then not in the dict of a config, which
# is as it was before they were made.
_OF_LABELS = ("label_noise", "labels_file")


def declare_seed():
  """Returns the flag --seed."""
  return declare.run(
      1, "Seed of every random stream.", checks.SEED, common=True)


def declare_label_corruption(default):
  """Returns the flag --label_corruption."""
  return declare.what(
      default, "Probability that a training label is replaced by a random "
      "one; 1: random labels. Its own class is among those drawn from.",
      checks.PROBABILITY, common=True)


def declare_label_noise():
  """Returns the flag --label_noise, of a class with --label_corruption."""
  return declare.choice(
      None, LABEL_NOISES, ": what a corrupted label becomes, a random class or "
      "the one that its class is taken for, of CIFAR-10 by the usual pairs and "
      "else c + 1", typed=LABEL_NOISES[0], used_if=_is_noise_used)


def _is_noise_used(fields):
  corruption = fields["label_corruption"]
  most = max(corruption) if isinstance(corruption, tuple) else corruption
  return most > 0 and fields["label_noise"] != LABEL_NOISES[0]


def declare_labels_file():
  """Returns the flag --labels_file, whose value is a `labels_file.Labels`."""
  return declare.data(
      None, "File with a label for each training example, as text or .npy, in "
      "the order of the original files; default: the data set's labels.",
      labels_file.check, parse=labels_file.parse)


def declare_logdir(named):
  """Returns the flag --logdir, whose default begins with what is named."""
  return declare.run(
      declare.REQUIRED, "The run directory; default: "
      f"runs/<{named}>-<hash of the flags>/seed<k>.", common=True)


def declare_checkpoint_minutes(text):
  """Returns the flag --checkpoint_minutes."""
  return declare.run(10.0, f"Minutes between {text}.", checks.POSITIVE)


@dataclasses.dataclass(frozen=True)
class RunConfig(declare.Flags):
  """All that determines the result of a run: so, no path."""

  # The program's name, which tells its run directories from others; those of
  # training have none.
  program: typing.ClassVar[str | None] = None

  def as_dict(self):
    """Returns the fields as a dict that `json` gives back unchanged."""
    fields = {name: list(value) if isinstance(value, tuple) else value
              for name, value in dataclasses.asdict(self).items()
              if not (name in _OF_LABELS and value is None)}
    return {"program": self.program, **fields}

  def short_hash(self):
    """Returns 8 hex digits that differ between configs, the seed left out."""
    fields = {k: v for k, v in self.as_dict().items() if k != "seed"}
    text = json.dumps(fields, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataOptions(declare.Flags):
  """Where data is."""

  data_dir: pathlib.Path | None = declare.data(
      None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", common=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions(DataOptions):
  """Where a run reads and writes, and how it starts: no part of its result.

  Its arguments are the command line as typed.
  """

  # Whether a run of fewer epochs may be gone on with, for which train has a
  # flag.
  extend: typing.ClassVar[bool] = False

  logdir: pathlib.Path = declare_logdir("program")
  resume: bool = declare.run(True, "Go on from what the run directory holds.")
  overwrite: bool = declare.run(
      False, "Replace an earlier run in the run directory.", common=True)
  arguments: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions(RunOptions):
  """How a run that trains networks starts, beside what `RunOptions` say."""

  checkpoint_minutes: float = declare_checkpoint_minutes(
      "checkpoints of a network in training")
  deterministic: bool | None = declare.run(
      None, "The same command gives the same numbers, to the bit; default: "
      "where there is no GPU.")


def build(kind, options_kind, values, arguments, name, **others):
  """Returns the config and the options of a run.

  Args:
    kind: a class made from `RunConfig`.
    options_kind: `RunOptions`, or a class made from it.
    values: the flags, as `declare.read` returns them.
    arguments: the command line as typed, list of str.
    name: a function of the config that returns what the default run directory's
      name begins with. One changed flag is another run directory.
    **others: of the config's fields that are no flags, the values.

  Raises:
    UsageError: a value is out of range, or does not go with another.
  """
  config = declare.build(kind, values, **others)
  folder = f"{name(config)}-{config.short_hash()}"
  logdir = paths.workspace() / "runs" / folder / f"seed{config.seed}"
  return config, declare.build(
      options_kind, values, logdir=logdir, arguments=tuple(arguments))

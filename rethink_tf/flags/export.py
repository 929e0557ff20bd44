"""The flags of exporting a trained network."""

import dataclasses
import os
import pathlib

from rethink_tf import errors
from rethink_tf.flags import declare

_ENDINGS = (".keras", ".weights.h5")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportOptions(declare.Flags):
  """What is read and written."""

  logdir: pathlib.Path = declare.run(
      declare.REQUIRED, "Run directory of train, with its checkpoints.")
  out: pathlib.Path = declare.run(
      declare.REQUIRED, "File to write: name.keras, the network, or "
      "name.weights.h5, its weights alone.")

  def check(self):
    """Raises UsageError where one of them is not given, or cannot be used."""
    if not self.logdir or not os.path.isfile(self.logdir / "config.json"):
      raise errors.UsageError(
          "--logdir: expected a run directory. Received: "
          f"{self.logdir or 'nothing'}")
    if not self.out or not self.out.name.endswith(_ENDINGS):
      raise errors.UsageError(
          f"--out: expected a file whose name ends in {' or '.join(_ENDINGS)}. "
          f"Received: {self.out or 'nothing'}")


def parse(arguments):
  """Turns arguments into `ExportOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "export", "Writes the network that a run has trained to a file of Keras.",
      arguments, ExportOptions,
      example="--logdir=RUN --out=network.keras")
  return declare.build(ExportOptions, values)

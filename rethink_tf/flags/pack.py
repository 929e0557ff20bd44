"""The flags of packing a dataset."""

import dataclasses
import pathlib

from rethink_tf.data import catalog
from rethink_tf.flags import declare
from rethink_tf.flags import run


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackOptions(run.DataOptions):
  """What is read and written."""

  dataset: str = declare.choice("cifar10", catalog.PREPARED, common=True)
  out: pathlib.Path | None = declare.run(
      None, "File to write; default: packed/<dataset>.npz in the data "
      "directory, where every program looks for it first.")


def parse(arguments):
  """Turns arguments into `PackOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "pack", "Writes a dataset to one file, which is read without TensorFlow.",
      arguments, PackOptions, example="--dataset=cifar10")
  return declare.build(PackOptions, values)

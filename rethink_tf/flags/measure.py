"""The flags of the program that measures finished runs."""

import dataclasses
import os
import pathlib

from rethink_tf import errors
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class MeasureOptions(run_flags.DataOptions):
  """Which runs are measured."""

  runs: pathlib.Path = declare.run(
      pathlib.Path("runs"), "Folder of run directories, at any depth.")

  def check(self):
    """Raises UsageError where the folder is not there."""
    if not os.path.isdir(self.runs):
      raise errors.UsageError(
          f"--runs: expected a folder that exists. Received: {self.runs}")


def parse_measure(arguments):
  """Returns `MeasureOptions` of arguments; raises as `training.parse` does."""
  values, _ = declare.read(
      "measure", "Measures the networks of finished runs: norms, margins, "
      "sharpness, curvature.", arguments, MeasureOptions, example="--runs=runs")
  return declare.build(MeasureOptions, values)

"""The flags of the program that estimates memorization and influence."""

import dataclasses
import os
import pathlib

from rethink_tf import errors
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class MemorizationOptions(run_flags.DataOptions):
  """Which networks the estimates are made of, and where they are written."""

  runs: pathlib.Path = declare.run(
      pathlib.Path("runs"), "Folder of run directories, at any depth; those "
      "of train with --subset are used.")
  out: pathlib.Path | None = declare.run(
      None, "Folder to write tables and figures to.")
  shown: int = declare.run(
      10, "How many examples, most and least memorized, and pairs of the "
      "largest influence a figure shows.", checks.whole(1, 100))
  pairs: int = declare.run(
      1000, "How many pairs influence.csv has.", checks.whole(1, 1_000_000))

  def check(self):
    """Raises UsageError where a folder is not there or not given."""
    if not os.path.isdir(self.runs):
      raise errors.UsageError(
          f"--runs: expected a folder that exists. Received: {self.runs}")
    if not self.out:
      raise errors.UsageError("--out: expected a folder. Received: nothing")


def parse_memorization(arguments):
  """Returns `MemorizationOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "memorization",
      "Estimates, from networks trained on random subsets, how far each "
      "example is memorized and which test images it has influence on.",
      arguments, MemorizationOptions)
  return declare.build(MemorizationOptions, values)

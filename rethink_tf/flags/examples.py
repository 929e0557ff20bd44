"""The flags of the program that shows what a run has recorded of examples."""

import dataclasses
import os
import pathlib

from rethink_tf import errors
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExamplesOptions(run_flags.DataOptions):
  """What is read and written."""

  logdir: pathlib.Path | None = declare.run(
      None, "Run directory of train with --record_examples.")
  out: pathlib.Path | None = declare.run(
      None, "Folder to write tables and figures to.")
  shown: int = declare.run(
      10, "How many examples, learned first and last, a figure shows.",
      checks.whole(1, 100))

  def check(self):
    """Raises UsageError where a folder is not there or not given."""
    if not self.logdir or not os.path.isfile(self.logdir / "config.json"):
      raise errors.UsageError(
          "--logdir: expected a run directory. Received: "
          f"{self.logdir or 'nothing'}")
    if not self.out:
      raise errors.UsageError("--out: expected a folder. Received: nothing")


def parse_examples(arguments):
  """Returns `ExamplesOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "examples",
      "Shows which examples a run with --record_examples learned when.",
      arguments, ExamplesOptions)
  return declare.build(ExamplesOptions, values)

"""The flags of suites and of the report, and what they come to."""

import dataclasses
import os
import pathlib
import re

from absl import flags

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import run as run_flags


def _check_name(name, value, _):
  # It becomes a part of the name of a file.
  if not re.fullmatch(r"\w[\w.]*", value, re.ASCII):
    raise errors.UsageError(
        f"--{name}: expected a name as of a flag. Received: {value!r}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReportOptions(declare.Flags):
  """What the report reads and writes."""

  runs: pathlib.Path = declare.run(
      pathlib.Path("results"), "Folder of run directories, at any depth.")
  out: pathlib.Path | None = declare.run(
      None, "Folder to write tables and figures to.")
  readme: pathlib.Path | None = declare.run(
      None, "Markdown file whose marked sections, such as table1, are "
      "rewritten too.")
  claims: bool = declare.run(
      False, "Print which of the paper's claims hold, and write nothing.")
  x: str | None = declare.run(
      None, "A sweep of one's own is drawn too: the flag along its axis, such "
      "as label_corruption.", _check_name)
  y: str | None = declare.run(
      None, "The number in result.json that it is of, such as test_accuracy or "
      "epochs_to_fit.0.95.", _check_name)
  by: tuple[str, ...] = declare.run(
      (), "The flags of which it has a line for each value, such as "
      "model,train_examples.", _check_name, define=flags.DEFINE_list)

  def check(self):
    """Raises UsageError where what is given does not do, or is too little."""
    if bool(self.x) != bool(self.y) or self.by and not self.x:
      raise errors.UsageError(
          "--x, --y: expected both, or neither and no --by. Received: one")
    if not os.path.isdir(self.runs):
      raise errors.UsageError(
          f"--runs: expected a folder that exists. Received: {self.runs}")
    if not self.out and not self.claims:
      raise errors.UsageError("--out: expected a folder. Received: nothing")
    if self.readme and not os.path.isfile(self.readme):
      raise errors.UsageError(
          f"--readme: expected a file that exists. Received: {self.readme}")


def parse_report(arguments):
  """Turns arguments into `ReportOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "report",
      "Writes tables and figures beside the paper's, from run directories.",
      arguments, ReportOptions, example="--runs=runs --out=report")
  return declare.build(ReportOptions, values)


def _parse_seeds(name, texts):
  if not texts or not all(t.isascii() and t.isdigit() for t in texts):
    raise errors.UsageError(
        f"--{name}: expected whole numbers with commas between them. Received: "
        f"{','.join(texts)!r}")
  return tuple(dict.fromkeys(map(int, texts)))


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuiteOptions(run_flags.DataOptions):
  """Which runs of a suite to make, and how."""

  suite: str = declare.what(
      declare.REQUIRED, "Name of a file in configs/suites, or path of one. "
      "Without it, they are listed.")
  seeds: tuple[int, ...] = declare.what(
      (1,), "Seeds, each run once a seed.", define=flags.DEFINE_list,
      parse=_parse_seeds)
  train_examples: int = declare.data(
      0, "Use the first n training examples, for as many epochs as each "
      "model's file says; 0: as the flagfiles say.",
      checks.within("a whole number from 0", lambda x: x >= 0))
  only: tuple[str, ...] = declare.what(
      (), "Shell patterns; runs whose names match none are left out.",
      define=flags.DEFINE_list)
  max_parallel: int = declare.run(
      1, "How many runs train at a time.",
      checks.within("a whole number from 1", lambda x: x >= 1))
  logdir: pathlib.Path = declare.run(
      declare.REQUIRED, "Folder of the run directories; default: runs.")
  allow_sample: bool = declare.imagenet(
      False, "ImageNet: accept prepared data with fewer examples than the "
      "official ones.")
  dry_run: bool = declare.run(
      False, "List the runs and how long they take, and stop.")
  print_commands: bool = declare.run(
      False, "Print a command for each run that is not done, one a line, and "
      "stop.")


def parse_reproduce(arguments):
  """Turns arguments into `SuiteOptions`; raises what `training.parse` does."""
  values, _ = declare.read(
      "reproduce",
      "Makes the runs of a table or figure; goes on with those that are "
      "stopped, skips those that are done.", arguments, SuiteOptions,
      example="--suite=smoke")
  return declare.build(
      SuiteOptions, values, logdir=paths.workspace() / "runs")

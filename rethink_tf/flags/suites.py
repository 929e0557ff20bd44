"""The flags of suites and of the report, and what they come to."""

import dataclasses
import os
import pathlib

from absl import flags

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import values as flag_values


@dataclasses.dataclass(frozen=True)
class ReportOptions:
  """What the report reads and writes.

  Attributes:
    runs: folder of run directories, at any depth.
    out: folder for tables and figures, or None with `claims`.
    readme: a Markdown file whose marked sections are rewritten, or None.
    claims: whether to print the ledger of claims and write nothing.
  """

  runs: pathlib.Path
  out: pathlib.Path | None
  readme: pathlib.Path | None
  claims: bool


def parse_report(arguments):
  """Turns the report's command-line arguments into `ReportOptions`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values = flags.FlagValues()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "runs", "results", "Folder of run directories, at any depth.", **where)
  flags.DEFINE_string(
      "out", None, "Folder to write tables and figures to.", **where)
  flags.DEFINE_string(
      "readme", None, "Markdown file whose marked sections, such as table1, "
      "are rewritten too.", **where)
  flags.DEFINE_bool(
      "claims", False, "Print which of the paper's claims hold, and write "
      "nothing.", **where)
  flag_values.read(values, "report", arguments,
        "Writes tables and figures beside the paper's, from run directories.")
  runs, out, readme = (
      flag_values.path(n, values) for n in ("runs", "out", "readme"))
  if not os.path.isdir(runs):
    raise errors.UsageError(
        f"--runs: expected a folder that exists. Received: {runs}")
  if not out and not values.claims:
    raise errors.UsageError("--out: expected a folder. Received: nothing")
  if readme and not os.path.isfile(readme):
    raise errors.UsageError(
        f"--readme: expected a file that exists. Received: {readme}")
  return ReportOptions(runs, out, readme, values.claims)


@dataclasses.dataclass(frozen=True)
class SuiteOptions:
  """Which runs of a suite to make, and how.

  Attributes:
    suite: name of a suite shipped with the project, or path of a suite file.
    seeds: a tuple of int.
    train_examples: use the first n training examples, and epochs to match; 0:
      as the suite's flagfiles say.
    only: a tuple of shell patterns; a run whose name matches none is left out.
    max_parallel: how many runs train at a time.
    logdir: folder of the run directories.
    data_dir, allow_sample: as in `Options`.
    dry_run: whether to list the runs and stop.
    print_commands: whether to print a command a run and stop.
  """

  suite: str
  seeds: tuple[int, ...]
  train_examples: int
  only: tuple[str, ...]
  max_parallel: int
  logdir: pathlib.Path
  data_dir: pathlib.Path | None
  allow_sample: bool
  dry_run: bool
  print_commands: bool


def parse_reproduce(arguments):
  """Turns the command-line arguments of a suite into `SuiteOptions`.

  Raises:
    UsageError: anything that is not a complete, valid command.
    SystemExit: with code 0, after printing the help that `--help` asks for.
  """
  values = flags.FlagValues()
  where = {"flag_values": values}
  flags.DEFINE_bool("help", False, "Show this help.", **where)
  flags.DEFINE_string(
      "suite", None, "Name of a file in configs/suites, or path of one.",
      **where)
  flags.DEFINE_list("seeds", ["1"], "Seeds, each run once a seed.", **where)
  flags.DEFINE_integer(
      "train_examples", 0, "Use the first n training examples, for as many "
      "epochs as each model's file says; 0: as the flagfiles say.", **where)
  flags.DEFINE_list(
      "only", [], "Shell patterns; runs whose names match none are left out.",
      **where)
  flags.DEFINE_integer(
      "max_parallel", 1, "How many runs train at a time.", **where)
  flags.DEFINE_string(
      "logdir", None, "Folder of the run directories; default: runs.", **where)
  flags.DEFINE_string(
      "data_dir", None, "TFDS data directory, the only one looked in; default: "
      "TFDS_DATA_DIR, or TFDS's own.", **where)
  flags.DEFINE_bool(
      "allow_sample", False, "ImageNet: accept prepared data with fewer examples "
      "than the official ones.", **where)
  flags.DEFINE_bool(
      "dry_run", False, "List the runs and how long they take, and stop.",
      **where)
  flags.DEFINE_bool(
      "print_commands", False, "Print a command for each run that is not done, "
      "one a line, and stop.", **where)
  flag_values.read(values, "reproduce", arguments,
        "Makes the runs of a table or figure; goes on with those that are "
        "stopped, skips those that are done.")
  if not values.suite:
    raise errors.UsageError("--suite: expected a name. Received: nothing")
  flag_values.in_range(
      "train_examples", values.train_examples, "a whole number from 0",
      lambda x: x >= 0)
  flag_values.in_range(
      "max_parallel", values.max_parallel, "a whole number from 1",
      lambda x: x >= 1)
  return SuiteOptions(
      suite=values.suite,
      seeds=_seeds(values.seeds),
      train_examples=values.train_examples,
      only=tuple(values.only),
      max_parallel=values.max_parallel,
      logdir=flag_values.path("logdir", values) or paths.workspace() / "runs",
      data_dir=flag_values.path("data_dir", values),
      allow_sample=values.allow_sample,
      dry_run=values.dry_run,
      print_commands=values.print_commands,
  )


def _seeds(texts):
  if not texts or not all(t.isascii() and t.isdigit() for t in texts):
    raise errors.UsageError(
        "--seeds: expected whole numbers with commas between them. Received: "
        f"{','.join(texts)!r}")
  return tuple(dict.fromkeys(map(int, texts)))

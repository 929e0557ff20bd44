"""Failures a user can act on, and the exit code each one ends a program with.

0 done; 2 usage; 3 data; 4 checkpoint, disk or memory; 5 diverged; 75 stopped,
run again to go on (BSD's EX_TEMPFAIL, which schedulers take as "requeue").
"""

import sys


class RunError(Exception):
  """A failure with a one-line message and an exit code; never a traceback."""

  exit_code = 1


class UsageError(RunError):
  """A flag, flagfile or run directory that cannot be used as given."""

  exit_code = 2


class DataError(RunError):
  """A dataset that is absent, incomplete or not what it should be."""

  exit_code = 3


class StorageError(RunError):
  """A checkpoint, disk or memory that does not hold what it must."""

  exit_code = 4


class DivergedError(RunError):
  """A loss that is no longer finite."""

  exit_code = 5


class StoppedError(RunError):
  """A run that was asked to stop and goes on when started again."""

  exit_code = 75


def exit_code_of(main, argv):
  """Runs `main(argv)` and returns its exit code.

  A `RunError` becomes one line on stderr, whatever whitespace its message had.

  Args:
    main: a function of the argument list; its return value None counts as 0.
    argv: the program's arguments, program name first.
  """
  try:
    return main(argv) or 0
  except RunError as error:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr, flush=True)
    return error.exit_code

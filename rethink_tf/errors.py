"""Failures a user can act on, and the exit code each one ends a program with.

0 done; 2 usage; 3 data; 4 checkpoint, disk or memory; 5 diverged; 75 stopped,
run again to go on (BSD's EX_TEMPFAIL, which schedulers take as "requeue").
"""

import errno
import io
import os
import sys

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RunError(Exception):
  """A failure with a one-line message and an exit code; never a traceback."""

  exit_code = 1
  prefix = "error: "  # Of the line.


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
  """A run that goes on when started again."""

  exit_code = 75


class AskedToStopError(StoppedError):
  """One that its user or a scheduler asked to stop, which is no error."""

  prefix = ""


def exit_code_of(main, argv):
  """Runs `main(argv)` and returns its exit code.

  A failure that a user can act on becomes one line on stderr, whatever
  whitespace its message had, after its class's prefix. A path on stdout may
  have bytes that are no text.

  Args:
    main: a function of the argument list; its return value None counts as 0.
    argv: the program's arguments, program name first.
  """
  if isinstance(sys.stdout, io.TextIOWrapper):
    # They go out as they came in; Python does so where the locale is C.
    sys.stdout.reconfigure(errors="surrogateescape")
  try:
    return main(argv) or 0
  except (Exception, KeyboardInterrupt) as error:
    failure = _as_run_error(error)
    if failure is None:
      raise
    print(f"{failure.prefix}{' '.join(str(failure).split())}",
          file=sys.stderr, flush=True)
    return failure.exit_code


def _as_run_error(error):
  """Returns the `RunError` that an exception amounts to, or None."""
  if isinstance(error, RunError):
    return error
  if isinstance(error, KeyboardInterrupt):
    return AskedToStopError("stopped by Ctrl-C before anything was done")
  if isinstance(error, MemoryError):
    return StorageError("there is not enough memory")
  if isinstance(error, BrokenPipeError):
    _discard_output()
    return StoppedError(
        "nobody reads the output any more; the same command goes on from its "
        "last checkpoint")
  if isinstance(error, OSError) and error.errno in _NO_SPACE:
    _discard_output()
    return StorageError(
        f"{error.filename or 'the output'} cannot be written: {error.strerror}")
  if (isinstance(error, OSError) and error.errno == errno.EIO
      and discard_output_of_closed_terminals()):
    return StoppedError(
        "the terminal is closed; the same command goes on from its last "
        "checkpoint")
  return None


def discard_output_of_closed_terminals():
  """Has what is yet to be said go nowhere where it would fail, with EIO.

  Returns:
    Whether stdout or stderr was a terminal that is closed.
  """
  closed = [descriptor for descriptor in (1, 2) if _is_closed(descriptor)]
  for descriptor in closed:
    _discard_output(descriptor)
  return bool(closed)


def _is_closed(descriptor):
  try:
    os.tcgetpgrp(descriptor)
  except OSError as error:  # ENOTTY of what is no terminal.
    return error.errno == errno.EIO
  return False


def _discard_output(descriptor=1):
  """Keeps Python from trying, at exit, to write what could not be written."""
  null = os.open(os.devnull, os.O_WRONLY)
  os.dup2(null, descriptor)
  os.close(null)

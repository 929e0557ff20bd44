"""SIGTERM and Ctrl-C end a run in one line, with the exit code for "again"."""

import contextlib
import signal

from rethink_tf import errors

_HANDLED = (signal.SIGTERM, signal.SIGINT)


@contextlib.contextmanager
def raising():
  """Makes the first SIGTERM or SIGINT raise `StoppedError` in the block.

  Every file of a run is written whole or not at all, so the block may be left
  at any point. A second signal ends the process at once.

  Raises:
    StoppedError: a signal came.
  """
  before = {number: signal.signal(number, _stop) for number in _HANDLED}
  try:
    yield
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)


def _stop(number, frame):
  del frame
  for handled in _HANDLED:
    signal.signal(handled, signal.SIG_DFL)
  raise errors.StoppedError(
      f"stopped by {signal.Signals(number).name}; the same command goes on "
      "from the last finished epoch")

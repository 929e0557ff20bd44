"""Signals to stop: save, say so in one line, exit with the code for "again".

SIGTERM, Ctrl-C, SIGHUP of a terminal that closes, and SIGUSR1, which schedulers
send before a limit. The first ends the run at once where nothing would be lost,
and after the step at hand where something would. After it, SIGTERM or Ctrl-C
ends the process.
"""

import contextlib
import signal

from rethink_tf import errors

# After the first signal, each of these ends the process at once.
_INSISTENT = (signal.SIGTERM, signal.SIGINT)
# These do not: a shell and its terminal both send SIGHUP as they close, and
# some schedulers send SIGUSR1 again and again.
_REPEATED = (signal.SIGHUP, signal.SIGUSR1)


class Stop:
  """Whether a signal asked the run to stop, and when it is to do so."""

  def __init__(self):
    self._name = None
    self._deferred = False

  @property
  def reason(self):
    """What asked the run to stop, as messages say it, or None."""
    return self._name

  @property
  def requested(self):
    return self._name is not None

  def ask(self, reason):
    """Asks as a signal would: another worker got one."""
    self._name = reason

  def defer(self):
    """Makes a signal wait for `check`: from now on there is work to save."""
    self._deferred = True

  def end_deferral(self):
    """Makes a signal raise at once, as before `defer`.

    Raises:
      AskedToStopError: one came meanwhile.
    """
    self._deferred = False
    self.check("its last checkpoint")

  def check(self, saved):
    """Stops the run if a signal asked for it.

    Args:
      saved: where the run goes on from, as the message says it.

    Raises:
      AskedToStopError: a signal came.
    """
    if self.requested:
      raise errors.AskedToStopError(
          f"stopped by {self._name}; the same command goes on from {saved}")

  @contextlib.contextmanager
  def on_signals(self):
    """Handles the signals in the block.

    SIGHUP stays ignored where it is, as under nohup.

    Every file of a run is written whole or not at all, so that the block may
    be left at any point.

    Raises:
      AskedToStopError: a signal came while none was deferred.
    """
    before = {number: signal.getsignal(number) for number in _handled()}
    self.install()
    try:
      yield
    finally:
      for number, handler in before.items():
        signal.signal(number, handler)

  def install(self):
    """Sets the handlers, again where a library has set its own since."""
    if not self.requested:
      for number in _handled():
        signal.signal(number, self._handle)

  def _handle(self, number, frame):
    del frame
    for insistent in _INSISTENT:
      signal.signal(insistent, signal.SIG_DFL)
    for repeated in _REPEATED:
      signal.signal(repeated, signal.SIG_IGN)
    self._name = name_of(number)
    if number == signal.SIGHUP:  # Else what shows progress would fail first.
      errors.discard_output_of_closed_terminals()
    if not self._deferred:
      self.check("its last checkpoint")


def name_of(number):
  """Returns a signal's name, as messages say it."""
  return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


def _handled():
  """Returns the signals to handle: not SIGHUP where the user has it ignored."""
  if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    return (*_INSISTENT, signal.SIGUSR1)
  return (*_INSISTENT, *_REPEATED)

"""What a solver shows while it works: what it does, how far, time left."""

import sys
import time

import tqdm

_SECONDS_BETWEEN_LINES = 15


class Progress:
  """A bar in a terminal; elsewhere a line every quarter of a minute.

  As a context it takes the bar away at the end, so that why a run ends has a
  line of its own.

  Args:
    clock: a function without arguments, seconds that never go back.
  """

  def __init__(self, clock=time.monotonic):
    self._clock = clock
    self._bar = None
    self._name = None

  def __enter__(self):
    return self

  def __exit__(self, *raised):
    self._take_bar_away()

  def begin(self, name, done=0.0):
    """Begins a phase.

    Args:
      name: str, what is done in it.
      done: the fraction of it that an earlier process did.
    """
    self.end()
    self._name, self._first = name, done
    self._begun = self._printed = self._clock()
    if sys.stdout.isatty():
      self._bar = tqdm.tqdm(
          desc=name, total=100, initial=round(100 * done, 1), unit="%",
          file=sys.stdout, leave=False,
          bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}, "
          "{remaining} left")

  def update(self, done):
    """Shows that a fraction of the phase is done, 0 to 1."""
    now = self._clock()
    if self._bar is not None:
      self._bar.update(100 * done - self._bar.n)
    elif now - self._printed >= _SECONDS_BETWEEN_LINES:
      self._printed = now
      left = _format_duration(self._estimate_left(done, now))
      print(f"{self._name} {done:4.0%}  {left} left", flush=True)

  def end(self):
    """Ends the phase, if one was begun; says how long it took."""
    self._take_bar_away()
    if self._name:
      taken = _format_duration(self._clock() - self._begun)
      print(f"{self._name}: {taken}", flush=True)
    self._name = None

  def say(self, text):
    """Ends the phase and prints a line."""
    self.end()
    print(text, flush=True)

  def _take_bar_away(self):
    if self._bar is not None:
      self._bar.close()
      self._bar = None

  def _estimate_left(self, done, now):
    here = done - self._first  # What this process did.
    return (now - self._begun) * (1 - done) / here if here > 0 else None


def _format_duration(seconds):
  if seconds is None:
    return "unknown time"
  if seconds < 60:
    return f"{seconds:.0f} s"
  minutes = round(seconds / 60)
  if minutes < 90:
    return f"{minutes} min"
  return f"{minutes // 60} h {minutes % 60} min"


class Quiet(Progress):
  """Shows nothing."""

  def begin(self, name, done=0.0):
    pass

  def update(self, done):
    pass

  def end(self):
    pass

  def say(self, text):
    pass

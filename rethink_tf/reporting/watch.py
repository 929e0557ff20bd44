"""Which runs are looked at while something is made from them."""

from rethink_tf.reporting import runs as runs_lib


class Watched:
  """`Runs` that keep which of them they gave out.

  Args:
    runs: the `runs_lib.Runs`.

  Attributes:
    directories: a set of the run directories given out so far.
  """

  def __init__(self, runs):
    self._runs = runs
    self.directories = set()

  def __getattr__(self, name):
    method = getattr(self._runs, name)

    def watched(*arguments):
      found = method(*arguments)
      self.directories.update(_directories(found))
      return found

    return watched


def _directories(found):
  """Yields the directory of each run in lists and dicts of runs."""
  if isinstance(found, (runs_lib.Run, runs_lib.Other)):
    yield found.directory
  elif isinstance(found, (list, dict)):
    for part in found.values() if isinstance(found, dict) else found:
      yield from _directories(part)

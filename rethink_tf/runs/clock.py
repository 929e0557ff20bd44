"""How long a run has taken, over all its starts."""

import sys
import time

from rethink_tf import documents
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

_KEY = "seconds"


class Clock:
  """Seconds spent on a run, in this process and those before it.

  Where the file is damaged, a warning names it, and those before do not count.

  Args:
    file: `pathlib.Path`, ending in .npz, in which `save` keeps them; None where
      a checkpoint does, and `add` says what it holds. An earlier version's ends
      in .json.
    run: what identifies the run, `RunDirectory.identity`.
  """

  def __init__(self, file=None, run=None):
    self._file = file
    self._run = run
    self._start = time.perf_counter()
    if file:
      self.add(_read(file, run))

  def add(self, seconds):
    """Counts the seconds of an earlier start."""
    self._start -= seconds

  def seconds(self):
    """Returns the seconds spent so far."""
    return time.perf_counter() - self._start

  def save(self):
    """Keeps them in the file, where there is one.

    Raises:
      StorageError: it cannot be written.
    """
    if self._file:
      storage.make_folder(self._file.parent)
      sealed.write(self._file, {}, {_KEY: self.seconds()}, self._run)


def _read(file, run):
  """Returns the seconds in a file, 0 where it is absent or damaged."""
  try:
    try:
      _, state = sealed.read(file, run)
    except FileNotFoundError:
      file = file.with_suffix(".json")
      state = documents.read_json(file)
    return float(state[_KEY])
  except FileNotFoundError:
    return 0.0
  except (OSError, ValueError, TypeError, KeyError) as error:
    print(f"warning: {file} is {sealed.describe(error)}; the time it kept is "
          "not counted", file=sys.stderr, flush=True)
    return 0.0

"""How long a run has taken, over all its starts."""

import time

from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import storage


class Clock:
  """Seconds spent on a run, in this process and those before it.

  Args:
    file: `pathlib.Path` of a JSON file in which `save` keeps them; None where
      a checkpoint does, and `add` says what it holds.

  Raises:
    StorageError: the file is damaged.
  """

  def __init__(self, file=None):
    self._file = file
    self._start = time.perf_counter()
    earlier = file and run_directory.read_json(file)
    if earlier:
      self.add(earlier["seconds"])

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
      self._file.parent.mkdir(exist_ok=True)
      storage.write_json(self._file, {"seconds": self.seconds()})

"""Run directories under names that say what they are, for TensorBoard.

TensorBoard calls a run by its path, of which the first that one sees is the
folder's. So it is given a folder of links, whose names begin with model, data
and labels and end in that path.
"""

import contextlib
import os
import pathlib
import threading

from rethink_tf import errors
from rethink_tf.flags import declare
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import wording

_CONFIG = "config.json"
_EVENTS = "tensorboard"
_SECONDS = 5.0
# Of a file's name, which may have 255 bytes.
_LONGEST_WORDS, _LONGEST_PATH = 120, 100


class NamedRuns:
  """A folder of links to the event files of runs.

  Args:
    runs: `pathlib.Path` of the folder with run directories at any depth, or of
      a run directory.
    links: `pathlib.Path` of the folder for the links.
  """

  def __init__(self, runs, links):
    self._runs = runs
    self._links = links
    self._linked = {}

  def update(self):
    """Makes a link for each run that has come, and removes those of gone ones.

    Returns:
      How many runs there are.
    """
    there = set(self._find())
    for directory in sorted(there - set(self._linked)):
      link = _free(self._links / _name(directory, self._runs))
      os.symlink(directory / _EVENTS, link)
      self._linked[directory] = link
    for directory in set(self._linked) - there:
      self._linked.pop(directory).unlink()
    return len(there)

  def keep_up_to_date(self):
    """Looks for runs from here on, in a thread that ends with the process."""
    def watch():
      never = threading.Event()
      while not never.wait(_SECONDS):
        with contextlib.suppress(OSError):  # What has gone meanwhile.
          self.update()

    threading.Thread(target=watch, daemon=True).start()

  def _find(self):
    """Yields the run directories that have event files; follows no link."""
    for folder, below, names in os.walk(self._runs):
      if _CONFIG in names and _EVENTS in below:
        below.clear()
        directory = pathlib.Path(folder)
        if not (directory / _EVENTS).is_symlink():
          yield directory


def _free(link):
  """Returns a path, or one like it that there is nothing at."""
  path, number = link, 1
  while os.path.lexists(path):
    number += 1
    path = link.with_name(f"{link.name} ({number})")
  return path


def _name(directory, runs):
  """Returns what a run is called."""
  parts = directory.relative_to(runs).parts or (directory.name,)
  place = "".join(c if c.isprintable() else "?" for c in ", ".join(parts))
  place = place.encode()[-_LONGEST_PATH:].decode(errors="ignore")
  words = _describe(directory)
  return f"{words[:_LONGEST_WORDS]}, {place}" if words else place


def _describe(directory):
  """Returns a run's model, data and labels; None where no config says them."""
  try:
    recorded = run_directory.read_json(directory / _CONFIG)
    config = training_flags.read_config(recorded)
    declare.require_valid(training_flags.Config, config.as_dict())
    return wording.name_run(config)
  except (errors.RunError, KeyError, TypeError, ValueError):
    return None

"""Which run directories this process owns, and whether each is still its own.

A folder can be removed under the process that writes there, and another process
can then begin a run at its path. Whoever writes asks first; `storage` does so
for every file.
"""

import contextlib
import os
import stat

from rethink_tf import errors

LOCK = "lock"
# Paths of the run directories that are owned, and the open lock of each.
_held = {}


@contextlib.contextmanager
def hold(path, lock):
  """Makes `require` look at a run directory's lock, in the block.

  Args:
    path: `pathlib.Path` of the run directory.
    lock: its lock, an open file.
  """
  _held[path] = lock
  try:
    yield
  finally:
    del _held[path]


def is_own(path):
  """Tells whether the lock at a run directory's path is the one held."""
  return is_at(_held[path], path)


def is_at(lock, path):
  """Tells whether an open lock is the one that is in a folder.

  Args:
    lock: an open file.
    path: `pathlib.Path` of the folder.
  """
  try:
    there = os.stat(path / LOCK, follow_symlinks=False)
  except OSError:
    return False
  return os.path.samestat(there, os.fstat(lock.fileno()))


def require(path):
  """Refuses to write or remove what is no longer this process's.

  Args:
    path: `pathlib.Path` of a file or folder, in a run directory or elsewhere.

  Raises:
    StorageError: it is in a run directory that this process owned and that was
      removed or replaced, or a link leads out of it on the way there.
  """
  for directory in _held:
    if path.is_relative_to(directory):
      if not is_own(directory):
        raise errors.StorageError(
            f"{directory} was removed or replaced while this process wrote "
            "there; it has stopped and writes nothing more")
      for folder in path.parents:
        if folder == directory:
          break
        if is_link(folder):
          raise errors.StorageError(
              f"{folder} is a link, which leads out of {directory}; nothing is "
              "written there")


def is_link(path):
  """Tells whether there is a symbolic link at a path."""
  try:
    return stat.S_ISLNK(os.lstat(path).st_mode)
  except OSError:
    return False

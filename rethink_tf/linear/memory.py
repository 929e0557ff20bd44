"""How much memory and disk there is, asked before either is used."""

import os
import pathlib
import shutil

from rethink_tf import errors

GB = 1e9
_UNLIMITED = 2**60  # What a control group without a limit reports, and more.
# (limit, use, cache that can be dropped) of Linux's control groups, 2 and 1.
_GROUPS = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes",
     "memory/memory.stat", "total_inactive_file"),
)


def available_gb(root=pathlib.Path("/")):
  """Returns the GB of memory that this process may still take.

  Args:
    root: where the machine's /proc and /sys are.
  """
  free = _table(root / "proc/meminfo").get("MemAvailable:")
  if free is None:  # Not Linux.
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024
  left = [1024 * free]
  for limit, use, stat, droppable in _GROUPS:
    group = root / "sys/fs/cgroup"
    most, used = (_number(group / name) for name in (limit, use))
    if most is not None and used is not None and most < _UNLIMITED:
      left.append(most - used + _table(group / stat).get(droppable, 0))
  return max(0, min(left)) / GB


def require(needed_gb, limit_gb, purpose, advice):
  """Refuses, before anything is allocated, what does not fit into memory.

  Args:
    needed_gb: what will be allocated.
    limit_gb: what may be, or 0 for all that is available.
    purpose: str, what it is for.
    advice: str, what to do instead.

  Raises:
    StorageError: it does not fit.
  """
  there = limit_gb or available_gb()
  if needed_gb > there:
    whose = "--memory_gb allows" if limit_gb else "is available"
    raise errors.StorageError(
        f"{purpose} needs {needed_gb:.1f} GB of memory and {there:.1f} GB "
        f"{whose}: {advice}")


def require_disk(needed_gb, folder, advice):
  """Refuses, before anything is written, what does not fit on a disk.

  Args:
    needed_gb: what will be written.
    folder: `pathlib.Path` of an existing folder on the disk.
    advice: str, what to do instead.

  Raises:
    StorageError: it does not fit.
  """
  there = shutil.disk_usage(folder).free / GB
  if needed_gb > there:
    raise errors.StorageError(
        f"checkpoints in {folder} need {needed_gb:.1f} GB of disk and "
        f"{there:.1f} GB are free: {advice}")


def _table(path):
  """Returns the first number of each line by the word before it."""
  try:
    lines = path.read_text("ascii").splitlines()
  except (OSError, UnicodeDecodeError):
    return {}
  return {words[0]: int(words[1]) for words in map(str.split, lines)
          if len(words) > 1 and words[1].isdigit()}


def _number(path):
  try:
    return int(path.read_text("ascii"))
  except (OSError, ValueError):  # Absent, or "max".
    return None

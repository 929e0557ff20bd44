"""Files that are either the old version or the new one, never half of one."""

import contextlib
import csv
import errno
import io
import json
import os

from rethink_tf import errors
from rethink_tf.runs import ownership

# Matches what a process killed in the middle of `write_bytes` leaves behind.
_LEFTOVERS = ".*.tmp"


def write_bytes(path, *chunks):
  """Writes a file beside its place, flushes it to disk, and renames it.

  Args:
    path: `pathlib.Path` to write.
    *chunks: bytes-like objects, written one after the other.

  Raises:
    StorageError: the file cannot be written, or its run directory is no longer
      this process's; what was there before stays.
  """
  with replacing(path) as file:
    for chunk in chunks:
      file.write(chunk)


@contextlib.contextmanager
def replacing(path):
  """Writes a file as `write_bytes` does, for what is not there in chunks.

  Args:
    path: `pathlib.Path` to write.

  Yields:
    A file open for reading and writing bytes. What it holds at the end of the
    block is the new version; an error that leaves the block leaves the old.

  Raises:
    StorageError: as for `write_bytes`.
  """
  beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # As _LEFTOVERS.
  ownership.require(path)
  try:
    beside.unlink(missing_ok=True)
    try:
      with open(beside, "xb+") as file:  # A new file, never what a link names.
        yield file
        file.flush()
        os.fsync(file.fileno())
      ownership.require(path)
      os.replace(beside, path)
    except Exception:
      with contextlib.suppress(OSError):
        beside.unlink()
      raise
    _flush_folder(path.parent)
  except OSError as error:
    ownership.require(path)  # Which says it better, where that is why.
    raise errors.StorageError(
        f"{path} cannot be written: {error.strerror or error}") from error


def append_text(path, text):
  """Adds UTF-8 text at the end of a file, as `append_bytes` does."""
  append_bytes(path, text.encode())


def append_bytes(path, content):
  """Adds bytes at the end of a file, made where absent.

  Args:
    path: `pathlib.Path`.
    content: written at once, so that a kill leaves all of it or nothing; so
      does a disk that has room for a part.

  Raises:
    StorageError: it cannot be written.
  """
  ownership.require(path)
  flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
  try:
    descriptor = os.open(path, flags, 0o666)
    try:
      _append(descriptor, content)
    finally:
      os.close(descriptor)
  except OSError as error:
    raise errors.StorageError(
        f"{path} cannot be written: {error.strerror}") from error


def _append(descriptor, content):
  """Adds bytes to a file, or raises OSError and leaves it as it was."""
  size = os.fstat(descriptor).st_size
  if os.write(descriptor, content) < len(content):
    os.ftruncate(descriptor, size)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def make_folder(path):
  """Makes a folder, and those above it, where absent.

  Raises:
    StorageError: it cannot be made, or is a link in a run directory.
  """
  ownership.require(path / "any")
  try:
    path.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise errors.StorageError(
        f"{path} cannot be made: {error.strerror}") from error


def remove(path):
  """Removes a file, if it is there.

  Raises:
    StorageError: it cannot be removed, or is no longer this process's.
  """
  ownership.require(path)
  try:
    path.unlink(missing_ok=True)
  except OSError as error:
    raise errors.StorageError(
        f"{path} cannot be removed: {error.strerror}") from error


def rename(path, new):
  """Gives a file another name in its folder.

  Raises:
    StorageError: it cannot be renamed, or is no longer this process's.
  """
  ownership.require(path)
  try:
    os.rename(path, new)
  except OSError as error:
    raise errors.StorageError(
        f"{path} cannot be renamed: {error.strerror}") from error


def remove_leftovers(folder):
  """Removes what processes killed in the middle of `write_bytes` left.

  Args:
    folder: `pathlib.Path`, which need not exist; those below it stay.
  """
  for leftover in folder.glob(_LEFTOVERS):
    remove(leftover)


def write_text(path, text):
  """Writes UTF-8 text as `write_bytes` does."""
  write_bytes(path, text.encode())


def write_json(path, value):
  """Writes a value as `json_text`, as `write_bytes` does."""
  write_text(path, json_text(value))


def json_text(value):
  """Returns a value as indented JSON.

  Raises:
    ValueError: a number in it is not finite, which JSON has no word for.
  """
  return json.dumps(value, indent=2, allow_nan=False) + "\n"


def csv_text(columns, rows):
  """Returns a table as CSV.

  Args:
    columns: their names, in order.
    rows: a dict a row; None is an empty cell, and what is in no column is left
      out. Text that a spreadsheet would compute has a quote before it.
  """
  text = io.StringIO()
  writer = csv.DictWriter(
      text, columns, extrasaction="ignore", lineterminator="\n")
  writer.writeheader()
  writer.writerows(
      {name: _as_text(value) for name, value in row.items()} for row in rows)
  return text.getvalue()


def _as_text(value):
  if isinstance(value, str) and value.startswith(("=", "+", "@", "\t", "\r")):
    return f"'{value}"
  return value


def _flush_folder(folder):
  """Makes a rename in a folder survive a loss of power."""
  descriptor = os.open(folder, os.O_RDONLY)
  try:
    os.fsync(descriptor)
  finally:
    os.close(descriptor)

"""Files that are either the old version or the new one, never half of one."""

import contextlib
import csv
import io
import json
import os

from rethink_tf import errors

# Matches what a process killed in the middle of `write_bytes` leaves behind.
_LEFTOVERS = ".*.tmp"


def write_bytes(path, *chunks):
  """Writes a file beside its place, flushes it to disk, and renames it.

  Args:
    path: `pathlib.Path` to write.
    *chunks: bytes-like objects, written one after the other.

  Raises:
    StorageError: the file cannot be written; what was there before stays.
  """
  beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # As _LEFTOVERS.
  try:
    with open(beside, "wb") as file:
      for chunk in chunks:
        file.write(chunk)
      file.flush()
      os.fsync(file.fileno())
    os.replace(beside, path)
    _flush_folder(path.parent)
  except OSError as error:
    with contextlib.suppress(OSError):
      beside.unlink()
    raise errors.StorageError(
        f"{path} cannot be written: {error.strerror or error}") from error


def remove_leftovers(folder):
  """Removes what processes killed in the middle of `write_bytes` left.

  Args:
    folder: `pathlib.Path`, which need not exist; those below it stay.
  """
  for leftover in folder.glob(_LEFTOVERS):
    leftover.unlink()


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
      out.
  """
  text = io.StringIO()
  writer = csv.DictWriter(
      text, columns, extrasaction="ignore", lineterminator="\n")
  writer.writeheader()
  writer.writerows(rows)
  return text.getvalue()


def _flush_folder(folder):
  """Makes a rename in a folder survive a loss of power."""
  descriptor = os.open(folder, os.O_RDONLY)
  try:
    os.fsync(descriptor)
  finally:
    os.close(descriptor)

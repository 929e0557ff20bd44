"""Files from anywhere, JSON and TOML among them, read within limits.

A file that somebody else may have written is short, shallow, and has numbers
that arithmetic can take; or it is refused as a ValueError, in a line.
"""

import errno
import json
import math
import os
import stat
import tomllib

# The longest of our own: the rows of thousands of epochs.
_MAX_BYTES = 2**26
_MAX_DEPTH = 20
_MAX_WHOLE = 2**63


def read_json(path):
  """Returns what a JSON file holds; raises as `read_bytes` and `parse_json`."""
  return parse_json(read_bytes(path))


def read_toml(path):
  """Returns what a TOML file holds, a dict of the same limits as JSON.

  Raises:
    FileNotFoundError: it is absent.
    OSError: it cannot be read.
    ValueError: it is no such TOML.
  """
  return _within_limits(tomllib.loads, read_bytes(path))


def read_bytes(path):
  """Returns a file's content.

  Raises:
    FileNotFoundError: it is absent.
    OSError: it cannot be read, or is no plain file.
    ValueError: it is longer than any of ours.
  """
  with open_file(path) as file:
    content = file.read(_MAX_BYTES + 1)
  if len(content) > _MAX_BYTES:
    raise ValueError(f"it is longer than {_MAX_BYTES:,} bytes")
  return content


def open_file(path):
  """Opens a plain file for reading bytes; what it is cannot make it wait.

  Args:
    path: `pathlib.Path`; a link to a plain file will do.

  Raises:
    FileNotFoundError: it is absent.
    OSError: it cannot be read, or is no plain file.
  """
  # A FIFO nobody writes to would be waited for.
  descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
  if not stat.S_ISREG(os.fstat(descriptor).st_mode):
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a plain file", str(path))
  return os.fdopen(descriptor, "rb")


def parse_json(content):
  """Returns what JSON holds.

  Args:
    content: bytes.

  Raises:
    ValueError: it is no JSON, is nested deeper than any of ours, or has a
      number that is infinite, no number, or beyond 64 bits.
  """
  return _within_limits(json.loads, content)


def _within_limits(parse, content):
  try:
    value = parse(content.decode("utf-8"))
  except RecursionError as error:
    raise ValueError("it is nested too deeply") from error
  level = [value]
  for _ in range(_MAX_DEPTH):
    below = []
    for part in level:
      if isinstance(part, dict):
        below += part.values()
      elif isinstance(part, list):
        below += part
      elif isinstance(part, float) and not math.isfinite(part):
        raise ValueError("it has a number that is not finite")
      elif isinstance(part, int) and abs(part) > _MAX_WHOLE:
        raise ValueError("it has a number that is out of range")
    level = below
    if not level:
      return value
  raise ValueError("it is nested too deeply")

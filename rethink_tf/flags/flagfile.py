"""Flagfiles, read strictly.

absl ignores a line without dashes and a file that includes itself; a run
started from such a file would not be the run its author meant.
"""

import os
import pathlib

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf import paths

_PREFIXES = ("--flagfile=", "-flagfile=")
_FLAGS = ("--flagfile", "-flagfile")


class Line(str):
  """A flag of a flagfile, as text.

  Attributes:
    place: the file and the line where it stands, as messages say it.
  """

  def __new__(cls, text, place):
    line = super().__new__(cls, text)
    line.place = place
    return line


def expand(arguments):
  """Replaces every `--flagfile=PATH` by the flags in that file.

  Flags given directly come after those of flagfiles, wherever they stood, so
  that what is typed always wins over what a file says.

  Args:
    arguments: list of str, without the program name.

  Returns:
    `(flags, last)`: the expanded list of str, of which those from files are
    each a `Line`, and the last flagfile, which wins over those before it, as
    it was typed; None where none was given.

  Raises:
    UsageError: a flagfile is missing, unreadable, includes itself, or has a
      line that is neither a flag nor a comment.
  """
  from_files, direct, last = [], [], None
  remaining = list(arguments)
  while remaining:
    argument = remaining.pop(0)
    if argument in _FLAGS:
      if not remaining:
        raise errors.UsageError(
            "--flagfile: expected a path. Received: nothing")
      argument = f"--flagfile={remaining.pop(0)}"
    if argument.startswith(_PREFIXES):
      last = argument.split("=", 1)[1]
      from_files += _read(paths.find_file("flagfile", last), ())
    else:
      direct.append(argument)
  return from_files + direct, last


def _read(path, including):
  try:
    resolved = os.path.realpath(path)
    if resolved in including:
      raise errors.UsageError(f"flagfile {path} includes itself")
    # Some editors begin a file with a byte order mark.
    text = documents.read_bytes(path).decode("utf-8-sig")
  except UnicodeDecodeError as error:
    raise errors.UsageError(
        f"flagfile {path}: expected text in UTF-8. Received: {error}"
    ) from error
  except (OSError, ValueError) as error:
    raise errors.UsageError(
        f"flagfile {path} cannot be read: {error}") from error
  flags = []
  for number, line in enumerate(text.splitlines(), start=1):
    line, place = line.strip(), f"flagfile {path}, line {number}"
    if not line or line.startswith(("#", "//")):
      continue
    if not line.startswith("-"):
      raise errors.UsageError(
          f"{place}: expected a flag that starts with --, or a comment that "
          f"starts with #. Received: {line!r}")
    if any(map(str.isspace, line.partition("=")[0])) or line in _FLAGS:
      raise errors.UsageError(
          f"{place}: expected --name=value. Received: {line!r}")
    if line.startswith(_PREFIXES):
      inner = pathlib.Path(line.split("=", 1)[1])
      flags += _read(path.parent / inner, (*including, resolved))
    else:
      flags.append(Line(line, place))
  return flags

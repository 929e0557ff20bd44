"""Flagfiles, read strictly.

absl ignores a line without dashes and a file that includes itself; a run
started from such a file would not be the run its author meant.
"""

import pathlib

from rethink_tf import errors
from rethink_tf import paths

_PREFIXES = ("--flagfile=", "-flagfile=")


def expand(arguments):
  """Replaces every `--flagfile=PATH` by the flags in that file.

  Flags given directly come after those of flagfiles, wherever they stood, so
  that what is typed always wins over what a file says.

  Args:
    arguments: list of str, without the program name.

  Returns:
    `(flags, first)`: the expanded list of str, and the first flagfile as it was
    typed, or None where none was given.

  Raises:
    UsageError: a flagfile is missing, unreadable, includes itself, or has a
      line that is neither a flag nor a comment.
  """
  from_files, direct, first = [], [], None
  remaining = list(arguments)
  while remaining:
    argument = remaining.pop(0)
    if argument in ("--flagfile", "-flagfile"):
      if not remaining:
        raise errors.UsageError(
            "--flagfile: expected a path. Received: nothing")
      argument = f"--flagfile={remaining.pop(0)}"
    if argument.startswith(_PREFIXES):
      typed = argument.split("=", 1)[1]
      first = first or typed
      from_files += _read(paths.find_file("flagfile", typed), ())
    else:
      direct.append(argument)
  return from_files + direct, first


def _read(path, including):
  resolved = path.resolve()
  if resolved in including:
    raise errors.UsageError(f"flagfile {path} includes itself")
  try:
    text = path.read_text(encoding="utf-8")
  except (OSError, UnicodeDecodeError) as error:
    raise errors.UsageError(
        f"flagfile {path} cannot be read: {error}") from error
  flags = []
  for number, line in enumerate(text.splitlines(), start=1):
    line = line.strip()
    if not line or line.startswith(("#", "//")):
      continue
    if not line.startswith("-"):
      raise errors.UsageError(
          f"flagfile {path}, line {number}: expected a flag that starts with "
          f"--, or a comment that starts with #. Received: {line!r}"
      )
    if line.startswith(_PREFIXES):
      inner = pathlib.Path(line.split("=", 1)[1])
      flags += _read(path.parent / inner, (*including, resolved))
    else:
      flags.append(line)
  return flags

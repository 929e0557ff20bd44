"""Commands as they are printed, to be pasted into a shell in any folder."""

import os
import pathlib
import shlex

from rethink_tf import paths

# Flags of `train` that name a path, but for --logdir.
_PATHS = ("data_dir", "flagfile", "labels_file")


def shell_line(program, arguments):
  """Returns the line for a shell that runs a program of the project.

  Args:
    program: its name, such as "train".
    arguments: its flags, a list of str, any path in them absolute.
  """
  root = pathlib.Path(
      os.environ.get("BUILD_WORKSPACE_DIRECTORY") or paths.shipped(""))
  script = root / "scripts" / "bazel"
  # A program that Bazel has built does not know the checkout by itself.
  start = str(script) if script.exists() else "scripts/bazel"
  return shlex.join(
      [start, "run", f"//rethink_tf:{program}", "--", *arguments])


def without(arguments, left_out):
  """Returns typed flags but for some, their paths absolute.

  Args:
    arguments: list of str, as typed.
    left_out: dict from the name of a flag that is left out to whether it has a
      value, which may be the next word.
  """
  kept = []
  remaining = list(arguments)
  while remaining:
    argument = remaining.pop(0)
    name, equals, value = argument.lstrip("-").partition("=")
    if name in left_out:
      if left_out[name] and not equals:
        del remaining[:1]
    elif name in _PATHS:
      if not equals:
        value = remaining.pop(0)
      kept.append(f"--{name}={_as_absolute(name, value)}")
    else:
      kept.append(argument)
  return kept


def _as_absolute(name, value):
  mine = paths.user_path(value)
  if name == "flagfile":
    shipped = paths.shipped(value)
    # Found from anywhere, unless the user has another of that name.
    if not mine.exists() or shipped.exists() and mine.samefile(shipped):
      return value
  return mine

"""Where a user's relative paths and the project's own files are."""

import os
import pathlib

from rethink_tf import errors

_PACKAGE = pathlib.Path(__file__).absolute().parent
# In Bazel's runfiles tree as in a checkout, the package's parent is the root;
# pip installs what else is needed in the package.
_PROJECT_ROOT = _PACKAGE if (_PACKAGE / "configs").is_dir() else _PACKAGE.parent


def user_path(text):
  """Resolves a path that a user typed, relative to where they typed it.

  `bazel run` starts programs inside its runfiles tree and leaves the user's
  directory in BUILD_WORKING_DIRECTORY.
  """
  start = os.environ.get("BUILD_WORKING_DIRECTORY") or os.getcwd()
  return pathlib.Path(start) / os.path.expanduser(text)


def workspace():
  """Returns the checkout's root under `bazel run`, else the user's folder."""
  return pathlib.Path(
      os.environ.get("BUILD_WORKSPACE_DIRECTORY") or user_path(".")
  )


def is_installed():
  """Tells whether this is what pip has installed, and no checkout."""
  return _PROJECT_ROOT == _PACKAGE


def is_file(path):
  """Tells whether there is a file at a path, whatever characters that has."""
  try:
    return os.path.isfile(path)
  except ValueError:  # A NUL, which no path has.
    return False


def find_file(flag, text):
  """Returns the path of a user's file, or of one shipped with the project.

  Args:
    flag: the name of the flag that names the file, for the message.
    text: a path, as the user typed it.

  Raises:
    UsageError: neither exists.
  """
  of_user = user_path(text)
  for candidate in (of_user, shipped(text)):
    if is_file(candidate):
      return candidate
  raise errors.UsageError(
      f"--{flag}: expected a file. Received: {text!r}, which is neither "
      f"{of_user} nor shipped with the project"
  )


def shipped(text):
  """Returns the path of a file or folder that comes with the project."""
  return _PROJECT_ROOT / text

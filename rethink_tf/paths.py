"""Where a user's relative paths and the project's own files are."""

import os
import pathlib

from rethink_tf import errors

# In Bazel's runfiles tree as in a checkout, the package's parent is the root.
_PROJECT_ROOT = pathlib.Path(__file__).absolute().parent.parent


def user_path(text):
  """Resolves a path that a user typed, relative to where they typed it.

  `bazel run` starts programs inside its runfiles tree and leaves the user's
  directory in BUILD_WORKING_DIRECTORY.
  """
  start = os.environ.get("BUILD_WORKING_DIRECTORY") or os.getcwd()
  return pathlib.Path(start) / os.path.expanduser(text)


def workspace():
  """Returns the checkout's root under `bazel run`, else the user's directory."""
  return pathlib.Path(
      os.environ.get("BUILD_WORKSPACE_DIRECTORY") or user_path(".")
  )


def find_flagfile(text):
  """Returns the path of a user's flagfile, or of one shipped with the project.

  Raises:
    UsageError: neither exists.
  """
  mine, shipped = user_path(text), _PROJECT_ROOT / text
  for candidate in (mine, shipped):
    if os.path.isfile(candidate):
      return candidate
  raise errors.UsageError(
      f"--flagfile: expected a file. Received: {text!r}, which is neither "
      f"{mine} nor shipped with the project"
  )

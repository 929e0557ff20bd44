"""Commands as they are printed, to be pasted into a shell in any folder."""

import os
import pathlib
import shlex
import sys
import urllib.parse

from rethink_tf import paths


def shell_line(program, arguments):
  """Returns the line for a shell that runs a program of the project.

  Args:
    program: its name, such as "train".
    arguments: its flags, a list of str, any path in them absolute.
  """
  if paths.is_installed():
    words = [sys.executable, "-m", "rethink_tf", program, *arguments]
    return " ".join(map(_quote, words))
  root = pathlib.Path(
      os.environ.get("BUILD_WORKSPACE_DIRECTORY") or paths.shipped(""))
  script = root / "scripts" / "bazel"
  # A program that Bazel has built does not know the checkout by itself.
  start = str(script) if script.exists() else "scripts/bazel"
  words = [start, "run", f"//rethink_tf:{program}", "--", *arguments]
  return " ".join(map(_quote, words))


def tensorboard_address(server="http://localhost:6006/", runs=None):
  """Returns where TensorBoard shows loss and accuracy, as they were measured.

  Args:
    server: where it listens; the default is TensorBoard's.
    runs: a regular expression of the names of the runs to show; None: all.
  """
  query = {"tagFilter": "^(accuracy|loss)/(test|train)$", "smoothing": "0"}
  if runs:
    query = {"runFilter": runs, **query}
  text = urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
  return f"{server}?{text}#timeseries"


def _quote(word):
  """Returns a word as a shell reads it, whatever it holds, in one line."""
  if word.isprintable():
    return shlex.quote(word)
  octal = "".join(f"\\{byte:03o}" for byte in os.fsencode(word))
  return f'"$(printf \'{octal}\')"'


def anywhere(arguments, data_dir, left_out=None):
  """Returns flags of `train` that mean the same in any folder.

  Args:
    arguments: list of str, as typed.
    data_dir: the `data_dir` of the `Options` that they make: a flagfile may
      say it, relative to where the user is.
    left_out: dict from the name of a flag that is left out to whether it has a
      value, which may be the next word.
  """
  left_out = {**(left_out or {}), "data_dir": True}
  kept = []
  remaining = list(arguments)
  while remaining:
    argument = remaining.pop(0)
    name, equals, value = argument.lstrip("-").partition("=")
    if name in left_out:
      if left_out[name] and not equals:
        del remaining[:1]
    elif name in ("flagfile", "labels_file"):
      if not equals:
        value = remaining.pop(0)
      absolute = _find_flagfile if name == "flagfile" else paths.user_path
      kept.append(f"--{name}={absolute(value)}")
    else:
      kept.append(argument)
  return [*kept, f"--data_dir={data_dir}"] if data_dir else kept


def _find_flagfile(flagfile):
  mine = paths.user_path(flagfile)
  shipped = paths.shipped(flagfile)
  # Found from anywhere, unless the user has another of that name.
  if not mine.exists() or shipped.exists() and mine.samefile(shipped):
    return flagfile
  return mine

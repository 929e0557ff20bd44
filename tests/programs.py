"""Runs the project's programs in processes of their own, for tests."""

import os
import subprocess
import sys

_PROGRAM = """
import runpy
runpy.run_module("rethink_tf.{}", run_name="__main__")
"""
# Importing either now fails, with a traceback and exit code 1.
_NO_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
"""


def python(code, *arguments, folder, **environment):
  """Runs Python code in a folder, where a user would type the command.

  Args:
    code: str, what `python -c` runs.
    *arguments: of the program, as sys.argv[1:].
    folder: `pathlib.Path`, the working directory, and the user's home.
    **environment: more environment variables.

  Returns:
    A `subprocess.CompletedProcess` with text output.
  """
  return subprocess.run(
      [sys.executable, "-c", code, *map(str, arguments)],
      cwd=folder, env=environment_in(folder, **environment),
      capture_output=True, text=True, check=False)


def run(program, *arguments, folder, **environment):
  """Runs a program of the package by name, as `python` does."""
  return python(
      _PROGRAM.format(program), *arguments, folder=folder, **environment)


def run_without_tensorflow(program, *arguments, folder, **environment):
  """Runs a program by name where importing TensorFlow or Keras fails."""
  return python(_NO_TENSORFLOW + _PROGRAM.format(program), *arguments,
                folder=folder, **environment)


def start(program, *arguments, folder, **environment):
  """Starts "train" or another program; returns a `subprocess.Popen`."""
  return subprocess.Popen(
      [sys.executable, "-c", _PROGRAM.format(program), *map(str, arguments)],
      cwd=folder, env=environment_in(folder, **environment),
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def environment_in(folder, **more):
  """Returns environment variables for a program whose user lives in a folder."""
  inherited = {
      name: value for name, value in os.environ.items()
      if not name.startswith(("BUILD_", "XDG_"))}
  return {**inherited, "HOME": str(folder), **more}


def errors_of(done):
  """Returns the lines that a finished process wrote to stderr."""
  return done.stderr.splitlines()

"""Runs the project's programs in processes of their own, for tests."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys

from tests import preloaded

_PROGRAM = """
import runpy
runpy.run_module("rethink_tf.programs.{}", run_name="__main__")
"""
# Importing either now fails, with a traceback and exit code 1.
_NO_TENSORFLOW = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
"""
# TensorFlow's notes on oneDNN, which come before it reads its level of logging.
_NOTE = re.compile(
    r"WARNING: All log messages before absl::InitializeLog|"
    r"I\d{4} .* port\.cc:\d+\] oneDNN custom operations are on")


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


def preloaded_python(code, *arguments, folder, **environment):
  """Runs Python code as `python` does, with TensorFlow imported already."""
  process = _start_preloaded(code, *arguments, folder=folder, **environment)
  with process:
    out, err = process.communicate()
  return subprocess.CompletedProcess(
      process.args, process.returncode, out, err)


def run(program, *arguments, folder, **environment):
  """Runs a program of the package by name; train as `preloaded_python` does."""
  runs = preloaded_python if program == "train" else python
  return runs(
      _PROGRAM.format(program), *arguments, folder=folder, **environment)


def run_without_tensorflow(program, *arguments, folder, **environment):
  """Runs a program by name where importing TensorFlow or Keras fails."""
  return python(_NO_TENSORFLOW + _PROGRAM.format(program), *arguments,
                folder=folder, **environment)


def start(program, *arguments, folder, **environment):
  """Starts a program as `run` does; returns a `subprocess.Popen`."""
  starts = _start_preloaded if program == "train" else start_python
  return starts(
      _PROGRAM.format(program), *arguments, folder=folder, **environment)


def start_python(code, *arguments, folder, **environment):
  """Starts Python code as `python` does; returns a `subprocess.Popen`."""
  return subprocess.Popen(
      [sys.executable, "-c", code, *map(str, arguments)],
      cwd=folder, env=environment_in(folder, **environment),
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _start_preloaded(code, *arguments, folder, family=0, **environment):
  return preloaded.Process(
      code, map(str, arguments), folder, environment_in(folder, **environment),
      family)


def start_workers(program, arguments, folder, count=2, which=None):
  """Starts the workers of one run on 127.0.0.1, a thread each.

  No two have the same hashes of str, as on machines of their own.

  Args:
    program: a program of the package, by name.
    arguments: a list for all, or a function of the worker that returns one.
    folder: as for `python`.
    count: how many workers the run has.
    which: those to start; default: all.

  Returns:
    `(addresses, processes)`.
  """
  addresses = free_addresses(count)
  processes = [
      _start_preloaded(
          _PROGRAM.format(program), "--strategy=multi_worker",
          *(arguments(index) if callable(arguments) else arguments),
          folder=folder, family=index, TF_CONFIG=tf_config(addresses, index),
          TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
      for index in (range(count) if which is None else which)]
  return addresses, processes


def start_roles(arguments, folder, workers=1, **environment):
  """Starts a coordinator, workers and a parameter server of one run of train.

  Args:
    arguments: a list for all.
    folder: as for `python`.
    workers: how many workers the run has.
    **environment: more environment variables.

  Returns:
    `(cluster, processes)`: dict from "chief", "worker" and "ps" to addresses,
    and from (kind, index) to a process.
  """
  coordinator, server, *others = free_addresses(2 + workers)
  cluster = {"chief": [coordinator], "worker": others, "ps": [server]}
  return cluster, {
      (kind, index): start_role(
          cluster, kind, index, arguments, folder, **environment)
      for kind, addresses in cluster.items()
      for index in range(len(addresses))}


def start_role(cluster, kind, index, arguments, folder, **environment):
  """Starts a process of those that `start_roles` starts; see there."""
  return _start_preloaded(
      _PROGRAM.format("train"), "--strategy=parameter_server", *arguments,
      folder=folder, TF_CONFIG=json.dumps({
          "cluster": cluster, "task": {"type": kind, "index": index}}),
      **environment)


def free_addresses(count):
  """Returns addresses on 127.0.0.1 at which nobody listens."""
  with contextlib.ExitStack() as stack:
    sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
    for one in sockets:
      one.bind(("127.0.0.1", 0))
    return ["%s:%d" % one.getsockname() for one in sockets]


def tf_config(addresses, index):
  """Returns the TF_CONFIG of a worker."""
  return json.dumps({
      "cluster": {"worker": addresses},
      "task": {"type": "worker", "index": index}})


def environment_in(folder, **more):
  """Returns environment variables of a program whose user lives in a folder."""
  inherited = {
      name: value for name, value in os.environ.items()
      if not name.startswith(("BUILD_", "XDG_"))}
  return {**inherited, "HOME": str(folder), **more}


def errors_of(done):
  """Returns the `error_lines` of a finished process."""
  return error_lines(done.stderr)


def error_lines(text):
  """Returns the lines that a process wrote to stderr.

  Without the notes that TensorFlow writes there, whatever its level of logging,
  where the processor makes it use oneDNN.
  """
  return [line for line in text.splitlines() if not _NOTE.match(line)]

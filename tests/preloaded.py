"""Starts Python programs by forking a process that has TensorFlow imported.

Importing TensorFlow and Keras takes most of the time of a small run. The
process that has imported both, and done nothing else, has no thread of theirs,
so that it may be forked: each program is a fork of it with a folder,
environment, arguments and output of its own, and ends as any Python does. What
it inherits is the seed of str's hashes and what is read while importing: what
shall not depend on these is tested in a process from scratch.
"""

import atexit
import ctypes
import functools
import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile

_PR_SET_CHILD_SUBREAPER = 36  # Linux, sys/prctl.h.
_LONGEST_REQUEST = 2**20


class Process(subprocess.Popen):
  """As `subprocess.Popen([sys.executable, "-c", code, ...])`.

  Args:
    code: str, what `python -c` would run.
    arguments: of the program, as sys.argv[1:].
    cwd: the working directory.
    env: dict of all its environment variables.
    family: forks of one process have the same hashes of str; those of another
      family have others.
  """

  def __init__(self, code, arguments, cwd, env, family=0):
    self._server = _server(family)
    self._request = {
        "code": code, "arguments": list(arguments), "cwd": str(cwd), "env": env}
    super().__init__(
        [sys.executable], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True)

  def _execute_child(self, *arguments):
    # Where Popen makes its process; all else that it does stays as it is.
    given = inspect.signature(super()._execute_child).bind(*arguments).arguments
    socket.send_fds(self._server, [json.dumps(self._request).encode()],
                    [given["c2pwrite"], given["errwrite"]])
    self.pid = int(self._server.recv(100))
    self._child_created = True
    self._close_pipe_fds(*(given[name] for name in (
        "p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")))


@functools.cache
def _server(family):
  """Starts a family's first process; returns the socket that it listens to."""
  del family
  # Forks whose parent has ended become children of this process, which can then
  # wait for them as for its own.
  ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
  home = tempfile.mkdtemp()
  atexit.register(shutil.rmtree, home, ignore_errors=True)
  own, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
  with others:
    subprocess.Popen(
        [sys.executable, "-m", "tests.preloaded", str(others.fileno())],
        pass_fds=[others.fileno()],
        env={**os.environ, "HOME": home, "TF_CPP_MIN_LOG_LEVEL": "2"})
  return own


def _serve(connection):
  """Forks for each request; returns one, in the fork, or None at the end."""
  while True:
    request, descriptors, _, _ = socket.recv_fds(
        connection, _LONGEST_REQUEST, 2)
    if not request:
      return None
    if not (pid := _fork_orphan()):
      connection.close()
      for target, descriptor in zip((1, 2), descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
      return json.loads(request)
    for descriptor in descriptors:
      os.close(descriptor)
    connection.send(str(pid).encode())


def _fork_orphan():
  """Returns 0 in a fork whose parent has ended, and its number here."""
  read, write = os.pipe()
  between = os.fork()
  if not between:
    if pid := os.fork():
      os.write(write, str(pid).encode())
      os._exit(0)
    os.close(read)
    os.close(write)
    return 0
  os.waitpid(between, 0)
  pid = int(os.read(read, 100))
  os.close(read)
  os.close(write)
  return pid


def _become(request):
  """Makes this process what the request says; returns the code to run."""
  os.chdir(request["cwd"])
  os.environ.clear()
  os.environ.update(request["env"])
  sys.argv = ["-c", *request["arguments"]]
  # Those that are there were made for other files, where one could seek.
  sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
  sys.stderr = open(2, "w", buffering=1, encoding="utf-8",
                    errors="backslashreplace", closefd=False)
  if not sys.flags.safe_path:
    sys.path[0] = ""
  return request["code"]


if __name__ == "__main__":
  # What `train` imports of others.
  import keras  # noqa: F401
  import matplotlib.figure  # noqa: F401
  import pandas  # noqa: F401
  import tensorflow  # noqa: F401

  _asked = _serve(socket.socket(fileno=int(sys.argv[1])))
  if _asked:
    exec(_become(_asked), {"__name__": "__main__"})  # noqa: S102

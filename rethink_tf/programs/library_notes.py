"""Keeps off the screen what libraries note about themselves.

TensorFlow's C++ writes notes while it is imported, on oneDNN among others, that
no log level stops: they come before it reads the level. So while that import
lasts, what the process writes to stderr goes through a filter, which drops
notes and passes on all else: warnings, errors, and what comes before a crash,
as the filter is a process of its own.
"""

import contextlib
import logging
import os
import subprocess
import sys

from rethink_tf.programs import import_hook

_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_LIBRARY = "tensorflow"
# Lines of severity INFO, such as "I0000 00:00:1796028559.2 6052 port.cc:153] ",
# and the one that says why they are shown.
_FILTER = r"""
import re, sys
note = re.compile(
    rb"I\d{4} [\d:. ]+ [\w.]+:\d+\] |"
    rb"WARNING: All log messages before absl::InitializeLog\(\) is called ")
for line in sys.stdin.buffer:
  if not note.match(line):
    sys.stderr.buffer.write(line)
    sys.stderr.buffer.flush()
"""
# What a process that the import left behind writes is still passed on later.
_SECONDS_TO_END = 5


def silence(level=2):
  """Has no library note on its build or its caches from here on.

  Where the user has set TensorFlow's log level, it notes what that lets it.

  Args:
    level: of TensorFlow's C++: 2 leaves errors, 3 what is fatal. Warnings of
      its C++ come in normal runs too, when tf.data is cancelled at their end.
  """
  logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
  if _LEVEL in os.environ:
    return
  os.environ[_LEVEL] = str(level)
  import_hook.install([_LIBRARY], _run_filtered)


def _run_filtered(execute, module):
  with _filtered_stderr():
    execute(module)


@contextlib.contextmanager
def _filtered_stderr():
  """Leads what is written to the descriptor 2 in the block through the filter.

  Where there is no stderr, or no room for a process, nothing is filtered.
  """
  try:
    own = os.dup(2)
  except OSError:
    own = None
  try:
    # In a session of its own, no signal of a terminal ends it before us.
    process = None if own is None else subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _FILTER], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, start_new_session=True)
  except OSError:
    process = None
  if process is None:
    yield
    return
  os.dup2(process.stdin.fileno(), 2)
  process.stdin.close()
  try:
    yield
  finally:
    os.dup2(own, 2)
    os.close(own)
    with contextlib.suppress(subprocess.TimeoutExpired):
      process.wait(_SECONDS_TO_END)

"""Tests of library_notes: none on the screen, and no warning lost."""

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests import launch

# TensorFlow in what it writes to the descriptor 2 while it is imported.
_LIBRARY = r"""
import os
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called "
            b"are written to STDERR\n"
            b"I0000 00:00:1796028559.246657    6052 port.cc:153] oneDNN is on\n"
            b"W0000 00:00:1796028559.246657    6052 gpu.cc:1] no driver\n"
            b"E0000 00:00:1796028559.246657    6052 gpu.cc:2] no library\n")
"""
_WARNINGS = ["no driver", "no library"]
_IMPORT = """
import sys
from rethink_tf.programs import library_notes
library_notes.silence()
import tensorflow
print("imported", file=sys.stderr)
"""
# A normal run, as small as it gets; the other programs begin as these do.
_RUNS = {
    "train": ["--epochs=1", "--train_examples=50"],
    "interpolate": ["--train_examples=50"],
    "select_kernel": ["--train_examples=50", "--folds=2", "--try=bandwidth=5"],
    "rademacher": ["--n=20", "--draws=2", "--epochs=1"],
}


def _import_fake(folder, last="", **environment):
  """Imports a library of that name; last: a line that ends its import."""
  (folder / "tensorflow.py").write_text(_LIBRARY + last)
  return launch.python(
      _IMPORT, folder=folder, PYTHONPATH=_path(folder), **environment)


def _path(folder):
  """Returns a PYTHONPATH on which a folder comes first."""
  return os.pathsep.join([str(folder), *filter(None, sys.path)])


@pytest.fixture(autouse=True)
def _no_level(monkeypatch):
  monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)


def test_notes_are_dropped_and_warnings_and_errors_are_not(tmp_path):
  done = _import_fake(tmp_path)
  assert done.returncode == 0
  *said, last = done.stderr.splitlines()
  assert [line.partition("] ")[2] for line in said] == _WARNINGS
  assert last == "imported"


def test_who_looks_whether_the_library_is_there_changes_nothing(tmp_path):
  (tmp_path / "tensorflow.py").write_text(_LIBRARY)
  done = launch.python(
      _IMPORT.replace("import tensorflow", "import importlib.util\n"
                      "assert importlib.util.find_spec('tensorflow')\n"
                      "import tensorflow"),
      folder=tmp_path, PYTHONPATH=_path(tmp_path))
  *said, last = done.stderr.splitlines()
  assert [line.partition("] ")[2] for line in said] == _WARNINGS
  assert last == "imported"


def test_a_user_who_asks_for_notes_gets_them(tmp_path):
  done = _import_fake(tmp_path, TF_CPP_MIN_LOG_LEVEL="0")
  assert "oneDNN is on" in done.stderr


def test_a_crash_while_importing_says_what_it_has_to(tmp_path):
  done = _import_fake(
      tmp_path, "os.write(2, b'this processor is too old'); os.abort()")
  assert done.returncode == -signal.SIGABRT
  assert done.stderr.splitlines()[-1] == "this processor is too old"


def test_an_import_that_fails_says_why(tmp_path):
  done = _import_fake(tmp_path, "raise ImportError('libcuda is broken')")
  assert done.returncode == 1
  assert done.stderr.splitlines()[-1] == "ImportError: libcuda is broken"


def test_a_library_that_is_not_there_is_named(tmp_path):
  code = _IMPORT.replace("import tensorflow", "import sys\n"
                         "sys.path[:] = []\nimport tensorflow")
  done = launch.python(code, folder=tmp_path)
  assert "No module named 'tensorflow'" in done.stderr.splitlines()[-1]


def test_a_process_that_an_import_leaves_behind_keeps_nobody(tmp_path):
  last = (
      "import subprocess\n"
      "child = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
      "open('child', 'w').write(str(child.pid))\n"
      "child.returncode = 0\n")  # Not waited for.
  try:
    (tmp_path / "tensorflow.py").write_text(_LIBRARY + last)
    with (tmp_path / "stderr").open("w") as stderr:
      subprocess.run(
          [sys.executable, "-c", _IMPORT], cwd=tmp_path, check=True,
          env={**os.environ, "PYTHONPATH": _path(tmp_path)}, stderr=stderr,
          timeout=30)
  finally:
    os.kill(int((tmp_path / "child").read_text()), signal.SIGTERM)
  assert "imported" in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("program", _RUNS)
def test_a_normal_run_shows_no_note(tmp_path, program):
  flags = ["--dataset=digits", *_RUNS[program]]
  if program != "select_kernel":
    flags.append("--logdir=run")
  # From scratch: a process that has TensorFlow already imports it no more.
  done = launch.python(
      "import runpy\nrunpy.run_module("
      f"'rethink_tf.programs.{program}', run_name='__main__')",
      *flags, folder=tmp_path)
  assert (done.returncode, done.stderr) == (0, "")


def test_tensorboard_shows_no_note_of_tensorflow(tmp_path):
  address, = launch.free_addresses(1)
  process = launch.start(
      "tensorboard", f"--logdir={tmp_path}",
      f"--port={address.partition(':')[2]}", folder=tmp_path)
  try:
    shown = ""
    while "TensorBoard" not in shown:
      line = process.stderr.readline()
      assert line, f"it ended: {shown}"
      shown += line
    urllib.request.urlopen(f"http://{address}/data/runs", timeout=30).close()
  finally:
    process.terminate()
    shown += process.communicate()[1]
  assert "oneDNN" not in shown and "InitializeLog" not in shown

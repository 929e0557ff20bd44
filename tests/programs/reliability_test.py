"""The README's promises, tried the way they break, on the whole program."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import rethink_tf
from tests import launch

_FLAGS = (
    "--dataset=digits", "--model=mlp_1x512", "--label_corruption=1",
    "--random_crop", "--dropout=0.3", "--weight_decay=0.001", "--epochs=3",
    "--batch_size=64", "--train_examples=300", "--logdir=run")
_SOURCES = pathlib.Path(rethink_tf.__file__).parent
# Prints the bits of the loss of every step.
_LOSSES = """
import runpy
from rethink_tf.training.callbacks import recorder
refuse = recorder.Recorder._refuse_infinite
def show(self, name, loss):
  print("bits", float(loss).hex())
  refuse(self, name, loss)
recorder.Recorder._refuse_infinite = show
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""
# Stops before the second epoch's checkpoint, and kills the process there.
_KILLED = """
import os, runpy, signal
from rethink_tf.training import checkpoints
save = checkpoints.save
def save_or_die(folder, step, *others):
  if step == 10:
    os.kill(os.getpid(), signal.SIGKILL)
  save(folder, step, *others)
checkpoints.save = save_or_die
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""
# Fills the disk while the file is written that the first argument names.
_FILLED = """
import contextlib, runpy, sys
from rethink_tf.runs import storage
name, replacing = sys.argv.pop(1), storage.replacing
@contextlib.contextmanager
def replacing_on_a_full_disk(path):
  with replacing(path) as file:
    if path.name == name:
      with contextlib.suppress(OSError):
        with open(path.parent.parent / "filler", "wb", 0) as filler:
          while filler.write(bytes(4096)):
            pass
    yield file
storage.replacing = replacing_on_a_full_disk
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""
# Adds to a file that ends just before a page does, on a disk that is full.
_APPENDED = """
import contextlib, pathlib, sys
from rethink_tf import errors
from rethink_tf.runs import storage
def main(argv):
  path = pathlib.Path(argv[1])
  path.parent.mkdir()
  path.write_text(4090 * "a")
  with contextlib.suppress(OSError), open(path.with_name("b"), "wb", 0) as file:
    while file.write(bytes(4096)):
      pass
  storage.append_text(path, 100 * "c")
sys.exit(errors.exit_code_of(main, sys.argv))
"""


@pytest.fixture(name="done", scope="module")
def _done(tmp_path_factory):
  """A folder with a finished run."""
  folder = tmp_path_factory.mktemp("done")
  finished = launch.run("train", *_FLAGS, folder=folder)
  assert finished.returncode == 0, finished.stderr
  return folder


@pytest.fixture(name="stopped", scope="module")
def _stopped(tmp_path_factory):
  """A folder with a run killed in its second epoch."""
  folder = tmp_path_factory.mktemp("stopped")
  killed = launch.preloaded_python(_KILLED, *_FLAGS, folder=folder)
  assert killed.returncode == -9, killed.stderr
  return folder


def _hashes(folder):
  result = json.loads((folder / "run/result.json").read_text("utf-8"))
  return [result["weights_sha256"], result["optimizer_sha256"]]


def _error(done, code):
  """Returns the one line on stderr of a program that ended with a code."""
  assert done.returncode == code, done.stderr
  line, = launch.errors_of(done)
  assert line.startswith("error: ")
  return line


# Promise 2: same command, same numbers.


@pytest.mark.parametrize("flags", [
    ("--model=mlp_3x512", "--dropout=0.3"),
    ("--model=alexnet_small", "--dropout=0.3"),
    ("--model=inception_small",)])
def test_two_processes_have_the_same_loss_in_every_step(tmp_path, flags):
  flags = (
      "--dataset=digits", "--train_examples=40", "--batch_size=16",
      "--epochs=2", "--random_crop", "--weight_decay=0.001", *flags)
  losses = []
  for name in ("one", "other"):
    done = launch.python(
        _LOSSES, *flags, f"--logdir={name}", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    losses.append(re.findall(r"bits (\S+)", done.stdout))
  assert len(losses[0]) == 2 * (3 + 1)  # Three steps and a test, twice.
  assert losses[0] == losses[1]


# Promise 3: nothing is lost quietly. Every kind of file in a run directory.


def _cut(path):
  os.truncate(path, path.stat().st_size // 2)


def _flip(path):
  content = bytearray(path.read_bytes())
  # Of a checkpoint, a weight; the middle is a field of zip that nobody reads.
  content[len(content) // 3] ^= 4
  path.write_bytes(content)


_DAMAGES = [_cut, _flip]
_FILES = {
    "checkpoint": ["checkpoints/step-*.npz"],
    "config": ["config.json"],
    # Not read, or written anew from the checkpoint.
    "others": ["environment.json", "lock", "metrics.csv",
               "tensorboard/events.*"],
}


@pytest.mark.parametrize("damage", _DAMAGES)
@pytest.mark.parametrize("kind", _FILES)
def test_damage_to_a_stopped_run_is_named_or_mended(
    stopped, done, tmp_path, kind, damage):
  shutil.copytree(stopped / "run", tmp_path / "run")
  for pattern in _FILES[kind]:
    path = max((tmp_path / "run").glob(pattern))
    damage(path)
  again = launch.run("train", *_FLAGS, folder=tmp_path)
  if kind == "config":
    line = _error(again, 4)
    assert str(tmp_path / "run") in line and "--overwrite" in line
    again = launch.run("train", *_FLAGS, "--overwrite", folder=tmp_path)
  elif kind == "checkpoint":
    warning, = launch.errors_of(again)
    assert warning.startswith(f"warning: checkpoint {path} is damaged")
  else:
    for name, warning in zip(
        ("metrics.csv", "environment.json"), launch.errors_of(again),
        strict=True):
      assert warning.startswith(f"warning: {tmp_path / 'run' / name} is not as")
  assert again.returncode == 0, again.stderr
  assert _hashes(tmp_path) == _hashes(done)
  run = rethink_tf.load_run(tmp_path / "run")
  assert run.metrics.index.tolist() == [1, 2, 3]


@pytest.mark.parametrize("damage", _DAMAGES)
@pytest.mark.parametrize("name", ["config.json", "metrics.csv", "result.json"])
def test_damage_to_a_finished_run_is_named(done, tmp_path, name, damage):
  shutil.copytree(done / "run", tmp_path / "run")
  damage(tmp_path / "run" / name)
  again = launch.run_without_tensorflow("train", *_FLAGS, folder=tmp_path)
  assert f"{name} is damaged" in _error(again, 4)


# Promise 3, and the disk: the previous checkpoint still loads.


def _on_a_small_disk(size, folder, *command):
  """Runs Python, where folder/disk is a file system of a size.

  Of the disk, the folder run is left: as folder/left.
  """
  disk = folder / "disk"
  disk.mkdir()
  script = (
      f"mount -t tmpfs -o size={size} tmpfs {disk} || exit 99\n"
      'cd "$1"; shift; "$@"; code=$?\n'
      f"cp -r {disk}/run {folder}/left; exit $code\n")
  done = subprocess.run(
      ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script,
       "sh", str(folder), sys.executable, *command],
      env=launch.environment_in(folder),
      capture_output=True, text=True, check=False)
  if done.returncode == 99 or done.stderr.startswith("unshare"):
    pytest.skip(f"no file system can be mounted here: {done.stderr}")
  return done


# Room for config.json alone, for TensorBoard's files too, for a checkpoint.
@pytest.mark.parametrize("size, epochs", [("16k", 0), ("128k", 0), ("12m", 1)])
def test_a_full_disk_exits_4_and_the_checkpoint_before_loads(
    tmp_path, done, size, epochs):
  assert _error(_on_a_small_disk(
      size, tmp_path, "-m", "rethink_tf.programs.train", *_FLAGS,
      "--logdir=disk/run"), 4)
  # The same command, where there is room again, goes on from there.
  shutil.move(tmp_path / "left", tmp_path / "run")
  again = launch.run("train", *_FLAGS, folder=tmp_path)
  assert again.returncode == 0, again.stderr
  assert ("epoch 1/3" in again.stdout) == (epochs == 0)
  assert _hashes(tmp_path) == _hashes(done)


@pytest.mark.parametrize("name, epochs", [
    ("MANIFEST", 0), ("config.json", 0), ("metrics.csv", 0),
    ("SHA256SUMS", 3), ("result.json", 3)])
def test_a_disk_that_fills_up_inside_a_files_write_loses_nothing(
    tmp_path, done, name, epochs):
  line = _error(_on_a_small_disk(
      "64m", tmp_path, "-c", _FILLED, name, *_FLAGS, "--logdir=disk/run"), 4)
  assert f"{name} cannot be written: No space left" in line
  shutil.move(tmp_path / "left", tmp_path / "run")
  left = tmp_path / "run" / name
  # The MANIFEST is there, empty: it is its first line that has no room.
  assert not left.exists() or not left.read_bytes()
  again = launch.run("train", *_FLAGS, folder=tmp_path)
  assert again.returncode == 0 and not launch.errors_of(again), again.stderr
  # The row of an epoch is written before its checkpoint.
  assert [f"epoch {k}/3" in again.stdout for k in (1, 2, 3)] == [
      epochs < k for k in (1, 2, 3)]
  assert _hashes(tmp_path) == _hashes(done)
  assert rethink_tf.load_run(tmp_path / "run").metrics.index.tolist() == [
      1, 2, 3]


def test_a_line_of_which_the_disk_takes_a_part_is_not_there(tmp_path):
  line = _error(
      _on_a_small_disk("64k", tmp_path, "-c", _APPENDED, "disk/run/a"), 4)
  assert "a cannot be written: No space left" in line
  assert (tmp_path / "left/a").read_text() == 4090 * "a"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_an_output_that_is_full_exits_4_and_the_run_can_go_on(tmp_path, done):
  with open("/dev/full", "w", encoding="utf-8") as full:
    process = subprocess.run(
        [sys.executable, "-m", "rethink_tf.programs.train", *_FLAGS],
        cwd=tmp_path, env=launch.environment_in(tmp_path),
        stdout=full, stderr=subprocess.PIPE, text=True, check=False)
  assert "No space left" in _error(process, 4)
  again = launch.run("train", *_FLAGS, folder=tmp_path)
  assert again.returncode == 0, again.stderr
  assert _hashes(tmp_path) == _hashes(done)


# Nothing that runs what a file holds, and no failure that is passed over.

_FORBIDDEN = (
    r"\bpickle\b", r"\bdill\b", r"\bjoblib\b", r"allow_pickle\s*=\s*True",
    r"safe_mode\s*=\s*False", r"ignore_errors", r"\bload_model\(",
    r"saved_model", r"\b(eval|exec)\(")


def test_nothing_is_unpickled_and_no_error_ignored():
  found = [
      f"{path}:{number}: {line.strip()}"
      for path in sorted(_SOURCES.rglob("*.py"))
      for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
      for pattern in _FORBIDDEN if re.search(pattern, line)]
  assert not found
  assert len(list(_SOURCES.rglob("*.py"))) > 30


@pytest.mark.parametrize("line", [
    "pickle.load(file)", "np.load(p, allow_pickle=True)",
    "x(safe_mode = False)", "data.ignore_errors()",
    "keras.saving.load_model(p)", "eval(text)"])
def test_what_is_forbidden_would_be_found(line):
  assert any(re.search(pattern, line) for pattern in _FORBIDDEN)

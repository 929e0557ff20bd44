"""Tests of --extend: more epochs, to the bit, and nothing of fewer is lost."""

import csv
import json
import os
import shutil
import signal

import keras
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.programs import train
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.training import checkpoints
from tests import launch

# Everything that draws random numbers is on. 300 examples are 5 steps. Epoch 3
# is tested as the last alone: one of six has its test after epochs 2, 4 and 6.
_FLAGS = (
    "--dataset=digits", "--width=64", "--label_corruption=0.5",
    "--random_crop", "--dropout=0.3", "--weight_decay=0.001",
    "--lr_decay_examples=700", "--batch_size=64", "--train_examples=300",
    "--seed=4", "--eval_every=2")
_TIMES = {"wall_seconds", "images_per_second", "seconds"}


def _main(logdir, *more):
  """Runs the program in this process and returns its exit code."""
  # Keras numbers seed generators over all models of a process.
  keras.backend.clear_session()
  return errors.exit_code_of(
      train.main, ["train", *_FLAGS, f"--logdir={logdir}", *more])


@pytest.fixture(name="short", scope="module")
def _short(tmp_path_factory):
  """The run directory of a finished run of three epochs."""
  path = tmp_path_factory.mktemp("short") / "run"
  assert _main(path, "--epochs=3") == 0
  return path


@pytest.fixture(name="long", scope="module")
def _long(tmp_path_factory):
  """The run directory of a finished run of six epochs, done in one go."""
  path = tmp_path_factory.mktemp("long") / "run"
  assert _main(path, "--epochs=6") == 0
  return path


@pytest.fixture(name="run")
def _run(short, tmp_path):
  """A copy of the run of three epochs."""
  shutil.copytree(short, tmp_path / "run")
  return tmp_path / "run"


def _numbers(folder, result="result.json"):
  """Returns what a run measured, its times left out."""
  def untimed(values):
    return {k: v for k, v in values.items() if k not in _TIMES}

  tables = []
  for name in ("metrics.csv", "label_kinds.csv"):
    with (folder / name).open(encoding="utf-8", newline="") as file:
      tables.append([untimed(row) for row in csv.DictReader(file)])
  return untimed(json.loads((folder / result).read_text())), tables


def _kept(folder):
  return {path.name: path.read_bytes()
          for path in folder.glob("*-epochs*.json")}


def _files(folder):
  return {path: path.read_bytes() for path in folder.rglob("*")
          if path.is_file() and path.name != "lock"}


def test_an_extended_run_is_one_of_as_many_epochs_from_the_start(
    short, long, run, capsys):
  capsys.readouterr()
  assert _main(run, "--epochs=6", "--extend") == 0
  assert _numbers(run) == _numbers(long)
  for name in ("weights_sha256", "optimizer_sha256", "best_test_accuracy"):
    assert _numbers(run)[0][name] == _numbers(long)[0][name]
  assert (run / "config.json").read_bytes() == (
      long / "config.json").read_bytes()
  assert _kept(run) == {
      f"{name}-epochs3.json": (short / f"{name}.json").read_bytes()
      for name in ("result", "config")}
  printed = capsys.readouterr().out
  assert "epoch 3/6" not in printed and "epoch 4/6" in printed
  assert f"is kept in {run}/result-epochs3.json" in printed
  # Time is counted over both.
  before, after = (json.loads(path.read_text())["wall_seconds"] for path in (
      run / "result-epochs3.json", run / "result.json"))
  assert after > before


def test_the_report_and_notebooks_see_the_longer_run_alone(run):
  assert _main(run, "--epochs=6", "--extend") == 0
  loaded = rethink_tf.load_run(run)
  assert loaded.config["epochs"] == loaded.result["epochs"] == 6
  assert loaded.metrics.index.tolist() == [1, 2, 3, 4, 5, 6]
  runs, left_out, damaged = runs_lib.find(run)
  assert not left_out and not damaged
  only, = runs.of_training()
  assert only.config.epochs == 6


def test_extending_again_keeps_both(short, long, run, capsys):
  for epochs in (4, 6):
    assert _main(run, f"--epochs={epochs}", "--extend") == 0
  assert _numbers(run) == _numbers(long)
  assert set(_kept(run)) == {
      f"{name}-epochs{epochs}.json"
      for name in ("result", "config") for epochs in (3, 4)}
  assert _kept(run)["result-epochs3.json"] == (
      short / "result.json").read_bytes()
  # The same command shows the result, with and without the flag.
  before = _files(run)
  capsys.readouterr()
  for more in ((), ("--extend",)):
    assert _main(run, "--epochs=6", *more) == 0
    assert "holds this run, done" in capsys.readouterr().out
  assert _files(run) == before


def test_a_run_that_is_not_done_is_extended_too(long, run):
  # As a kill in the last epoch leaves it.
  (run / "result.json").unlink()
  max((run / "checkpoints").glob("step-*")).unlink()
  assert _main(run, "--epochs=6", "--extend") == 0
  assert _numbers(run) == _numbers(long)
  assert not _kept(run)


def test_a_network_that_stops_when_fitted_stops_where_it_would_have(tmp_path):
  flags = ("--dropout=0", "--norandom_crop", "--train_examples=64",
           "--batch_size=16", "--eval_every=50", "--stop_when_fitted=4")
  assert _main(tmp_path / "whole", *flags, "--epochs=90") == 0
  expected = _numbers(tmp_path / "whole")
  last = expected[0]["epochs"]
  assert 5 < last < 90
  # Before it is fitted, after that, and after it has stopped.
  for epochs in (last - 5, last - 1, last + 3):
    path = tmp_path / str(epochs)
    assert _main(path, *flags, f"--epochs={epochs}") == 0
    assert _main(path, *flags, "--epochs=90", "--extend") == 0
    assert _numbers(path) == expected


class _Killed(BaseException):
  """Stands for what ends a process."""


def _extend_until(monkeypatch, run, number):
  """Extends a run until it replaces or removes a file for the n-th time."""
  done = []

  def or_die(change):
    def change_or_die(*paths, **options):
      folder, name = os.path.split(paths[-1])
      if folder == str(run) and not name.endswith(".tmp"):
        done.append(paths)
      if len(done) == number:
        raise _Killed
      return change(*paths, **options)
    return change_or_die

  with monkeypatch.context() as patch:
    patch.setattr(os, "replace", or_die(os.replace))
    patch.setattr(os, "unlink", or_die(os.unlink))
    with pytest.raises(_Killed):
      _main(run, "--epochs=6", "--extend")


# MANIFEST, two copies, the result's removal, config.json, environment.json, and
# the tables of what was restored.
@pytest.mark.parametrize("number", range(1, 9))
def test_a_kill_while_it_begins_leaves_a_run_that_is_done_or_goes_on(
    short, long, run, monkeypatch, capsys, number):
  _extend_until(monkeypatch, run, number)
  shutil.copytree(run, run.with_name("copy"))
  assert _main(run, "--epochs=6", "--extend") == 0
  assert _numbers(run) == _numbers(long)
  assert not list(run.rglob("*.tmp"))
  assert _numbers(run, "result-epochs3.json")[0] == _numbers(short)[0]

  capsys.readouterr()
  code = _main(run.with_name("copy"), "--epochs=3")
  printed = capsys.readouterr()
  assert "epoch 3/3" not in printed.out
  assert code == (0 if number <= 5 else 2)
  if code:
    assert "epochs was 6 and is 3. Its result after 3 epochs is kept in "\
        "result-epochs3.json." in printed.err
  else:
    assert _numbers(run.with_name("copy")) == _numbers(short)


# Dies by SIGKILL when the checkpoint of that name is about to be there.
_KILLED = """
import os, runpy, signal, sys
last, replace = sys.argv.pop(1), os.replace
def replace_or_die(source, target):
  if os.path.basename(target) == last:
    os.kill(os.getpid(), signal.SIGKILL)
  replace(source, target)
os.replace = replace_or_die
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""


@pytest.mark.parametrize("more", [(), ("--extend",)])
def test_a_killed_extension_goes_on_by_either_command(
    long, run, tmp_path, more):
  died = launch.preloaded_python(
      _KILLED, "step-00000025.npz", *_FLAGS, "--epochs=6", "--extend",
      f"--logdir={run}", folder=tmp_path)
  assert died.returncode == -signal.SIGKILL, died.stderr
  _, saved = checkpoints.latest(run / "checkpoints")
  assert len(saved["rows"]) == 4
  assert _main(run, "--epochs=6", *more) == 0
  assert _numbers(run) == _numbers(long)


def test_a_run_that_is_not_done_may_end_sooner(tmp_path):
  run = tmp_path / "run"
  died = launch.preloaded_python(
      _KILLED, "step-00000020.npz", *_FLAGS, "--epochs=6", f"--logdir={run}",
      folder=tmp_path)
  assert died.returncode == -signal.SIGKILL, died.stderr
  assert _main(run, "--epochs=5") == 2
  # Its fourth epoch may have ended without the test that a last one has.
  assert _main(run, "--epochs=4", "--extend") == 2
  assert _main(run, "--epochs=5", "--extend") == 0
  assert _main(tmp_path / "five", "--epochs=5") == 0
  assert _numbers(run) == _numbers(tmp_path / "five")
  assert not _kept(run)


def _refused(folder, *flags):
  """Runs the program where TensorFlow cannot load; returns its one line."""
  before = _files(folder)
  done = launch.run_without_tensorflow("train", *_FLAGS, *flags, folder=folder)
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr.count("\n") == 1
  assert _files(folder) == before
  return done.stderr


@pytest.mark.parametrize("flags, words", [
    (["--epochs=6"], "epochs was 3 and is 6. Choose another --logdir, --extend "
     "to go on, or --overwrite to start anew"),
    (["--epochs=2"], "epochs was 3 and is 2. Choose another --logdir, or"),
    (["--epochs=2", "--extend"], "epochs was 3 and is 2. Choose another "
     "--logdir, or"),
    (["--epochs=6", "--extend", "--seed=5"],
     "epochs was 3 and is 6; seed was 4 and is 5. Choose another --logdir, or"),
    (["--epochs=6", "--extend", "--noresume"],
     "--extend: expected without --overwrite and --noresume"),
    (["--epochs=6", "--extend", "--overwrite"],
     "--extend: expected without --overwrite and --noresume"),
    (["--epochs=6", "--extend", "--logdir=absent"],
     "absent, which holds none"),
])
def test_what_is_no_extension_is_refused_in_one_line(run, flags, words):
  assert words in _refused(run.parent, "--logdir=run", *flags)


def test_a_finished_run_without_checkpoints_is_not_trained_anew(run):
  shutil.rmtree(run / "checkpoints")
  assert "has no checkpoint to go on from" in _refused(
      run.parent, "--logdir=run", "--epochs=6", "--extend")


def test_a_damaged_result_is_not_extended(run, capsys):
  (run / "result.json").write_text("{}")
  before = _files(run)
  assert _main(run, "--epochs=6", "--extend") == 4
  assert "result.json is damaged" in capsys.readouterr().err
  assert _files(run) == before


def test_overwriting_removes_what_was_kept_and_no_stranger(run):
  assert _main(run, "--epochs=4", "--extend") == 0
  (run / "result-epochs-mine.json").write_text("mine")
  assert _main(run, "--epochs=1", "--overwrite") == 0
  assert set(_kept(run)) == {"result-epochs-mine.json"}

"""Tests of run_directory: one owner, nothing foreign removed, loaded back."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from tests import launch

# Owns the directory given until its stdin closes.
_OWNER = """
import pathlib, sys
from rethink_tf.runs import directory as run_directory
with run_directory.claim(pathlib.Path(sys.argv[1])):
  print("claimed", flush=True)
  sys.stdin.read()
"""


@pytest.fixture(name="owner")
def _owner(tmp_path):
  """A process that owns tmp_path/run."""
  process = subprocess.Popen(
      [sys.executable, "-c", _OWNER, str(tmp_path / "run")],
      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
  with process:
    assert process.stdout.readline() == "claimed\n"
    yield process
    process.kill()


def _row(epoch, test_accuracy):
  return {
      "epoch": epoch, "step": 3 * epoch, "learning_rate": 0.1,
      "train_loss": 1 / 3, "train_accuracy": 0.5, "test_loss": None,
      "test_accuracy": test_accuracy, "images_per_second": 12.5,
      "seconds": 0.25}


def test_a_second_process_is_refused_at_once_with_the_owners_number(
    owner, tmp_path):
  start = time.monotonic()
  second = launch.run_without_tensorflow("train",
      "--dataset=digits", f"--logdir={tmp_path / 'run'}", folder=tmp_path)
  assert time.monotonic() - start < 5
  assert second.returncode == 2
  assert f"is in use by process {owner.pid}\n" in second.stderr
  assert second.stderr.count("\n") == 1


def test_overwrite_does_not_take_a_directory_from_its_owner(owner, tmp_path):
  del owner
  (tmp_path / "run/config.json").write_text("{}")
  second = launch.run_without_tensorflow("train",
      "--dataset=digits", f"--logdir={tmp_path / 'run'}", "--overwrite",
      folder=tmp_path)
  assert second.returncode == 2
  assert (tmp_path / "run/config.json").read_text() == "{}"


def test_the_directory_of_a_killed_owner_is_free(owner, tmp_path):
  os.kill(owner.pid, signal.SIGKILL)
  owner.wait()
  with run_directory.claim(tmp_path / "run") as directory:
    assert directory.path == tmp_path / "run"
    assert (tmp_path / "run/lock").read_text() == str(os.getpid())


def test_a_directory_is_free_after_the_block(tmp_path):
  for _ in range(2):
    with run_directory.claim(tmp_path / "run") as directory:
      directory.begin({"seed": 1}, {}, overwrite=False)
  assert (tmp_path / "run/config.json").exists()


def test_a_block_that_wrote_nothing_leaves_nothing_behind(tmp_path):
  with pytest.raises(errors.DataError):
    with run_directory.claim(tmp_path / "a/b/c"):
      raise errors.DataError("absent")
  assert not list(tmp_path.iterdir())


def test_folders_that_were_there_before_stay(tmp_path):
  (tmp_path / "a").mkdir()
  with run_directory.claim(tmp_path / "a/b"):
    pass
  assert [p.name for p in tmp_path.iterdir()] == ["a"]
  assert not list((tmp_path / "a").iterdir())


def test_an_empty_folder_of_the_users_is_empty_again_afterwards(tmp_path):
  (tmp_path / "mine").mkdir()
  with run_directory.claim(tmp_path / "mine"):
    pass
  assert not list((tmp_path / "mine").iterdir())


def test_what_the_block_wrote_stays(tmp_path):
  with pytest.raises(errors.DivergedError):
    with run_directory.claim(tmp_path / "run") as directory:
      directory.write_metrics([_row(1, 0.1)])
      raise errors.DivergedError("nan")
  assert (tmp_path / "run/metrics.csv").exists()


@pytest.mark.parametrize("path", [
    "file", "file/below", "/proc/rethink_tf", "/dev/null/run", 300 * "a"])
def test_a_folder_that_cannot_be_made_is_a_usage_error(tmp_path, path):
  (tmp_path / "file").write_text("mine")
  with pytest.raises(errors.UsageError, match="--logdir: expected a folder"):
    with run_directory.claim(tmp_path / path):
      pytest.fail("the block was entered")
  assert (tmp_path / "file").read_text() == "mine"
  assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_folder_without_permission_is_a_usage_error(tmp_path):
  (tmp_path / "locked").mkdir(mode=0o500)
  if os.access(tmp_path / "locked", os.W_OK):
    pytest.skip("this user may write anywhere")
  for path in ("locked", "locked/run"):
    with pytest.raises(errors.UsageError, match="Permission denied"):
      with run_directory.claim(tmp_path / path):
        pytest.fail("the block was entered")


# Runs train as a user who may not write where the file modes say so: root loses
# that right (CAP_DAC_OVERRIDE) from its next program on.
_AS_OTHERS = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(24, 1)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
"""
_TRAIN = """
import os, runpy, sys
assert not os.access("run", os.W_OK)
# Importing either now fails.
sys.modules["tensorflow"] = sys.modules["keras"] = None
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""
_DONE = {
    "epochs": 3, "train_examples": 1297, "train_accuracy": 0.75,
    "train_loss": 0.5, "test_accuracy": 0.625}


@pytest.fixture(name="on_read_only_disk")
def _on_read_only_disk(tmp_path):
  """Returns a function that runs train there on flags, with a run in "run"."""
  config, _ = training_flags.parse(["--dataset=digits", "--epochs=3"])
  run = tmp_path / "run"
  with run_directory.claim(run) as directory:
    directory.begin(config.as_dict(), {}, overwrite=False)
    directory.write_metrics([_row(1, 0.1)])
    directory.write_result(_DONE)
  for path in (*run.iterdir(), run):
    path.chmod(path.stat().st_mode & ~0o222)
  yield lambda *flags: launch.python(
      _AS_OTHERS, _TRAIN, "--dataset=digits", "--logdir=run", *flags,
      folder=tmp_path)
  run.chmod(0o755)


def test_a_finished_run_on_a_read_only_disk_shows_its_result(
    on_read_only_disk, tmp_path):
  done = on_read_only_disk("--epochs=3")
  assert (done.returncode, done.stderr) == (0, "")
  assert f"{tmp_path}/run holds this run, done" in done.stdout
  assert "training accuracy   75.00%" in done.stdout


@pytest.mark.parametrize("flags, said", [
    (["--epochs=4"], "epochs was 3 and is 4"),
    (["--epochs=3", "--overwrite"], "expected a folder that can be written"),
    (["--epochs=3", "--preview"], "expected a folder that can be written"),
])
def test_all_else_is_refused_on_a_read_only_disk(
    on_read_only_disk, flags, said):
  refused = on_read_only_disk(*flags)
  assert (refused.returncode, refused.stdout) == (2, "")
  assert said in refused.stderr and refused.stderr.count("\n") == 1


def test_a_run_that_is_not_done_is_refused_on_a_read_only_disk(
    on_read_only_disk, tmp_path):
  (tmp_path / "run").chmod(0o755)
  (tmp_path / "run/result.json").unlink()
  (tmp_path / "run").chmod(0o555)
  refused = on_read_only_disk("--epochs=3")
  assert refused.returncode == 2
  assert refused.stderr == (
      "error: --logdir: expected a folder that can be written. Received: "
      f"{tmp_path}/run (Permission denied)\n")


def _begun(path, **config):
  directory = run_directory.RunDirectory(path)
  directory.begin(config, {"python": "3"}, overwrite=False)
  (path / "checkpoints").mkdir()
  (path / "checkpoints/step-00000001.npz").write_text("x")
  return directory


def test_begin_records_config_and_environment(tmp_path):
  _begun(tmp_path, seed=1)
  assert json.loads((tmp_path / "config.json").read_text()) == {"seed": 1}
  assert json.loads((tmp_path / "environment.json").read_text()) == {
      "python": "3"}


def test_begin_keeps_what_the_same_run_goes_on_from(tmp_path):
  directory = _begun(tmp_path, seed=1)
  directory.begin({"seed": 1}, {"python": "4"}, overwrite=False)
  assert (tmp_path / "checkpoints/step-00000001.npz").exists()
  assert json.loads((tmp_path / "environment.json").read_text()) == {
      "python": "4"}


def test_begin_refuses_another_config_with_each_difference(tmp_path):
  directory = _begun(tmp_path, seed=1, epochs=5, model="m")
  with pytest.raises(errors.UsageError) as refusal:
    directory.begin({"seed": 2, "epochs": 6, "model": "m"}, {}, overwrite=False)
  message = str(refusal.value)
  assert "seed was 1 and is 2" in message and "epochs was 5 and is 6" in message
  assert "model" not in message
  assert (tmp_path / "checkpoints/step-00000001.npz").exists()
  assert directory.recorded_config()["seed"] == 1


def test_begin_removes_an_earlier_run_where_it_may(tmp_path):
  directory = _begun(tmp_path, seed=1)
  directory.write_metrics([])
  directory.write_result({"status": "done"})
  directory.begin({"seed": 2}, {}, overwrite=True)
  assert directory.recorded_config() == {"seed": 2}
  assert directory.result() is None
  assert not (tmp_path / "checkpoints").exists()


def test_begin_removes_what_a_killed_process_left_half_written(tmp_path):
  directory = _begun(tmp_path, seed=1)
  for name in (".metrics.csv.7.tmp", "checkpoints/.step-00000002.npz.7.tmp",
               "notes.tmp"):
    (tmp_path / name).write_text("half")
  directory.begin({"seed": 1}, {}, overwrite=False)
  left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
  assert left == {
      "config.json", "environment.json", "MANIFEST", "step-00000001.npz",
      "notes.tmp"}


def test_metrics_are_a_row_an_epoch_with_the_contracts_columns(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  directory.write_metrics([_row(1, None), _row(2, 0.25)])
  assert (tmp_path / "metrics.csv").read_text() == (
      "epoch,step,learning_rate,train_loss,train_accuracy,test_loss,"
      "test_accuracy,images_per_second,seconds\n"
      "1,3,0.1,0.3333333333333333,0.5,,,12.5,0.25\n"
      "2,6,0.1,0.3333333333333333,0.5,,0.25,12.5,0.25\n")


def test_a_setting_that_is_no_longer_given_is_a_change(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  recorded = {"epochs": 2, "precision": "bfloat16", "label_hash": "1234"}
  directory.begin(recorded, {}, False)
  directory.refuse_changes({"epochs": 2, "precision": "bfloat16"})
  with pytest.raises(errors.UsageError, match="was 'bfloat16' and is None"):
    directory.refuse_changes({"epochs": 2})
  with pytest.raises(errors.UsageError, match="label_seed was None and is 7"):
    directory.refuse_changes({**recorded, "label_seed": 7})


def test_load_run_returns_config_result_and_metrics_by_epoch(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  directory.begin({"seed": 3}, {}, overwrite=False)
  directory.write_metrics([_row(1, None), _row(2, 0.25)])
  directory.write_result({"status": "done"})
  run = rethink_tf.load_run(str(tmp_path))
  assert (run.config, run.result) == ({"seed": 3}, {"status": "done"})
  assert run.metrics.loc[2, "test_accuracy"] == 0.25
  assert run.metrics["train_loss"].tolist() == [1 / 3, 1 / 3]
  assert run.metrics["test_accuracy"].isna().tolist() == [True, False]


def test_load_run_names_what_an_earlier_version_called_corrupted(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  directory.begin({"seed": 3}, {}, overwrite=False)
  accuracies = {"corrupted_accuracy": 0.25, "untouched_accuracy": 0.75}
  directory.write_metrics([{**_row(1, None), **accuracies}])
  kinds = rethink_tf.load_run(tmp_path).label_kinds.loc[1].dropna()
  assert kinds.to_dict() == {"step": 3, **accuracies}
  # All labels drawn, also those that were drawn to be what they were.
  (tmp_path / "label_kinds.csv").write_text(
      "epoch,step,corrupted_accuracy,untouched_accuracy\n1,3,0.25,0.75\n")
  kinds = rethink_tf.load_run(tmp_path).label_kinds
  assert list(kinds.columns) == [
      "step", "corrupted_accuracy", "drawn_equal_accuracy",
      "untouched_accuracy", "drawn_accuracy"]
  assert kinds.loc[1].dropna().to_dict() == {
      "step": 3, "untouched_accuracy": 0.75, "drawn_accuracy": 0.25}


def test_load_run_of_a_run_that_is_not_done_has_no_result(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  directory.begin({"seed": 3}, {}, overwrite=False)
  directory.write_metrics([_row(1, 0.5)])
  assert rethink_tf.load_run(tmp_path).result is None


def test_load_run_of_another_folder_says_that_it_is_no_run(tmp_path):
  with pytest.raises(FileNotFoundError, match="not a run"):
    rethink_tf.load_run(tmp_path)


@pytest.mark.parametrize("content", [b'{"seed": 1', b"\xff\xfe", b""])
def test_a_damaged_json_file_is_named(tmp_path, content):
  (tmp_path / "config.json").write_bytes(content)
  with pytest.raises(errors.StorageError, match="config.json is damaged"):
    run_directory.RunDirectory(tmp_path).recorded_config()


def test_results_are_replaced_whole(tmp_path):
  directory = run_directory.RunDirectory(tmp_path)
  directory.begin({"seed": 3}, {}, overwrite=False)
  directory.write_metrics([_row(1, 0.5)])
  assert directory.result() is None
  for value in ({"status": "done", "epochs": 100}, {"epochs": 1}):
    directory.write_result(value)
    assert json.loads((tmp_path / "result.json").read_text()) == value
    assert directory.result() == value


def test_sums_are_what_sha256sum_checks(tmp_path):
  directory = _finished(tmp_path)
  checked = subprocess.run(
      ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path,
      capture_output=True, text=True, check=False)
  assert checked.returncode == 0, checked.stderr
  assert checked.stdout.count(": OK") == 3
  assert directory.result() == {"status": "done"}


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.csv", "result.json", "SHA256SUMS"])
def test_a_cut_or_a_flipped_bit_in_a_finished_runs_file_is_found(
    tmp_path, name):
  directory = _finished(tmp_path)
  path = tmp_path / name
  good = path.read_bytes()
  cuts = [good[:length] for length in range(len(good))]
  flips = []
  for position in range(len(good)):
    flipped = bytearray(good)
    flipped[position] ^= 1 << (position % 8)
    flips.append(bytes(flipped))
  for damaged in (*cuts, *flips):
    path.write_bytes(damaged)
    # Without the newline at its end the list of sums still says the same.
    if name == "SHA256SUMS" and damaged == good[:-1]:
      continue
    with pytest.raises(errors.StorageError, match="is damaged"):
      directory.result()
    with pytest.raises(errors.StorageError):
      rethink_tf.load_run(tmp_path)


def test_a_run_without_sums_is_read(tmp_path):
  directory = _finished(tmp_path)
  (tmp_path / "SHA256SUMS").unlink()
  assert directory.result() == {"status": "done"}


def _finished(folder):
  directory = run_directory.RunDirectory(folder)
  directory.begin({"seed": 3}, {}, overwrite=False)
  directory.write_metrics([_row(1, 0.5)])
  directory.write_result({"status": "done"})
  return directory

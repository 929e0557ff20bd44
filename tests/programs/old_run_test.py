"""Tests that a run directory of an earlier version is gone on with.

The folder old_run holds what the program of that version left behind when
SIGTERM stopped it in its second epoch, with `_FLAGS`: all but TensorBoard's
files, the paths in environment.json, and the checkpoint's arrays, of which
checkpoint.json keeps the names, types and shapes, beside the state.
"""

import csv
import hashlib
import json
import os
import pathlib
import shutil
import signal

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.programs import train
from rethink_tf.training.callbacks import position as position_lib

_OLD = pathlib.Path(__file__).parent / "old_run"
_CHECKPOINT = json.loads((_OLD / "checkpoint.json").read_text())
# Everything that draws random numbers is on. 300 examples are 5 steps.
_FLAGS = (
    "--dataset=digits", "--model=mlp_1x512", "--label_corruption=0.5",
    "--random_crop", "--dropout=0.3", "--weight_decay=0.001", "--epochs=3",
    "--batch_size=64", "--train_examples=300", "--seed=4", "--eval_every=2")
_STOPPED_AT = 8


def _main(logdir):
  """Runs the program in this process and returns its exit code."""
  # Keras numbers seed generators over all models of a process.
  keras.backend.clear_session()
  return errors.exit_code_of(
      train.main, ["train", *_FLAGS, f"--logdir={logdir}"])


@pytest.fixture(name="stopped", scope="module")
def _stopped(tmp_path_factory):
  """The directory of a run of today, stopped where the old one was."""
  path = tmp_path_factory.mktemp("stopped") / "run"
  count = position_lib.Position.on_train_batch_end

  def count_and_stop(position, batch, logs=None):
    count(position, batch, logs)
    if position.step == _STOPPED_AT:
      os.kill(os.getpid(), signal.SIGTERM)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(
        position_lib.Position, "on_train_batch_end", count_and_stop)
    assert _main(path) == 75
  return path


def _read_checkpoint(folder):
  """Returns the arrays and the state of the checkpoint in a run directory."""
  with np.load(folder / "checkpoints" / _CHECKPOINT["name"]) as file:
    arrays = {name: file[name] for name in file.files}
  manifest = json.loads(arrays.pop("manifest.json").tobytes())
  return arrays, manifest["state"]


def _write_checkpoint(folder, arrays, state):
  """Writes a checkpoint as the earlier version did."""
  sums = {
      name: hashlib.sha256(
          f"{name} {array.dtype} {array.shape}\n".encode()
          + array.tobytes()).hexdigest()
      for name, array in arrays.items()}
  text = json.dumps({"state": state, "sha256": sums}).encode()
  (folder / "checkpoints").mkdir()
  np.savez(folder / "checkpoints" / _CHECKPOINT["name"],
           **{"manifest.json": np.frombuffer(text, np.uint8), **arrays})


def _kinds(value):
  """Returns a JSON value with the name of its type for each number and text."""
  if isinstance(value, dict):
    return {name: _kinds(part) for name, part in value.items()}
  if isinstance(value, list):
    return [_kinds(part) for part in value]
  return type(value).__name__


def test_a_stopped_run_leaves_what_the_earlier_version_left(stopped):
  for name in ("config.json", "environment.json"):
    ours, theirs = (
        json.loads((folder / name).read_text()) for folder in (stopped, _OLD))
    if name == "config.json":
      assert ours == theirs
    else:
      assert set(theirs) <= set(ours)
  for name in ("metrics.csv", "label_kinds.csv"):
    ours, theirs = (
        (folder / name).read_text().splitlines() for folder in (stopped, _OLD))
    assert set(theirs[0].split(",")) <= set(ours[0].split(","))
    assert len(ours) == len(theirs)


def test_no_name_type_or_shape_in_a_checkpoint_has_moved(stopped):
  arrays, state = _read_checkpoint(stopped)
  described = {name: [str(array.dtype), list(array.shape)]
               for name, array in arrays.items()}
  assert list(described.items()) == list(_CHECKPOINT["arrays"].items())
  ours, theirs = _kinds(state), _kinds(_CHECKPOINT["state"])
  # A row has more to say of labels that were drawn.
  assert {name for row in ours["rows"] for name in row} - {
      name for row in theirs["rows"] for name in row} == {
          "drawn_equal_accuracy", "drawn_accuracy"}
  for row in ours["rows"]:
    del row["drawn_equal_accuracy"], row["drawn_accuracy"]
  assert ours == theirs


def test_the_earlier_versions_run_goes_on_where_it_stopped(
    stopped, tmp_path, capsys):
  old = tmp_path / "old"
  old.mkdir()
  for path in _OLD.iterdir():
    if path.name != "checkpoint.json":
      shutil.copy(path, old)
  arrays, _ = _read_checkpoint(stopped)
  _write_checkpoint(old, arrays, _CHECKPOINT["state"])
  capsys.readouterr()
  assert _main(old) == 0
  output = capsys.readouterr()
  assert "epoch 1/3" not in output.out and "epoch 2/3" in output.out
  assert ("\ngoes on in epoch 2, after 3 of its 5 steps; epochs left: 2 of 3\n"
          in output.out)
  assert "warning" not in output.err
  # The first row is the old one, to the digit; the others are added to it.
  kept, added = (
      (folder / "metrics.csv").read_text().splitlines()
      for folder in (_OLD, old))
  assert added[:2] == kept and len(added) == 4
  # What it had called corrupted was all that was drawn.
  with (old / "label_kinds.csv").open(encoding="utf-8", newline="") as file:
    first, *others = csv.DictReader(file)
  assert first == {
      "epoch": "1", "step": "5", "corrupted_accuracy": "",
      "drawn_equal_accuracy": "", "untouched_accuracy": "0.6142857142857143",
      "drawn_accuracy": "0.15625"}
  assert len(others) == 2
  for row in others:
    assert float(row["corrupted_accuracy"]) < float(row["drawn_accuracy"])

  assert _main(tmp_path / "whole") == 0
  result, expected = (
      json.loads((tmp_path / name / "result.json").read_text())
      for name in ("old", "whole"))
  for name in ("weights_sha256", "optimizer_sha256", "test_loss", "steps"):
    assert result[name] == expected[name], name
  with (old / "metrics.csv").open(encoding="utf-8", newline="") as file:
    steps = [int(row["step"]) for row in csv.DictReader(file)]
  assert steps == [5, 10, 15]
  assert result["wall_seconds"] > _CHECKPOINT["state"]["wall_seconds"]

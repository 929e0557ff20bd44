"""Tests of checkpoints and state: restored to the bit, or found damaged."""

import hashlib
import json
import os

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.models import state
from rethink_tf.training import checkpoints


def _arrays(epoch):
  generator = np.random.default_rng(epoch)
  return {
      "weights/dense/kernel": generator.normal(size=(3, 2)).astype(np.float32),
      "weights/norm/empty": np.zeros((0, 4), np.float32),
      "optimizer/iteration": np.array(7 * epoch, np.int64),
      "optimizer/seed": np.array([2**32 - 1, 0], np.uint32),
  }


def _state(epoch):
  return {"rows": [{"epoch": e, "loss": 0.1 + e, "test": None}
                   for e in range(1, epoch + 1)], "wall_seconds": 1 / 3}


def _save(folder, *epochs):
  for epoch in epochs:
    checkpoints.save(folder, epoch, _arrays(epoch), _state(epoch))


def _epoch_of(checkpoint):
  """Returns which epoch's checkpoint was loaded, having compared all of it."""
  arrays, saved = checkpoint
  epoch = len(saved["rows"])
  assert saved == _state(epoch)
  expected = _arrays(epoch)
  assert list(arrays) == list(expected)
  for name, array in expected.items():
    assert arrays[name].dtype == array.dtype
    np.testing.assert_array_equal(arrays[name], array, strict=True)
  return epoch


def test_what_was_saved_comes_back_to_the_bit(tmp_path):
  _save(tmp_path / "checkpoints", 1)
  assert _epoch_of(checkpoints.latest(tmp_path / "checkpoints")) == 1


def test_no_folder_and_an_empty_one_hold_no_checkpoint(tmp_path, capsys):
  assert checkpoints.latest(tmp_path / "absent") is None
  assert checkpoints.latest(tmp_path) is None
  assert capsys.readouterr().err == ""


def test_the_last_two_are_kept_and_the_newest_is_used(tmp_path):
  (tmp_path / "notes.npz").write_text("a stranger's")
  _save(tmp_path, 1, 2, 3, 4)
  assert sorted(os.listdir(tmp_path)) == [
      "notes.npz", "step-00000003.npz", "step-00000004.npz"]
  assert _epoch_of(checkpoints.latest(tmp_path)) == 4


def test_the_newest_is_that_of_the_largest_number_however_long(tmp_path):
  for step in (99_999_998, 99_999_999, 100_000_000):
    checkpoints.save(tmp_path, step, {"a": np.zeros(1)}, {"step": step})
  assert checkpoints.latest(tmp_path)[1] == {"step": 100_000_000}
  assert sorted(os.listdir(tmp_path)) == [
      "step-100000000.npz", "step-99999999.npz"]


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_file_is_named_and_the_one_before_it_used(tmp_path, part, capsys):
  _save(tmp_path, 1, 2)
  newest = tmp_path / "step-00000002.npz"
  os.truncate(newest, int(part * newest.stat().st_size))
  assert _epoch_of(checkpoints.latest(tmp_path)) == 1
  warning = capsys.readouterr().err
  assert warning.startswith(f"warning: checkpoint {newest} is damaged")
  assert warning.count("\n") == 1


def test_a_flipped_bit_anywhere_is_found_or_harmless(tmp_path, capsys):
  _save(tmp_path, 1, 2)
  newest = tmp_path / "step-00000002.npz"
  good = newest.read_bytes()
  fallbacks = 0
  for position in range(len(good)):
    damaged = bytearray(good)
    damaged[position] ^= 1 << (position % 8)
    newest.write_bytes(damaged)
    # _epoch_of compares everything: a changed number would fail in it.
    epoch = _epoch_of(checkpoints.latest(tmp_path))
    warned = "step-00000002.npz is damaged" in capsys.readouterr().err
    assert warned == (epoch == 1)
    fallbacks += warned
  # The SHA-256 at the end is over all of it.
  assert fallbacks == len(good)


def test_a_number_changed_under_a_sound_checksum_of_zips_is_found(tmp_path):
  _save(tmp_path, 1, 2)
  newest = tmp_path / "step-00000002.npz"
  with np.load(newest) as file:
    arrays = dict(file)
  arrays["weights/dense/kernel"][0, 0] += 1e-6
  np.savez(newest, **arrays)
  assert _epoch_of(checkpoints.latest(tmp_path)) == 1


@pytest.mark.parametrize("change", ["missing", "further", "exchanged"])
def test_arrays_that_are_not_the_manifests_are_found(tmp_path, change):
  _save(tmp_path, 1, 2)
  newest = tmp_path / "step-00000002.npz"
  with np.load(newest) as file:
    arrays = dict(file)
  if change == "missing":
    del arrays["optimizer/iteration"]
  elif change == "further":
    arrays["weights/more"] = np.zeros(1)
  else:
    arrays["optimizer/seed"] = arrays["weights/dense/kernel"]
  np.savez(newest, **arrays)
  assert _epoch_of(checkpoints.latest(tmp_path)) == 1


def test_nothing_in_a_checkpoint_is_unpickled(tmp_path):
  class Bomb:
    def __reduce__(self):
      return (os.mkdir, (str(tmp_path / "ran"),))

  _save(tmp_path, 1)
  np.savez(tmp_path / "step-00000002.npz", a=np.array([Bomb()], object))
  assert _epoch_of(checkpoints.latest(tmp_path)) == 1
  assert not (tmp_path / "ran").exists()


def test_with_every_checkpoint_damaged_there_is_none(tmp_path, capsys):
  _save(tmp_path, 1, 2)
  for path in tmp_path.iterdir():
    path.write_bytes(b"")
  assert checkpoints.latest(tmp_path) is None
  assert capsys.readouterr().err.count("is damaged") == 2


def test_a_full_disk_keeps_the_checkpoints_there_are(tmp_path, monkeypatch):
  _save(tmp_path, 1, 2)

  def full(*_):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(os, "fsync", full)
  with pytest.raises(errors.StorageError, match="No space left"):
    _save(tmp_path, 3)
  assert sorted(os.listdir(tmp_path)) == [
      "step-00000001.npz", "step-00000002.npz"]
  assert _epoch_of(checkpoints.latest(tmp_path)) == 2


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
  (tmp_path / "file").write_text("")
  with pytest.raises(errors.StorageError):
    _save(tmp_path / "file", 1)


def test_sha256_is_over_names_types_shapes_and_bytes():
  arrays = {"a": np.array([[1, 2]], np.int32), "b": np.float32(0.5)}
  expected = hashlib.sha256(
      b"a int32 (1, 2)\n\x01\0\0\0\x02\0\0\0"
      b"b float32 ()\n\0\0\0\x3f").hexdigest()
  assert state.sha256(arrays) == expected


def test_sha256_sees_every_kind_of_change():
  value = np.arange(6, dtype=np.float32)
  smallest = value.copy()
  smallest[3] = np.nextafter(smallest[3], 9)
  variants = [
      {"a": value}, {"b": value}, {"a": smallest}, {"a": value.reshape(2, 3)},
      {"a": value.reshape(3, 2)}, {"a": value.view(np.int32)}, {"a": value[:5]},
      {"a": value, "b": value}, {}, {"a": -0.0 * value}, {"a": 0.0 * value}]
  assert len({state.sha256(arrays) for arrays in variants}) == len(variants)


def test_sha256_does_not_depend_on_memory_layout():
  value = np.arange(6, dtype=np.float32).reshape(2, 3)
  assert state.sha256({"a": np.asfortranarray(value)}) == (
      state.sha256({"a": value}))


def _model():
  inputs = keras.Input((4,))
  x = keras.layers.Dense(3, name="dense")(inputs)
  x = keras.layers.BatchNormalization(name="norm")(x)
  model = keras.Model(inputs, x)
  model.compile(keras.optimizers.Adam(name="adam"), "mse")
  model.optimizer.build(model.trainable_variables)
  return model


def test_state_holds_moving_statistics_and_the_optimizers_step():
  model = _model()
  assert set(state.weights(model)) == {
      "weights/dense/kernel", "weights/dense/bias", "weights/norm/gamma",
      "weights/norm/beta", "weights/norm/moving_mean",
      "weights/norm/moving_variance"}
  names = set(state.optimizer(model))
  assert "optimizer/adam/iteration" in names
  assert len(names) == len(model.optimizer.variables) > 8


def test_restore_makes_another_model_the_same():
  one, other = _model(), _model()
  one.train_on_batch(np.ones((8, 4)), np.ones((8, 3)))
  saved = {**state.weights(one), **state.optimizer(one)}
  state.restore(other, saved)
  restored = {**state.weights(other), **state.optimizer(other)}
  assert state.sha256(restored) == state.sha256(saved)
  # And they go on alike: the optimizer's moments came along.
  for model in (one, other):
    model.train_on_batch(np.ones((8, 4)), np.ones((8, 3)))
  assert state.sha256(state.weights(one)) == state.sha256(state.weights(other))


@pytest.mark.parametrize("change", ["missing", "shape"])
def test_restore_refuses_the_state_of_another_model(change):
  model = _model()
  arrays = {**state.weights(model), **state.optimizer(model)}
  if change == "missing":
    del arrays["weights/norm/beta"]
  else:
    arrays["weights/norm/beta"] = np.zeros(4, np.float32)
  with pytest.raises(ValueError, match="weights/norm/beta"):
    state.restore(model, arrays)


def test_the_manifest_is_json(tmp_path):
  _save(tmp_path, 1)
  with np.load(tmp_path / "step-00000001.npz", allow_pickle=False) as file:
    manifest = json.loads(file["manifest.json"].tobytes())
  assert manifest["state"] == _state(1)


def test_another_runs_checkpoint_is_named_and_not_gone_on_from(
    tmp_path, capsys):
  checkpoints.save(tmp_path, 1, _arrays(1), _state(1), "mine")
  checkpoints.save(tmp_path, 2, _arrays(2), _state(2), "another's")
  assert _epoch_of(checkpoints.latest(tmp_path, "mine")) == 1
  assert capsys.readouterr().err == (
      f"warning: checkpoint {tmp_path}/step-00000002.npz is of another run; "
      "trying step-00000001.npz\n")


def test_later_checkpoints_of_another_run_push_none_of_this_one_out(tmp_path):
  for step in (8, 9):
    checkpoints.save(tmp_path, step, _arrays(1), _state(1), "another's")
  for step in (1, 2, 3):
    checkpoints.save(tmp_path, step, _arrays(step), _state(step), "mine")
  assert _epoch_of(checkpoints.latest(tmp_path, "mine")) == 3
  assert sorted(os.listdir(tmp_path)) == [
      f"step-0000000{step}.npz" for step in (2, 3, 8, 9)]

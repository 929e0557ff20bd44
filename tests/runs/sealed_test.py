"""Tests of sealed: any damage to a checkpoint file is found, parts are read."""

import json
import os
import pathlib
import zipfile

import numpy as np
import pytest

from rethink_tf import digests
from rethink_tf import errors
from rethink_tf.runs import sealed
from tests import launch

_ARRAYS = {
    "a": np.arange(12, dtype=np.float32).reshape(3, 4),
    "b/c": np.array(7, np.int64), "empty": np.zeros((0, 2))}
_STATE = {"iteration": 3, "rows": [{"loss": 0.1, "test": None}]}


def _assert_is_whole(arrays, state):
  assert state == _STATE and list(arrays) == list(_ARRAYS)
  for name, array in _ARRAYS.items():
    np.testing.assert_array_equal(arrays[name], array, strict=True)


def _written(folder):
  path = folder / "a.npz"
  sealed.write(path, _ARRAYS, _STATE, "run 1")
  return path


def _write_old(path, state=_STATE):
  """Writes a file as versions without a seal did."""
  sums = {name: digests.of_arrays({name: array})
          for name, array in _ARRAYS.items()}
  text = json.dumps({"state": state, "sha256": sums}).encode()
  np.savez(path, **{"manifest.json": np.frombuffer(text, np.uint8), **_ARRAYS})


def test_what_was_written_comes_back(tmp_path):
  path = _written(tmp_path)
  _assert_is_whole(*sealed.read(path))
  _assert_is_whole(*sealed.read(path, "run 1"))
  assert os.listdir(tmp_path) == ["a.npz"]


def test_numpy_reads_it_too(tmp_path):
  with np.load(_written(tmp_path), allow_pickle=False) as file:
    assert (file["a"] == _ARRAYS["a"]).all()


def test_any_flipped_bit_and_any_cut_is_found(tmp_path):
  path = _written(tmp_path)
  good = path.read_bytes()
  damaged = [good[:length] for length in range(len(good))]
  for position in range(len(good)):
    flipped = bytearray(good)
    flipped[position] ^= 1 << (position % 8)
    damaged.append(bytes(flipped))
  for content in damaged:
    path.write_bytes(content)
    with pytest.raises(ValueError):
      sealed.read(path)


def test_a_file_of_another_run_is_told_from_a_damaged_one(tmp_path):
  path = _written(tmp_path)
  with pytest.raises(sealed.OtherRunError) as refusal:
    sealed.read(path, "run 2")
  assert sealed.describe(refusal.value) == "of another run"
  assert sealed.describe(ValueError("short")) == "damaged (short)"


def test_a_file_of_a_version_without_a_seal_is_read_with_its_checks(tmp_path):
  path = tmp_path / "old.npz"
  _write_old(path)
  good = path.read_bytes()
  _assert_is_whole(*sealed.read(path, "run 1"))
  found = 0
  for position in range(len(good)):
    damaged = bytearray(good)
    damaged[position] ^= 1 << (position % 8)
    path.write_bytes(damaged)
    try:
      _assert_is_whole(*sealed.read(path))
    except ValueError:
      found += 1
  # What is harmless is what zip says of dates and permissions.
  assert 0.6 * len(good) < found < len(good)


def test_a_sealed_file_without_its_seal_is_damaged(tmp_path):
  path = _written(tmp_path)
  with zipfile.ZipFile(path, "a") as archive:
    archive.comment = b""
  with pytest.raises(ValueError, match="its SHA-256 is gone"):
    sealed.read(path)


@pytest.mark.parametrize("content", [
    b"", b"PK", 1000 * b"[", b'{"a": 1}', bytes(range(256))])
def test_what_is_no_such_file_is_damaged(tmp_path, content):
  (tmp_path / "a.npz").write_bytes(content)
  with pytest.raises(ValueError):
    sealed.read(tmp_path / "a.npz")


def test_a_packed_file_is_not_unpacked(tmp_path):
  path = tmp_path / "a.npz"
  np.savez_compressed(path, a=np.zeros(10**6))
  with pytest.raises(ValueError, match="packed"):
    sealed.read(path)


def test_a_folder_and_a_fifo_are_no_files(tmp_path):
  (tmp_path / "folder").mkdir()
  os.mkfifo(tmp_path / "fifo")  # Would be waited for without end.
  for name in ("folder", "fifo"):
    with pytest.raises(OSError):
      sealed.read(tmp_path / name)


def test_an_absent_file_is_not_a_damaged_one(tmp_path):
  with pytest.raises(FileNotFoundError):
    sealed.read(tmp_path / "a.npz")


def test_a_file_that_cannot_be_written_exits_4(tmp_path):
  (tmp_path / "a.npz").mkdir()
  with pytest.raises(errors.StorageError) as raised:
    sealed.write(tmp_path / "a.npz", {}, {})
  assert raised.value.exit_code == 4


def test_an_npz_file_of_others_is_foreign_and_a_damaged_one_is_not(tmp_path):
  path = _written(tmp_path)
  assert not sealed.is_foreign(path)
  os.truncate(path, 100)
  assert not sealed.is_foreign(path)
  np.savez(path, a=np.zeros(2))
  assert sealed.is_foreign(path)


def test_parts_of_an_array_are_read_from_disk(tmp_path):
  kept, array = sealed.OnDisk(_written(tmp_path), "a"), _ARRAYS["a"]
  assert kept.shape == (3, 4)
  for index in (slice(None), slice(1, 3), (slice(0, 2), [3, 0]),
                ([2, 0], [1, 1])):
    np.testing.assert_array_equal(kept[index], array[index], strict=True)


def test_what_is_read_in_parts_is_not_counted_as_memory(tmp_path):
  sealed.write(
      tmp_path / "a.npz", {"a": np.ones((3000, 10_000), np.float32)}, {})
  done = launch.python(
      "import pathlib; from rethink_tf.runs import sealed; "
      "from rethink_tf.runs import usage; "
      "kept = sealed.OnDisk(pathlib.Path('a.npz'), 'a'); "
      "before = usage.peak_memory_gb(); "
      "print(sum(kept[i:i + 100].sum() for i in range(0, 3000, 100)), "
      "usage.peak_memory_gb() - before)", folder=tmp_path)
  total, more = map(float, done.stdout.split())
  assert total == 3e7
  assert more < 0.06  # Of 0.12.


def test_writing_takes_no_second_copy_in_memory(tmp_path):
  done = launch.python(
      "import pathlib, numpy as np; from rethink_tf.runs import sealed; "
      "from rethink_tf.runs import usage; "
      "array = np.ones((3000, 10_000), np.float32); "
      "sealed.write(pathlib.Path('small.npz'), {'a': array[:2]}, {}); "
      "before = usage.peak_memory_gb(); "
      "sealed.write(pathlib.Path('a.npz'), {'a': array}, {}); "
      "print(usage.peak_memory_gb() - before)", folder=tmp_path)
  assert float(done.stdout) < 0.06  # Of 0.12.
  assert pathlib.Path(tmp_path / "a.npz").stat().st_size > 1.2e8

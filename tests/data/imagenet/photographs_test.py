"""Tests of photographs: records found by index, and damage found."""

import hashlib

import numpy as np
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import records
from rethink_tf.data.imagenet import photographs
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing
from tests.data import written

_COUNT = 7


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _parse(record):
  return tf.io.parse_single_example(record, {
      "file_name": tf.io.FixedLenFeature([], tf.string),
      "label": tf.io.FixedLenFeature([], tf.int64),
      "image": tf.io.FixedLenFeature([], tf.string)})


def _records(count=_COUNT):
  """Records of different lengths."""
  return [
      written.make_record(
          file_name=f"n{i}_{i}.JPEG".encode(), label=10 * i,
          image=bytes([i]) * (50 + 13 * i))
      for i in range(count)]


def _write(folder, examples, files=2, file_format="tfrecord"):
  """Writes records to files, the first ones to the first file."""
  paths = []
  for number, part in enumerate(
      np.array_split(np.arange(len(examples)), files)):
    path = folder / f"x-train.{file_format}-{number:05d}"
    written.write_records(path, file_format, [examples[i] for i in part])
    paths.append(path)
  return paths


def _load(paths, file_format="tfrecord"):
  return photographs.load(
      paths, records.format_called(file_format, "folder"), _parse, 96)


@pytest.mark.parametrize("file_format", ["tfrecord", "array_record"])
def test_every_record_is_found_by_its_index(tmp_path, file_format):
  examples = _records()
  paths = _write(tmp_path, examples, file_format=file_format)
  split = _load(paths, file_format)
  assert len(split) == _COUNT and split.image_size == 96
  for index in (6, 0, 3, 4, 0):
    assert split.record(index) == examples[index]
    jpeg = split.encoded(tf.constant(split.record(index))).numpy()
    assert jpeg == bytes([index]) * (50 + 13 * index)
  np.testing.assert_array_equal(split.labels, 10 * np.arange(_COUNT))
  assert list(split.names) == [f"n{i}_{i}.JPEG" for i in range(_COUNT)]


def test_the_first_ones_keep_their_records(tmp_path):
  examples = _records()
  whole = _load(_write(tmp_path, examples))
  split = whole.first(5)
  assert len(split) == 5 and split.record(4) == examples[4]
  assert whole.first(0) is whole


def test_the_digest_is_of_names_labels_and_images(tmp_path):
  digest = hashlib.sha256()
  for i in range(_COUNT):
    digest.update(f"n{i}_{i}.JPEG {10 * i} ".encode())
    digest.update(hashlib.sha256(bytes([i]) * (50 + 13 * i)).digest())
  # However many files they are in, and in whatever format.
  for files, form in ((1, "tfrecord"), (3, "tfrecord"), (3, "array_record")):
    folder = tmp_path / f"{form}{files}"
    folder.mkdir()
    split = _load(_write(folder, _records(), files, form), form)
    assert split.digest == digest.hexdigest()


def test_the_index_is_made_once_and_again_for_other_files(
    tmp_path, monkeypatch):
  made = []
  index = photographs._index  # noqa: SLF001
  monkeypatch.setattr(
      photographs, "_index", lambda *a: made.append(1) or index(*a))
  paths = _write(tmp_path, _records())
  first = _load(paths)
  assert _load(paths).digest == first.digest
  assert len(made) == 1
  _write(tmp_path, _records(_COUNT + 1))
  assert len(_load(paths)) == _COUNT + 1
  assert len(made) == 2


def _flip(path, position):
  content = bytearray(path.read_bytes())
  content[position] ^= 1
  path.write_bytes(content)


def test_an_array_record_damaged_later_is_named(tmp_path):
  paths = _write(tmp_path, _records(), file_format="array_record")
  split = _load(paths, "array_record")
  (tmp_path / "other").mkdir()
  other, _ = _write(
      tmp_path / "other", _records()[::-1], file_format="array_record")
  other.replace(paths[0])  # Whole, and with other records.
  with pytest.raises(errors.DataError, match="x-train.*n2_2.JPEG is damaged"):
    split.record(2)
  content = paths[1].read_bytes()
  for damaged in (content[:-3], b""):
    paths[1].write_bytes(damaged)
    with pytest.raises(errors.DataError, match="00001 cannot be read: "):
      split.record(6)
    with pytest.raises(errors.DataError, match="00001 cannot be read: "):
      _load(paths, "array_record")
  paths[1].unlink()
  with pytest.raises(errors.DataError, match="00001 cannot be read: .*No such"):
    split.record(6)


def test_a_record_damaged_later_is_named(tmp_path):
  paths = _write(tmp_path, _records())
  split = _load(paths)
  _flip(paths[0], int(split.offsets[2]) + 40)
  with pytest.raises(errors.DataError, match="x-train.*n2_2.JPEG is damaged"):
    split.record(2)
  assert split.record(1)
  paths[1].unlink()
  with pytest.raises(errors.DataError, match="00001 cannot be read: No such"):
    split.record(6)


@pytest.mark.parametrize("position", [3, 60, -30])
def test_a_damaged_file_gets_no_index(tmp_path, position):
  paths = _write(tmp_path, _records())
  _flip(paths[1], position)
  with pytest.raises(errors.DataError, match="x-train.tfrecord-00001.*damaged"):
    _load(paths)


def test_a_file_cut_within_a_record_gets_no_index(tmp_path):
  paths = _write(tmp_path, _records())
  paths[1].write_bytes(paths[1].read_bytes()[:-3])
  with pytest.raises(errors.DataError, match="damaged"):
    _load(paths)


@pytest.mark.parametrize("content, reason", [
    (b"no image", "Unknown image file format"), (b"", "Input is empty"),
    (b"\xff\xd8\xff\xe0 broken", "Invalid JPEG data")])
def test_a_photograph_that_is_none_is_a_data_error(content, reason):
  encoded = tf.data.Dataset.from_tensors(tf.constant(content))
  decoded = encoded.map(
      lambda e: imagenet_preprocessing.for_evaluation(e, 96))
  with pytest.raises(tf.errors.OpError) as raised:
    list(decoded)
  assert str(photographs.as_data_error(raised.value)) == (
      f"a photograph cannot be decoded: {reason}")


def test_another_error_of_tensorflow_is_none_of_the_data():
  error = tf.errors.ResourceExhaustedError(None, None, "OOM in DecodeJpeg")
  assert photographs.as_data_error(error) is None

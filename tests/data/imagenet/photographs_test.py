"""Tests of photographs: records found by index, and damage found."""

import hashlib

import numpy as np
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data.imagenet import photographs
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing

_COUNT = 7


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _record(name, label, image):
  feature = {
      "file_name": tf.train.Feature(
          bytes_list=tf.train.BytesList(value=[name.encode()])),
      "label": tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
      "image": tf.train.Feature(bytes_list=tf.train.BytesList(value=[image])),
  }
  return tf.train.Example(
      features=tf.train.Features(feature=feature)).SerializeToString()


def _parse(record):
  return tf.io.parse_single_example(record, {
      "file_name": tf.io.FixedLenFeature([], tf.string),
      "label": tf.io.FixedLenFeature([], tf.int64),
      "image": tf.io.FixedLenFeature([], tf.string)})


def _records(count=_COUNT):
  """Records of different lengths."""
  return [_record(f"n{i}_{i}.JPEG", 10 * i, bytes([i]) * (50 + 13 * i))
          for i in range(count)]


def _write(folder, records, files=2):
  """Writes records to files, the first ones to the first file."""
  paths = []
  for number, part in enumerate(np.array_split(np.arange(len(records)), files)):
    path = folder / f"x-train.tfrecord-{number:05d}"
    with tf.io.TFRecordWriter(str(path)) as writer:
      for index in part:
        writer.write(records[index])
    paths.append(path)
  return paths


def test_every_record_is_found_by_its_index(tmp_path):
  records = _records()
  split = photographs.load(_write(tmp_path, records), _parse, 96)
  assert len(split) == _COUNT and split.image_size == 96
  for index in (6, 0, 3, 4, 0):
    assert split.record(index) == records[index]
    jpeg = split.encoded(tf.constant(split.record(index))).numpy()
    assert jpeg == bytes([index]) * (50 + 13 * index)
  np.testing.assert_array_equal(split.labels, 10 * np.arange(_COUNT))
  assert list(split.names) == [f"n{i}_{i}.JPEG" for i in range(_COUNT)]


def test_the_first_ones_keep_their_records(tmp_path):
  records = _records()
  whole = photographs.load(_write(tmp_path, records), _parse, 96)
  split = whole.first(5)
  assert len(split) == 5 and split.record(4) == records[4]
  assert whole.first(0) is whole


def test_the_digest_is_of_names_labels_and_images(tmp_path):
  digest = hashlib.sha256()
  for i in range(_COUNT):
    digest.update(f"n{i}_{i}.JPEG {10 * i} ".encode())
    digest.update(hashlib.sha256(bytes([i]) * (50 + 13 * i)).digest())
  for files in (1, 3):  # However many files they are in.
    folder = tmp_path / str(files)
    folder.mkdir()
    split = photographs.load(_write(folder, _records(), files), _parse, 96)
    assert split.digest == digest.hexdigest()


def test_the_index_is_made_once_and_again_for_other_files(
    tmp_path, monkeypatch):
  made = []
  index = photographs._index  # noqa: SLF001
  monkeypatch.setattr(
      photographs, "_index", lambda *a: made.append(1) or index(*a))
  paths = _write(tmp_path, _records())
  first = photographs.load(paths, _parse, 96)
  assert photographs.load(paths, _parse, 96).digest == first.digest
  assert len(made) == 1
  _write(tmp_path, _records(_COUNT + 1))
  assert len(photographs.load(paths, _parse, 96)) == _COUNT + 1
  assert len(made) == 2


def _flip(path, position):
  content = bytearray(path.read_bytes())
  content[position] ^= 1
  path.write_bytes(content)


def test_a_record_damaged_later_is_named(tmp_path):
  paths = _write(tmp_path, _records())
  split = photographs.load(paths, _parse, 96)
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
    photographs.load(paths, _parse, 96)


def test_a_file_cut_within_a_record_gets_no_index(tmp_path):
  paths = _write(tmp_path, _records())
  paths[1].write_bytes(paths[1].read_bytes()[:-3])
  with pytest.raises(errors.DataError, match="damaged"):
    photographs.load(paths, _parse, 96)


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

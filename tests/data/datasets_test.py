"""Tests of datasets, dataset and digits: what is loaded; fingerprints."""

import hashlib
import shutil

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import dataset
from rethink_tf.data import datasets
from rethink_tf.data import prepared


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  datasets.load.cache_clear()


def _split(count=6, seed=0):
  generator = np.random.default_rng(seed)
  return dataset.Split(
      generator.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8),
      generator.integers(0, 10, count).astype(np.int32))


def test_digits_are_1297_and_500_color_images_of_32_by_32():
  data = datasets.load("digits")
  assert data.train.images.shape == (1297, 32, 32, 3)
  assert data.test.images.shape == (500, 32, 32, 3)
  assert data.train.labels.shape == (1297,)
  assert data.test.labels.shape == (500,)
  for split in (data.train, data.test):
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.int32
    assert (split.images.min(), split.images.max()) == (0, 255)
  assert data.label_names == tuple("0123456789")
  assert data.num_classes == 10


def test_digits_keep_scikit_learns_order_and_pixels():
  bunch = sklearn_datasets.load_digits()
  data = datasets.load("digits")
  images = np.concatenate([data.train.images, data.test.images])
  labels = np.concatenate([data.train.labels, data.test.labels])
  np.testing.assert_array_equal(labels, bunch.target)
  # Every pixel of a block and every channel is the one of the 8x8 image.
  for row, column, channel in ((0, 0, 0), (3, 1, 1), (2, 3, 2)):
    np.testing.assert_allclose(
        images[:, row::4, column::4, channel], bunch.images * 255 / 16,
        atol=0.5)


def test_train_examples_are_the_first_of_the_official_order():
  whole = _split(6)
  first = whole.first(4)
  assert len(first) == 4
  np.testing.assert_array_equal(first.images, whole.images[:4])
  np.testing.assert_array_equal(first.labels, whole.labels[:4])
  assert whole.first(0) is whole


def test_fingerprint_is_sha256_over_labels_then_pixels_of_each_split():
  train, test = _split(4, seed=1), _split(2, seed=2)
  digest = hashlib.sha256()
  for split in (train, test):
    for label in split.labels:
      digest.update(int(label).to_bytes(4, "little"))
    digest.update(bytes(split.images.ravel().tolist()))
  assert dataset.fingerprint(train, test) == digest.hexdigest()


def test_fingerprint_does_not_depend_on_memory_layout():
  split = _split(4)
  transposed = dataset.Split(
      np.asfortranarray(split.images), split.labels.astype(">i4"))
  assert dataset.fingerprint(transposed) == dataset.fingerprint(split)


def test_fingerprint_changes_with_one_pixel_one_label_and_the_order():
  split = _split(4)
  pixel, label = split.images.copy(), split.labels.copy()
  pixel[3, 31, 31, 2] ^= 1
  label[2] = (label[2] + 1) % 10
  prints = {
      dataset.fingerprint(split),
      dataset.fingerprint(dataset.Split(pixel, split.labels)),
      dataset.fingerprint(dataset.Split(split.images, label)),
      dataset.fingerprint(
          dataset.Split(split.images[::-1], split.labels[::-1])),
      dataset.fingerprint(split.first(3)),
  }
  assert len(prints) == 5


def test_the_digits_that_everyone_has_have_this_fingerprint():
  assert datasets.load("digits").fingerprint == (
      "43ab7864c084519f2ca8507eb2d1cab26db2a1506f77a1be8dc0eb5bf6d80bbf")


def _prepare(folder, content="records"):
  """Makes what looks like prepared data to everything but TFDS."""
  folder.mkdir(parents=True, exist_ok=True)
  (folder / "dataset_info.json").write_text("{}")
  (folder / "mnist-train.tfrecord-00000-of-00001").write_text(content)


@pytest.fixture(name="counted")
def _counted(tmp_path, monkeypatch):
  """Prepared data that loads at once; lists each fingerprint computed."""
  _prepare(tmp_path / "data/mnist/3.0.1")
  train, test = _split(4, seed=1), _split(2, seed=2)
  monkeypatch.setattr(
      prepared, "load", lambda *_: (train, test, tuple("0123456789")))
  computed = []

  def counting(*splits, compute=dataset.fingerprint):
    computed.append(compute(*splits))
    return computed[-1]

  monkeypatch.setattr(dataset, "fingerprint", counting)
  return computed


def _fingerprint(folder):
  datasets.load.cache_clear()  # As a new process would begin.
  return datasets.load("mnist", folder).fingerprint


def test_a_fingerprint_is_computed_once(counted, tmp_path):
  first = _fingerprint(tmp_path / "data")
  assert _fingerprint(tmp_path / "data") == first == counted[0]
  assert len(counted) == 1


def test_a_fingerprint_is_cached_outside_the_data_directory(counted, tmp_path):
  before = sorted((tmp_path / "data").rglob("*"))
  _fingerprint(tmp_path / "data")
  assert sorted((tmp_path / "data").rglob("*")) == before
  cached, = (tmp_path / "cache/rethink_tf/fingerprints").iterdir()
  assert cached.read_bytes().endswith(counted[0].encode())


def test_a_fingerprint_is_computed_again_for_data_written_again(
    counted, tmp_path):
  _fingerprint(tmp_path / "data")
  _prepare(tmp_path / "data/mnist/3.0.1", content="longer records")
  _fingerprint(tmp_path / "data")
  shutil.copytree(tmp_path / "data", tmp_path / "copy")
  _fingerprint(tmp_path / "copy")
  assert len(counted) == 3


def test_a_fingerprint_is_known_once_the_data_were_loaded(counted, tmp_path):
  folder = tmp_path / "data"
  assert datasets.known_fingerprint("mnist", folder) is None
  assert _fingerprint(folder) == datasets.known_fingerprint("mnist", folder)
  _prepare(folder / "mnist/3.0.1", content="other records")
  assert datasets.known_fingerprint("mnist", folder) is None
  assert len(counted) == 1


@pytest.mark.parametrize("name, computed", [
    ("mnist-train.array_record-00000-of-00001", 1), ("features.json", 2)])
def test_a_fingerprint_is_cached_by_whatever_holds_the_records(
    counted, tmp_path, name, computed):
  folder = tmp_path / "data/mnist/3.0.1"
  (folder / "mnist-train.tfrecord-00000-of-00001").rename(folder / name)
  _fingerprint(tmp_path / "data")
  _fingerprint(tmp_path / "data")
  assert len(counted) == computed


def test_a_cache_that_cannot_be_written_is_no_error(
    counted, tmp_path, monkeypatch):
  (tmp_path / "file").write_text("")
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
  assert _fingerprint(tmp_path / "data") == _fingerprint(tmp_path / "data")
  assert len(counted) == 2


@pytest.mark.parametrize("damage", [b"", b"abc", b"\xff" * 64],
                         ids=["empty", "short", "binary"])
def test_a_damaged_cache_is_not_believed(counted, tmp_path, damage):
  first = _fingerprint(tmp_path / "data")
  cached, = (tmp_path / "cache/rethink_tf/fingerprints").iterdir()
  cached.write_bytes(damage)
  assert _fingerprint(tmp_path / "data") == first
  assert len(counted) == 2


def test_an_explicit_data_dir_that_does_not_exist_is_refused(tmp_path):
  absent = tmp_path / "absent"
  for name in ("cifar10", "mnist"):
    with pytest.raises(errors.DataError, match=f"--data_dir.*{absent}"):
      datasets.check_available(name, absent)
  assert not absent.exists()


def test_digits_need_no_data_dir(tmp_path):
  datasets.check_available("digits", tmp_path / "absent")
  assert len(datasets.load("digits", tmp_path / "absent").train) == 1297


def test_the_sizes_that_flags_are_checked_against_are_those_of_the_data():
  data, entry = datasets.load("digits"), catalog.DATASETS["digits"]
  assert (entry.train_examples, entry.test_examples, entry.num_classes) == (
      len(data.train), len(data.test), data.num_classes)

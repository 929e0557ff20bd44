"""Tests of prepared: data found, checked, or refused with where and what."""

import concurrent.futures
import io
import json
import os
import pathlib
import shutil
import sys
import tarfile
import threading
import time
import types
import urllib.error
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import dataset
from rethink_tf.data import prepared
from tests import launch
from tests.data import written

_DATA = os.environ.get("TFDS_DATA_DIR")


def _examples(count, shape=(28, 28, 1), labels=None):
  generator = np.random.default_rng(count)
  images = generator.integers(0, 256, (count, *shape)).astype(np.uint8)
  return images, np.arange(count) % 2 if labels is None else np.array(labels)


def _records(images, labels, ids=None):
  return [
      written.make_record(
          image=tf.io.encode_png(image).numpy(), label=int(label),
          **({} if ids is None else {"id": ids[index]}))
      for index, (image, label) in enumerate(zip(images, labels))]


@pytest.fixture(name="load_written")
def _load_written(tmp_path, monkeypatch):
  """A function that prepares arrays as "mnist" of 2,500 and 4, and loads it."""
  monkeypatch.setitem(
      catalog.DATASETS, "mnist",
      catalog.Entry("MNIST", 2500, 4, 2, (28, 28, 1)))

  def load(train, test, file_format="tfrecord", files=1):
    features = {
        "image": tfds.features.Image(shape=train[0].shape[1:]),
        "label": tfds.features.ClassLabel(names=["a", "b"])}
    if len(train) == 3:
      features["id"] = tfds.features.Text()
    folder = tmp_path / file_format / "mnist/1.0.0"
    shutil.rmtree(folder, ignore_errors=True)
    written.write_dataset(
        folder, file_format, features,
        {"train": _records(*train), "test": _records(*test)}, files)
    return prepared.load("mnist", tmp_path / file_format)

  return load


def test_splits_are_read_whole_and_in_order(load_written):
  train, test = _examples(2500), _examples(4)
  read_train, read_test, names = load_written(train, test)
  for read, (images, labels) in ((read_train, train), (read_test, test)):
    np.testing.assert_array_equal(read.labels, labels)
    np.testing.assert_array_equal(read.images[:, 2:30, 2:30, :1], images)
  assert names == ("a", "b")


def _with_ids(count, name):
  order = np.random.default_rng(1).permutation(count)
  return (*_examples(count),
          np.array([f"{name}_{number:05}".encode() for number in order])), order


def test_ids_say_which_example_of_the_original_files_each_one_is(load_written):
  (train, order), (test, _) = _with_ids(2500, "train"), _with_ids(4, "test")
  read, _, _ = load_written(train, test)
  np.testing.assert_array_equal(read.numbers, order)
  np.testing.assert_array_equal(read.first(30).numbers, order[:30])
  assert len(read.first(0).numbers) == 2500
  # MNIST, as TFDS has it, does not say.
  without, _, _ = load_written(_examples(2500), _examples(4))
  assert without.numbers is None and without.first(30).numbers is None


def test_ids_without_a_number_are_refused(load_written):
  (train, _), (test, _) = _with_ids(2500, "train"), _with_ids(4, "test")
  train[2][7] = b"train_seven"
  with pytest.raises(errors.DataError, match="split train in .*end in a num"):
    load_written(train, test)


def test_both_formats_of_tfds_are_read_alike_from_several_files(load_written):
  (train, order), (test, _) = _with_ids(2500, "train"), _with_ids(4, "test")
  read = [load_written(train, test, file_format, files=3)
          for file_format in ("tfrecord", "array_record")]
  for read_train, _, names in read:
    np.testing.assert_array_equal(
        read_train.images[:, 2:30, 2:30, :1], train[0])
    np.testing.assert_array_equal(read_train.labels, train[1])
    np.testing.assert_array_equal(read_train.numbers, order)
    assert names == ("a", "b")
  assert dataset.fingerprint(*read[0][:2]) == dataset.fingerprint(*read[1][:2])


@pytest.mark.parametrize("file_format", ["parquet", "riegeli"])
def test_other_formats_of_tfds_are_refused_by_name(load_written, file_format):
  with pytest.raises(errors.DataError) as refusal:
    load_written(_examples(2500), _examples(4), file_format)
  assert str(refusal.value).endswith(
      f"{file_format}/mnist/1.0.0: expected records as tfrecord or "
      f"array_record. Received: {file_format}")


def test_data_that_name_no_format_are_tfrecord(load_written, tmp_path):
  train = load_written(_examples(2500), _examples(4))[0]
  info = tmp_path / "tfrecord/mnist/1.0.0/dataset_info.json"
  described = json.loads(info.read_text())
  del described["fileFormat"]
  info.write_text(json.dumps(described))
  np.testing.assert_array_equal(
      prepared.load("mnist", tmp_path / "tfrecord")[0].images, train.images)


def test_grey_images_are_padded_with_black_and_repeated_in_color(load_written):
  train, _, _ = load_written(_examples(2500), _examples(4))
  assert train.images.shape == (2500, 32, 32, 3)
  border = train.images.copy()
  border[:, 2:30, 2:30] = 0
  assert not border.any()
  np.testing.assert_array_equal(train.images[..., 0], train.images[..., 1])
  np.testing.assert_array_equal(train.images[..., 0], train.images[..., 2])


@pytest.mark.parametrize("count", [0, 999, 2499, 2501, 3500])
def test_a_wrong_number_of_examples_is_refused(load_written, count):
  with pytest.raises(errors.DataError, match="split train in .*expected 2500"):
    load_written(_examples(count), _examples(4))


def test_the_test_split_is_counted_too(load_written):
  with pytest.raises(errors.DataError, match="split test in .*expected 4"):
    load_written(_examples(2500), _examples(3))


@pytest.mark.parametrize("shape", [(32, 32, 1), (28, 28, 3), (28, 27, 1)])
def test_images_of_a_wrong_shape_are_refused(load_written, shape):
  with pytest.raises(errors.DataError) as refusal:
    load_written(_examples(2500, shape), _examples(4))
  assert str((28, 28, 1)) in str(refusal.value)
  assert str(shape) in str(refusal.value)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_that_is_no_class_is_refused(load_written, label):
  test = _examples(4, labels=[0, 1, 0, label])
  with pytest.raises(errors.DataError, match=f"labels 0 to 1.*{label}"):
    load_written(_examples(2500), test)


def test_the_newest_prepared_version_is_found(tmp_path):
  for version in ("3.9.0", "3.10.0", "2.0.0", "3.11.0.incomplete", "next"):
    (tmp_path / "cifar10" / version).mkdir(parents=True)
    (tmp_path / "cifar10" / version / "dataset_info.json").write_text("{}")
  (tmp_path / "cifar10/4.0.0").mkdir()  # Begun, and not prepared.
  assert prepared.find("cifar10", tmp_path) == tmp_path / "cifar10/3.10.0"
  assert prepared.find("mnist", tmp_path) is None
  assert prepared.find("mnist", tmp_path / "absent") is None


def test_an_explicit_folder_comes_before_the_environments(monkeypatch):
  monkeypatch.setenv("HOME", "/home/someone")
  monkeypatch.setenv("TFDS_DATA_DIR", "/environment")
  explicit = pathlib.Path("/explicit")
  assert prepared.data_directory(explicit) == explicit
  assert prepared.data_directory(None) == pathlib.Path("/environment")
  monkeypatch.delenv("TFDS_DATA_DIR")
  assert prepared.data_directory(None) == pathlib.Path(
      "/home/someone/tensorflow_datasets")


@pytest.mark.parametrize("name", ["cifar10", "mnist"])
def test_absent_data_offline_is_refused_and_nothing_made(
    tmp_path, monkeypatch, name):
  asked = []

  def offline(request, **_):
    asked.append(request)
    raise urllib.error.URLError("no network")

  monkeypatch.setattr(urllib.request, "urlopen", offline)
  with pytest.raises(errors.DataError) as refusal:
    prepared.load(name, tmp_path)
  message = str(refusal.value)
  assert len(asked) == 1
  assert f"{name} is not in {tmp_path}" in message
  assert "--data_dir" in message and "TFDS_DATA_DIR" in message
  assert "no network" in message
  assert not list(tmp_path.iterdir())


def _online(monkeypatch, download_and_prepare):
  """Has TFDS prepare MNIST by a function, from a network that answers."""
  monkeypatch.setitem(sys.modules, "tensorflow_datasets", types.SimpleNamespace(
      builder_cls=lambda name: types.SimpleNamespace(
          url_infos={"http://localhost/mnist.gz": None}),
      builder=lambda name, data_dir: types.SimpleNamespace(
          download_and_prepare=download_and_prepare)))
  monkeypatch.setattr(
      urllib.request, "urlopen", lambda *_, **__: open(os.devnull, "rb"))


def test_a_download_that_fails_on_its_way_is_a_data_error(
    tmp_path, monkeypatch):
  def download_and_prepare():
    raise RuntimeError("checksum differs")

  _online(monkeypatch, download_and_prepare)
  with pytest.raises(errors.DataError, match="mnist is not in.*checksum"):
    prepared.load("mnist", tmp_path)


def test_two_processes_prepare_data_once(tmp_path, monkeypatch):
  prepared_here = []

  def download_and_prepare():
    prepared_here.append(threading.get_ident())
    time.sleep(0.5)  # The other is at the lock meanwhile, or in here.
    folder = tmp_path / "mnist" / "3.0.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{}")

  def load():
    # What there is then is not read here.
    with pytest.raises(errors.DataError, match="cannot be read"):
      prepared.load("mnist", tmp_path)

  _online(monkeypatch, download_and_prepare)
  with concurrent.futures.ThreadPoolExecutor() as pool:
    for done in [pool.submit(load) for _ in range(2)]:
      done.result(timeout=60)
  assert len(prepared_here) == 1


def test_the_program_exits_3_offline_with_one_line_and_leaves_nothing(tmp_path):
  # A proxy on a port where nobody listens stands for having no network.
  nowhere = "http://127.0.0.1:9"
  (tmp_path / "empty").mkdir()
  done = launch.run("train",
      "--dataset=cifar10", "--data_dir=empty", "--logdir=run", folder=tmp_path,
      http_proxy=nowhere, https_proxy=nowhere, no_proxy="",
      HOME=str(tmp_path / "home"))  # Keras makes a folder there when imported.
  assert done.returncode == 3, done.stderr
  said, = done.stdout.splitlines()  # What it is going to do.
  assert said.startswith("Training mlp_1x512 on cifar10, true labels, ")
  line, = launch.errors_of(done)
  assert line.startswith(f"error: cifar10 is not in {tmp_path / 'empty'}")
  assert {p.name for p in tmp_path.iterdir()} - {"home"} == {"empty"}
  assert not list((tmp_path / "empty").iterdir())


def _prepared(name):
  """Returns the folder of a real data set, or skips the test."""
  if not _DATA:
    pytest.skip("TFDS_DATA_DIR, where prepared data lies, is not set")
  folder = prepared.find(name, pathlib.Path(_DATA))
  if folder is None:
    pytest.skip(f"TFDS_DATA_DIR holds no {name}")
  return folder


def _stored_images(folder, split, count):
  """Reads the first images of the record files without TFDS."""
  records = tf.data.TFRecordDataset(
      sorted(str(f) for f in folder.glob(f"*-{split}.tfrecord*"))).take(count)
  feature = {"image": tf.io.FixedLenFeature([], tf.string)}
  return np.stack([
      tf.io.decode_png(tf.io.parse_single_example(r, feature)["image"]).numpy()
      for r in records])


def test_real_mnist_holds_the_original_in_its_centre():
  folder = _prepared("mnist")
  train, test, names = prepared.load("mnist", folder.parent.parent)
  assert train.images.shape == (60_000, 32, 32, 3)
  assert names == tuple("0123456789")
  for channel in range(3):
    np.testing.assert_array_equal(
        test.images[:100, 2:30, 2:30, channel],
        _stored_images(folder, "test", 100)[..., 0])
  # LeCun's 10,000 test images hold this many of each digit.
  assert np.bincount(test.labels).tolist() == [
      980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_real_cifar10_is_balanced_and_in_the_order_of_its_records():
  folder = _prepared("cifar10")
  train, test, names = prepared.load("cifar10", folder.parent.parent)
  assert np.bincount(train.labels).tolist() == 10 * [5000]
  assert np.bincount(test.labels).tolist() == 10 * [1000]
  assert (names[0], names[9]) == ("airplane", "truck")
  np.testing.assert_array_equal(
      train.images[:100], _stored_images(folder, "train", 100))


@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "flipped"])
def test_a_damaged_array_record_is_refused_in_one_line(
    load_written, tmp_path, damage):
  load_written(_examples(2500), _examples(4), "array_record", files=2)
  file, = tmp_path.rglob("mnist-train.array_record-00001-of-00002")
  content = file.read_bytes()
  if damage == "gone":
    file.unlink()
  else:
    file.write_bytes({
        "cut": content[:-100], "empty": b"",
        "flipped": content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    }[damage])
  with pytest.raises(errors.DataError) as refusal:
    prepared.load("mnist", tmp_path / "array_record")
  assert str(refusal.value).startswith(f"{file} cannot be read: ")
  assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("damage", ["cut", "gone", "flipped", "info"])
def test_damaged_records_are_refused_by_name(tmp_path, damage):
  copy = tmp_path / "mnist/3.0.1"
  shutil.copytree(_prepared("mnist"), copy, copy_function=os.symlink)
  records, = copy.glob("*-train.tfrecord*")
  start = records.read_bytes()[:10_000]
  records.unlink()
  if damage == "cut":
    records.write_bytes(start)
  elif damage == "flipped":
    records.write_bytes(start[:5000] + bytes([start[5000] ^ 1]) + start[5001:])
  elif damage == "info":
    (copy / "dataset_info.json").unlink()
    (copy / "dataset_info.json").write_text("{")
  with pytest.raises(errors.DataError, match=str(copy)):
    prepared.load("mnist", tmp_path)


@pytest.mark.parametrize("name", ["../escaped", "/escaped", "a/../../escaped"])
def test_an_archive_is_not_extracted_outside_of_its_folder(tmp_path, name):
  # The library that downloads does this; it is held to it here.
  archive = tmp_path / "archive.tar"
  with tarfile.open(archive, "w") as tar:
    for path in ("good", name):
      member = tarfile.TarInfo(path)
      member.size = 4
      tar.addfile(member, io.BytesIO(b"evil"))
  inside = tmp_path / "inside"
  extractor = tfds.core.download.extractor.get_extractor()
  with extractor.tqdm():
    extractor.extract(
        archive, tfds.download.ExtractMethod.TAR, inside).get()
  assert [path.name for path in inside.iterdir()] == ["good"]
  assert not (tmp_path / "escaped").exists()
  assert not os.path.exists("/escaped")

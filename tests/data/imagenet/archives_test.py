"""Tests of imagenet: found, prepared from the archives, or refused."""

import dataclasses
import io
import os
import pathlib
import tarfile

import numpy as np
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data.imagenet import archives
from rethink_tf.data.imagenet import loader

_DATA = os.environ.get("TFDS_DATA_DIR")
_SAMPLE = pathlib.Path(_DATA or "absent") / "imagenet2012"
needs_sample = pytest.mark.skipif(
    not _SAMPLE.is_dir(), reason="no imagenet2012 in TFDS_DATA_DIR")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _tar(members):
  """Returns a tar file's bytes, from a dict of name to bytes."""
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode="w") as tar:
    for name, content in members.items():
      info = tarfile.TarInfo(name)
      info.size = len(content)
      tar.addfile(info, io.BytesIO(content))
  return buffer.getvalue()


def _jpeg(number):
  pixels = np.full((8, 8, 3), 20 * number, np.uint8)
  return tf.io.encode_jpeg(pixels).numpy()


def _validation(numbers):
  return _tar({f"ILSVRC2012_val_{n:08d}.JPEG": _jpeg(n) for n in numbers})


def _class(synset, count):
  return _tar({f"{synset}_{n}.JPEG": _jpeg(n) for n in range(count)})


def _write(path, content):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_bytes(content)
  return path


def test_a_whole_validation_archive_is_accepted(tmp_path):
  path = _write(tmp_path / "val.tar", _validation(range(1, 7)))
  archives.check_validation_archive(path, 6)


@pytest.mark.parametrize("numbers, received", [
    ([1, 2, 4, 5, 6], "Received: 5 members, without ILSVRC2012_val_00000003"),
    ([1, 2, 3, 4, 5], "Received: 5 members, without ILSVRC2012_val_00000006"),
    ([1, 2, 3, 4, 5, 6, 7], "Received: ILSVRC2012_val_00000007.JPEG too"),
    ([], "Received: 0 members, without ILSVRC2012_val_00000001"),
])
def test_a_validation_archive_with_a_gap_is_refused(
    tmp_path, numbers, received):
  path = _write(tmp_path / "val.tar", _validation(numbers))
  with pytest.raises(errors.DataError, match=f"expected 6 photo.*{received}"):
    archives.check_validation_archive(path, 6)


@pytest.mark.parametrize("more, received", [
    ("._ILSVRC2012_val_00000001.JPEG", "._ILSVRC2012_val_00000001.JPEG too"),
    ("ILSVRC2012_val_00000003.JPEG", "ILSVRC2012_val_00000003.JPEG too"),
    ("readme.txt", "readme.txt too"), ("val/", "val/ too")])
def test_a_validation_archive_with_anything_else_is_refused(
    tmp_path, more, received):
  # TFDS gives labels to its members in order, whatever they are.
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode="w") as tar:
    info = tarfile.TarInfo(more.rstrip("/"))
    info.type = tarfile.DIRTYPE if more.endswith("/") else tarfile.REGTYPE
    tar.addfile(info)
    for number in range(1, 7):
      tar.addfile(tarfile.TarInfo(f"ILSVRC2012_val_{number:08d}.JPEG"))
  path = _write(tmp_path / "val.tar", buffer.getvalue())
  with pytest.raises(errors.DataError, match=f"Received: {received}"):
    archives.check_validation_archive(path, 6)


def test_a_validation_archive_of_a_folder_is_refused(tmp_path):
  path = _write(tmp_path / "val.tar", _tar(
      {f"val/ILSVRC2012_val_{n:08d}.JPEG": _jpeg(n) for n in range(1, 7)}))
  with pytest.raises(
      errors.DataError, match="6 members, without ILSVRC2012_val"):
    archives.check_validation_archive(path, 6)


def test_a_whole_training_archive_is_accepted(tmp_path):
  path = _write(tmp_path / "train.tar", _tar(
      {"n01.tar": _class("n01", 3), "n02.tar": _class("n02", 4)}))
  archives.check_train_archive(path, classes=2, count=7)


def test_a_class_cut_between_two_photographs_is_refused(tmp_path):
  whole = _class("n02", 4)
  with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
    cut = whole[:tar.getmembers()[2].offset]
  with tarfile.open(fileobj=io.BytesIO(cut)) as tar:
    assert len(tar.getmembers()) == 2  # The library does not notice.
  path = _write(tmp_path / "train.tar", _tar(
      {"n01.tar": _class("n01", 3), "n02.tar": cut}))
  with pytest.raises(errors.DataError, match="n02.tar is cut short"):
    archives.check_train_archive(path, classes=2, count=5)


@pytest.mark.parametrize("counts, received", [
    ({"n01": 3}, "Received: 1 with 3"),
    ({"n01": 3, "n02": 3}, "Received: 2 with 6"),
    ({"n01": 3, "n02": 4, "n03": 0}, "Received: 3 with 7"),
])
def test_a_training_archive_of_another_size_is_refused(
    tmp_path, counts, received):
  path = _write(tmp_path / "train.tar", _tar(
      {f"{name}.tar": _class(name, n) for name, n in counts.items()}))
  with pytest.raises(
      errors.DataError, match=f"expected 2 archives with 7.*{received}"):
    archives.check_train_archive(path, classes=2, count=7)


def test_what_is_no_archive_is_refused(tmp_path):
  path = _write(tmp_path / "val.tar", b"not a tar file" * 100)
  with pytest.raises(errors.DataError, match="val.tar cannot be read"):
    archives.check_validation_archive(path, 6)


def test_absent_data_is_refused_with_both_archives_named(tmp_path):
  folder = tmp_path / "data"
  folder.mkdir()
  with pytest.raises(errors.DataError) as raised:
    loader.check_available(folder)
  for name in ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"):
    assert str(folder / "downloads/manual" / name) in str(raised.value)
  assert not list(folder.iterdir())


def test_the_archives_are_prepared(tmp_path, monkeypatch):
  """By TFDS itself, from two archives of a few small images."""
  manual = tmp_path / "data/downloads/manual"
  _write(manual / "ILSVRC2012_img_val.tar", _validation([1, 2, 3]))
  _write(manual / "ILSVRC2012_img_train.tar", _tar(
      {"n01440764.tar": _class("n01440764", 2),
       "n15075141.tar": _class("n15075141", 3)}))
  monkeypatch.setattr(loader, "_CLASSES", 2)
  entry = catalog.DATASETS[catalog.IMAGENET]
  monkeypatch.setitem(
      catalog.DATASETS, catalog.IMAGENET,
      dataclasses.replace(entry, train_examples=5, test_examples=3))
  monkeypatch.setattr(
      archives.check_train_archive, "__defaults__", (2, None))
  with pytest.raises(errors.DataError, match="expected 2 classes"):
    loader.load(tmp_path / "data", 96)
  monkeypatch.setattr(loader, "_CLASSES", 1000)
  data = loader.load(tmp_path / "data", 96)
  assert (len(data.train), len(data.test), data.num_classes) == (5, 3, 1000)
  # The first and the last of the 1,000 synsets in order.
  assert dict(zip(data.train.names, data.train.labels)) == {
      "n01440764_0.JPEG": 0, "n01440764_1.JPEG": 0, "n15075141_0.JPEG": 999,
      "n15075141_1.JPEG": 999, "n15075141_2.JPEG": 999}
  # The official labels of the first three validation photographs.
  assert dict(zip(data.test.names, data.test.labels)) == {
      "ILSVRC2012_val_00000001.JPEG": 65, "ILSVRC2012_val_00000002.JPEG": 970,
      "ILSVRC2012_val_00000003.JPEG": 230}


@pytest.mark.parametrize("train, test", [(0, 500), (1280, 0)])
def test_a_split_without_examples_is_refused_even_as_a_sample(train, test):
  with pytest.raises(
      errors.DataError, match="expected training and validation"):
    loader._check(  # noqa: SLF001
        "folder", range(train), range(test), range(1000), 0, True)


@needs_sample
def test_a_sample_is_refused_unless_it_is_allowed():
  folder = pathlib.Path(_DATA)
  with pytest.raises(
      errors.DataError, match="Received: 1,280 and 500.*--allow"):
    loader.load(folder, 299)
  with pytest.raises(errors.DataError, match="expected 2,000 training"):
    loader.load(folder, 299, train_examples=2000, allow_sample=True)
  data = loader.load(folder, 299, allow_sample=True)
  assert (len(data.train), len(data.test)) == (1280, 500)
  assert data.num_classes == 1000
  # Each photograph's file is named by its synset.
  synsets = [data.label_names[label] for label in data.train.labels]
  assert [name.split("_")[0] for name in data.train.names] == synsets

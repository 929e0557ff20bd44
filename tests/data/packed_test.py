"""Tests of packed: the data of TFDS' records, or a line of refusal."""

import io

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import datasets
from rethink_tf.data import packed
from rethink_tf.data import prepared
from rethink_tf.data import randomization
from rethink_tf.programs import pack
from tests.data import written

_NAME = "mnist"


@pytest.fixture(name="directory")
def _directory(tmp_path, monkeypatch):
  """A data directory with records of a data set of 30 and 10 images."""
  monkeypatch.setitem(
      catalog.DATASETS, _NAME, catalog.Entry("MNIST", 30, 10, 2, (28, 28, 1)))
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  generator = np.random.default_rng(0)

  def records(count):
    return [written.make_record(
        image=tf.io.encode_png(generator.integers(
            0, 256, (28, 28, 1)).astype(np.uint8)).numpy(),
        label=int(generator.integers(2)), id=b"train_%05d" % (count - index))
            for index in range(count)]

  written.write_dataset(
      tmp_path / "data" / _NAME / "1.0.0", "tfrecord", {
          "image": tfds.features.Image(shape=(28, 28, 1)),
          "label": tfds.features.ClassLabel(names=["a", "b"]),
          "id": tfds.features.Text()},
      {"train": records(30), "test": records(10)})
  datasets.load.cache_clear()
  yield tmp_path / "data"
  datasets.load.cache_clear()


def _pack(directory, *flags):
  return errors.exit_code_of(pack.main, [
      "pack", f"--dataset={_NAME}", f"--data_dir={directory}", *flags])


def _load_packed(directory, monkeypatch):
  """Loads the data set where its records cannot be read."""
  datasets.load.cache_clear()
  monkeypatch.setattr(prepared, "load", None)
  return datasets.load(_NAME, directory)


def test_a_packed_copy_has_all_that_the_records_have(
    directory, monkeypatch, capsys):
  expected = datasets.load(_NAME, directory)
  assert _pack(directory) == 0
  path = directory / "packed" / "mnist.npz"
  assert capsys.readouterr().out == (
      f"wrote {path}: mnist, fingerprint {expected.fingerprint}\n")
  assert [file.name for file in path.parent.iterdir()] == ["mnist.npz"]
  data = _load_packed(directory, monkeypatch)
  assert (data.fingerprint, data.label_names) == (
      expected.fingerprint, ("a", "b"))
  for split, other in (
      (data.train, expected.train), (data.test, expected.test)):
    for name in ("images", "labels", "numbers"):
      one, two = getattr(split, name), getattr(other, name)
      assert one.dtype == two.dtype
      np.testing.assert_array_equal(one, two)
  first, second = (randomization.label_hash(
      randomization.corrupt_training_labels(some, 20, 1.0, 3).labels)
                   for some in (data, expected))
  assert first == second
  assert datasets.known_fingerprint(_NAME, directory) == data.fingerprint


def test_a_packed_copy_alone_is_enough(directory, monkeypatch, tmp_path):
  folder = tmp_path / "elsewhere" / "packed"
  folder.mkdir(parents=True)
  assert not datasets.is_prepared(_NAME, folder.parent)
  assert _pack(directory, f"--out={folder}/mnist.npz") == 0
  assert not (directory / "packed").exists()
  assert datasets.is_prepared(_NAME, folder.parent)
  assert len(_load_packed(folder.parent, monkeypatch).train) == 30


def test_packing_anew_reads_the_records_again(directory):
  assert _pack(directory) == 0
  path = packed.path_of(_NAME, directory)
  content = path.read_bytes()
  path.write_bytes(b"damaged")
  assert _pack(directory) == 0
  assert path.read_bytes() == content


def _arrays(path):
  with np.load(path) as content:
    return dict(content)


def _as_npz(arrays):
  file = io.BytesIO()
  np.savez(file, **arrays)
  return file.getvalue()


def _flip_a_pixel(path):
  content = bytearray(path.read_bytes())
  content[1000] ^= 1
  return bytes(content)


def _other_pixels(path):
  arrays = _arrays(path)
  arrays["test_images"][0, 0, 0] ^= 1
  return _as_npz(arrays)


def _other_labels(path):
  return _as_npz({**_arrays(path), "train_labels": np.full(30, 2, np.int32)})


def _without(path):
  arrays = _arrays(path)
  del arrays["train_images"]
  return _as_npz(arrays)


def _objects(path):
  return _as_npz({**_arrays(path), "label_names": np.array([{}, {}])})


@pytest.mark.parametrize("damage, said", [
    (lambda path: b"", ""),
    (lambda path: path.read_bytes()[:50_000], "zip file"),
    (lambda path: b"no zip file", "pickled"),
    (_flip_a_pixel, "CRC-32"),
    (_other_pixels, "fingerprint"),
    (_other_labels, "labels from 2 to 2"),
    (_without, "no train_images"),
    (_objects, "Object arrays"),
    (lambda path: _as_npz({**_arrays(path), "train_labels": np.zeros(30)}),
     r"train_labels float64\(30,\)"),
    (lambda path: _as_npz({**_arrays(path), "label_names": np.array(["a"])}),
     "1 classes, not 2"),
], ids=range(10))
def test_what_is_no_packed_copy_is_refused(directory, damage, said):
  assert _pack(directory) == 0
  path = packed.path_of(_NAME, directory)
  path.write_bytes(damage(path))
  datasets.load.cache_clear()
  with pytest.raises(
      errors.DataError, match=f"mnist.npz: expected mnist as .*pack.*{said}"):
    datasets.load(_NAME, directory)


def test_a_folder_that_cannot_be_written_is_refused(directory, capsys):
  (directory / "packed").write_text("a file")
  assert _pack(directory) == 4
  assert "packed cannot be made" in capsys.readouterr().err
  assert _pack(directory, f"--out={directory}/absent/a.npz") == 4
  assert "a.npz cannot be written" in capsys.readouterr().err

"""Datasets of TensorFlow Datasets: found, or downloaded, prepared and read."""

import contextlib
import fcntl
import functools
import os
import socket
import urllib.error
import urllib.request

import numpy as np

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.data import catalog
from rethink_tf.data import dataset

# Files beside the records: what is in them.
_DESCRIPTIONS = (".json", ".txt")
_LOCK = ".rethink_tf.lock"


def data_directory(explicit):
  """Returns the TFDS data directory to use, without importing TFDS.

  Args:
    explicit: the `--data_dir` path, or None to use TFDS_DATA_DIR or TFDS's
      default, in this order.
  """
  if explicit:
    return explicit
  return paths.user_path(
      os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def find(name, directory):
  """Returns the folder of the newest prepared version of a dataset, or None."""
  versions = [
      info.parent for info in directory.glob(f"{name}/*/dataset_info.json")]
  numbered = [v for v in versions if v.name.replace(".", "").isdigit()]
  return max(
      numbered, key=lambda v: [int(part) for part in v.name.split(".")],
      default=None)


def check_directory(explicit):
  """Refuses an explicit data directory that does not exist.

  Raises:
    DataError: it does not exist.
  """
  if explicit and not os.path.isdir(explicit):
    raise errors.DataError(
        f"--data_dir: expected a folder that exists. Received: {explicit}")


def load(name, explicit):
  """Returns `(train, test, label_names)`, downloading the data where absent.

  Args:
    name: of a dataset of the catalog that TFDS prepares.
    explicit: the `--data_dir` path, or None.

  Raises:
    DataError: the data is absent and cannot be had, or is not what its name
      promises.
  """
  check_directory(explicit)
  directory = data_directory(explicit)
  # Imported here because they take seconds that a refusal should not wait for.
  import tensorflow_datasets as tfds  # noqa: PLC0415

  from rethink_tf.data import records  # noqa: PLC0415

  folder = find(name, directory)
  if folder is None:
    _download(tfds, name, directory)
    folder = find(name, directory)
  entry = catalog.DATASETS[name]
  try:
    info = tfds.builder_from_directory(folder).info
    examples_of = functools.partial(
        records.examples,
        record_format=records.format_called(info.file_format.value, folder),
        parse=info.features.deserialize_example)
    train = _read(info, examples_of, "train", entry.train_examples, entry)
    test = _read(info, examples_of, "test", entry.test_examples, entry)
    names = tuple(info.features["label"].names)
  except errors.DataError:
    raise
  except Exception as error:  # TFDS and TensorFlow raise many kinds.
    raise records.as_data_error(error) or errors.DataError(
        f"{folder} cannot be read: {error}") from error
  return train, test, names


def files(name, explicit):
  """Returns the prepared data's record files, sorted; empty where absent.

  TFDS writes records in several formats; what is no record is a description.
  """
  folder = find(name, data_directory(explicit))
  return sorted(
      file for file in folder.iterdir()
      if file.is_file() and file.suffix not in _DESCRIPTIONS) if folder else []


def _download(tfds, name, directory):
  """Downloads and prepares a dataset, with TFDS's progress bar."""
  builder_class = tfds.builder_cls(name)
  url = next(iter(builder_class.url_infos))
  absent = (
      f"{name} is not in {directory}; put a prepared copy there or set "
      f"--data_dir (or TFDS_DATA_DIR) to where it is")
  try:
    # Asked before TFDS is, which would leave folders behind when offline.
    request = urllib.request.Request(url, method="HEAD")
    urllib.request.urlopen(request, timeout=20).close()
  except (urllib.error.URLError, socket.timeout, OSError) as error:
    raise errors.DataError(
        f"{absent}. Downloading it failed: {error}") from error
  try:
    with _alone_in(directory):
      if find(name, directory) is None:  # Another process's, waited for.
        tfds.builder(name, data_dir=directory).download_and_prepare()
  except Exception as error:  # TFDS raises many kinds, each a failed download.
    raise errors.DataError(
        f"{absent}. Downloading it failed: {error}") from error


@contextlib.contextmanager
def _alone_in(directory):
  """Keeps other processes of this machine from preparing data there too."""
  directory.mkdir(parents=True, exist_ok=True)
  with open(directory / _LOCK, "a", encoding="utf-8") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)  # The kernel unlocks at any exit.
    yield


def _read(info, examples_of, split, count, entry):
  """Reads a whole split into memory, in the order of its records."""
  shape, classes = entry.image_shape, entry.num_classes
  where = f"{info.name} split {split} in {info.data_dir}"
  images = np.empty((count, *shape), np.uint8)
  labels = np.empty((count,), np.int32)
  numbers = np.empty((count,), np.int32) if "id" in info.features else None
  examples = examples_of(info.splits[split].filepaths)
  position = stop = 0
  received = shape
  for batch in examples.batch(1000).as_numpy_iterator():
    stop = position + len(batch["label"])
    received = batch["image"].shape[1:]
    if stop > count or received != shape:
      break
    images[position:stop] = batch["image"]
    labels[position:stop] = batch["label"]
    if numbers is not None:
      numbers[position:stop] = _numbers_of(batch["id"], where)
    position = stop
  if position != count or stop != count:
    raise errors.DataError(
        f"{where}: expected {count} images of shape {shape}. Received: "
        f"{stop} or more, of shape {received}")
  if labels.min() < 0 or labels.max() >= classes:
    raise errors.DataError(
        f"{where}: expected labels 0 to {classes - 1}. Received: "
        f"{labels.min()} to {labels.max()}")
  return dataset.Split(_as_color_32(images), labels, numbers)


def _numbers_of(ids, where):
  """Returns which examples of the original files ids like train_00007 name."""
  try:
    return [int(text.rpartition(b"_")[2]) for text in ids]
  except ValueError as error:
    raise errors.DataError(
        f"{where}: expected ids that end in a number ({error})") from error


def _as_color_32(images):
  """Pads 28x28 grey images with black to 32x32 and repeats them in 3 channels.

  The central 28x28 crop gives back the original pixels.
  """
  if images.shape[1:] == dataset.IMAGE_SHAPE:
    return images
  padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
  return np.repeat(padded, 3, axis=-1)

"""ImageNet (ILSVRC 2012) as TensorFlow Datasets prepares it."""

import hashlib
import pathlib

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import dataset
from rethink_tf.data import prepared
from rethink_tf.data.imagenet import archives

_CLASSES = 1000
_ARCHIVES = {"train": "ILSVRC2012_img_train.tar",
             "validation": "ILSVRC2012_img_val.tar"}


def check_available(explicit):
  """Refuses, before anything heavy is imported, an ImageNet that is not there.

  Args:
    explicit: the `--data_dir` path, or None.

  Raises:
    DataError: neither the prepared data nor both archives are there.
  """
  prepared.check_directory(explicit)
  directory = prepared.data_directory(explicit)
  if prepared.find(catalog.IMAGENET, directory) is None:
    missing = [str(path) for path in _archives(directory).values()
               if not path.is_file()]
    if missing:
      raise errors.DataError(
          f"{catalog.IMAGENET} is not in {directory}; put a prepared copy "
          "there, or set --data_dir (or TFDS_DATA_DIR) to where it is, or put "
          "ImageNet's archives there to be prepared. Missing: "
          f"{', '.join(missing)}")


def load(explicit, image_size, train_examples=0, allow_sample=False):
  """Prepares ImageNet; returns it as a `Dataset` of `photographs.Split`s.

  Args:
    explicit: the `--data_dir` path, or None.
    image_size: height and width of the network's input.
    train_examples: how many training examples will be used; 0: all.
    allow_sample: whether the splits may be smaller than the official ones.

  Raises:
    DataError: the data is absent, damaged, or not what its name promises.
  """
  check_available(explicit)
  directory = prepared.data_directory(explicit)
  # Imported here because they take seconds that a refusal should not wait for.
  import tensorflow_datasets as tfds  # noqa: PLC0415

  from rethink_tf.data import records  # noqa: PLC0415
  from rethink_tf.data.imagenet import photographs  # noqa: PLC0415

  folder = prepared.find(catalog.IMAGENET, directory)
  if folder is None:
    _prepare(tfds, directory)
    folder = prepared.find(catalog.IMAGENET, directory)
  try:
    info = tfds.builder_from_directory(folder).info
    features, form = info.features, info.file_format.value
  except Exception as error:  # TFDS raises many kinds.
    raise errors.DataError(f"{folder} cannot be read: {error}") from error
  record_format = records.format_called(form, folder)

  def parse(record):
    return features.deserialize_example(
        record, decoders={"image": tfds.decode.SkipDecoding()})

  train, test = (
      photographs.load(sorted(folder.glob(f"*-{split}.{form}*")), record_format,
                       parse, image_size)
      for split in ("train", "validation"))
  names = tuple(features["label"].names)
  _check(folder, train, test, names, train_examples, allow_sample)
  together = hashlib.sha256(f"{train.digest}{test.digest}".encode())
  return dataset.Dataset(train, test, names, together.hexdigest())


def _check(folder, train, test, names, train_examples, allow_sample):
  """Refuses splits and classes that are not ImageNet's."""
  if len(names) != _CLASSES:
    raise errors.DataError(
        f"{folder}: expected {_CLASSES:,} classes. Received: {len(names):,}")
  all_train = catalog.DATASETS[catalog.IMAGENET].train_examples
  all_test = catalog.DATASETS[catalog.IMAGENET].test_examples
  received = f"Received: {len(train):,} and {len(test):,}"
  if len(train) < train_examples:
    raise errors.DataError(
        f"{folder}: expected {train_examples:,} training examples or more, by "
        f"--train_examples. {received}")
  if not allow_sample and (len(train), len(test)) != (all_train, all_test):
    raise errors.DataError(
        f"{folder}: expected {all_train:,} training and {all_test:,} "
        f"validation examples. {received}; --allow_sample accepts a part of "
        "ImageNet")
  if not (len(train) and len(test)):
    raise errors.DataError(
        f"{folder}: expected training and validation examples. {received}")


def _archives(directory):
  manual = pathlib.Path(directory) / "downloads" / "manual"
  return {split: manual / name for split, name in _ARCHIVES.items()}


def _prepare(tfds, directory):
  """Prepares ImageNet from its two archives, with TFDS's progress bar."""
  paths = _archives(directory)
  archives.check_validation_archive(paths["validation"])
  archives.check_train_archive(paths["train"])
  try:
    tfds.builder(catalog.IMAGENET, data_dir=directory).download_and_prepare()
  except Exception as error:  # TFDS raises many kinds.
    raise errors.DataError(
        f"{catalog.IMAGENET} cannot be prepared in {directory}: {error}"
    ) from error

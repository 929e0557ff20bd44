"""ImageNet (ILSVRC 2012) as TensorFlow Datasets prepares it."""

import collections
import hashlib
import pathlib
import tarfile

from rethink_tf import config
from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import prepared

_CLASSES = 1000
_ARCHIVES = {"train": "ILSVRC2012_img_train.tar",
             "validation": "ILSVRC2012_img_val.tar"}
_VALIDATION_NAME = "ILSVRC2012_val_{:08d}.JPEG"
# tar ends an archive with two blocks of zeros.
_END = bytes(1024)


def check_available(explicit):
  """Refuses, before anything heavy is imported, an ImageNet that is not there.

  Args:
    explicit: the `--data_dir` path, or None.

  Raises:
    DataError: neither the prepared data nor both archives are there.
  """
  prepared.check_directory(explicit)
  directory = prepared.data_directory(explicit)
  if prepared.find(config.IMAGENET, directory) is None:
    missing = [str(path) for path in _archives(directory).values()
               if not path.is_file()]
    if missing:
      raise errors.DataError(
          f"{config.IMAGENET} is not in {directory}; put a prepared copy there, or "
          "set --data_dir (or TFDS_DATA_DIR) to where it is, or put ImageNet's "
          f"archives there to be prepared. Missing: {', '.join(missing)}")


def load(explicit, image_size, train_examples=0, allow_sample=False):
  """Returns ImageNet as a `Dataset` of `photographs.Split`s, preparing it first.

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
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  from rethink_tf.data import photographs  # pylint: disable=g-import-not-at-top

  folder = prepared.find(config.IMAGENET, directory)
  if folder is None:
    _prepare(tfds, directory)
    folder = prepared.find(config.IMAGENET, directory)
  try:
    features = tfds.builder_from_directory(folder).info.features
  except Exception as error:  # TFDS raises many kinds.
    raise errors.DataError(f"{folder} cannot be read: {error}") from error

  def parse(record):
    return features.deserialize_example(
        record, decoders={"image": tfds.decode.SkipDecoding()})

  train, test = (
      photographs.load(sorted(folder.glob(f"*-{split}.tfrecord*")), parse,
                       image_size)
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
  all_train = config.TRAIN_EXAMPLES[config.IMAGENET]
  all_test = config.TEST_EXAMPLES[config.IMAGENET]
  found = f"Received: {len(train):,} and {len(test):,}"
  if len(train) < train_examples:
    raise errors.DataError(
        f"{folder}: expected {train_examples:,} training examples or more, by "
        f"--train_examples. {found}")
  if not allow_sample and (len(train), len(test)) != (all_train, all_test):
    raise errors.DataError(
        f"{folder}: expected {all_train:,} training and {all_test:,} validation "
        f"examples. {found}; --allow_sample accepts a part of ImageNet")
  if not (len(train) and len(test)):
    raise errors.DataError(
        f"{folder}: expected training and validation examples. {found}")


def _archives(directory):
  manual = pathlib.Path(directory) / "downloads" / "manual"
  return {split: manual / name for split, name in _ARCHIVES.items()}


def _prepare(tfds, directory):
  """Prepares ImageNet from its two archives, with TFDS's progress bar."""
  archives = _archives(directory)
  check_validation_archive(archives["validation"])
  check_train_archive(archives["train"])
  try:
    tfds.builder(config.IMAGENET, data_dir=directory).download_and_prepare()
  except Exception as error:  # TFDS raises many kinds.
    raise errors.DataError(
        f"{config.IMAGENET} cannot be prepared in {directory}: {error}"
    ) from error


def check_validation_archive(path, count=None):
  """Refuses a validation archive that holds anything but its photographs.

  TFDS gives the labels of a list in order to the archive's sorted members. Behind
  one that is missing, or is a folder or another file, each photograph would have
  the label of the one before or after it.

  Args:
    path: `pathlib.Path` of the tar file.
    count: how many photographs it has; default: ImageNet's 50,000.

  Raises:
    DataError: its members are not ILSVRC2012_val_00000001.JPEG and so on.
  """
  count = count or config.TEST_EXAMPLES[config.IMAGENET]
  expected = [_VALIDATION_NAME.format(n) for n in range(1, count + 1)]
  found = collections.Counter(
      member.name if member.isfile() else f"{member.name}/"
      for member in _members(path))
  missing = [name for name in expected if not found[name]]
  more = sorted(found - collections.Counter(expected))
  if missing or more:
    wrong = (f"{found.total():,} members, without {missing[0]}" if missing
             else f"{more[0]} too")
    raise errors.DataError(
        f"{path}: expected {count:,} photographs, {expected[0]} to "
        f"{expected[-1]}, and nothing else. Received: {wrong}")


def check_train_archive(path, classes=_CLASSES, count=None):
  """Refuses a training archive whose archives of the classes are cut short.

  A tar file cut between two members reads as a shorter one: what tells is the
  end that it lacks, and the number of photographs.

  Args:
    path: `pathlib.Path` of the tar file.
    classes: how many archives it holds.
    count: how many photographs in all; default: ImageNet's 1,281,167.

  Raises:
    DataError: an archive is cut, or there are fewer or more than expected.
  """
  count = count or config.TRAIN_EXAMPLES[config.IMAGENET]
  inner = photographs = 0
  with open(path, "rb") as file:
    for member in _members(path):
      if not (member.isfile() and member.name.endswith(".tar")):
        continue
      file.seek(member.offset_data + max(0, member.size - len(_END)))
      if file.read(min(member.size, len(_END))) != _END:
        raise errors.DataError(f"{path}: its archive {member.name} is cut short")
      file.seek(member.offset_data)
      photographs += sum(
          1 for each in _members(path, file) if each.isfile())
      inner += 1
  if (inner, photographs) != (classes, count):
    raise errors.DataError(
        f"{path}: expected {classes:,} archives with {count:,} photographs. "
        f"Received: {inner:,} with {photographs:,}")


def _members(path, file=None):
  """Yields the members of a tar file, or of the one at a file's position."""
  try:
    with tarfile.open(path if file is None else None, "r:", fileobj=file) as tar:
      yield from tar
  except (OSError, tarfile.TarError) as error:
    raise errors.DataError(f"{path} cannot be read: {error}") from error

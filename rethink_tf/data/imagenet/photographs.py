"""Photographs in record files: too many for memory, read by index in any order.

An index of where each record stands makes the order of an epoch a permutation
of examples, as it is for data in memory: a function of (seed, epoch), which a
shuffle buffer's is not.
"""

import dataclasses
import hashlib
import io
import re
import zlib

import numpy as np
import tensorflow as tf
import tqdm

from rethink_tf import errors
from rethink_tf.data import cache
from rethink_tf.data import records
from rethink_tf.data import split as split_lib
from rethink_tf.data.imagenet import batches

# What TensorFlow says of a JPEG that is none.
_UNDECODABLE = re.compile(
    r"Unknown image file format|Invalid JPEG data|Input is empty")
_COLUMNS = (
    "names", "labels", "files", "offsets", "lengths", "checks", "digest")


@dataclasses.dataclass(frozen=True, eq=False)
class Split(split_lib.Split):
  """Photographs and labels in official order; example i's index is i.

  Attributes:
    names: str `(n,)`, file names, which key what is drawn for an example.
    labels: int32 `(n,)`.
    image_size: height and width of the network's input.
    record_format: theirs, one of `records`.
    paths: the record files.
    files: int32 `(n,)`, which of them holds an example.
    offsets, lengths: int64 `(n,)`, the place in it of the example's record, and
      its bytes.
    checks: uint32 `(n,)`, its CRC-32.
    encoded: a function of a record, a `tf.string`, that returns its JPEG.
    digest: SHA-256, as hex, over names, labels and JPEGs of the whole split.
  """

  names: np.ndarray
  labels: np.ndarray
  image_size: int
  record_format: object
  paths: tuple
  files: np.ndarray
  offsets: np.ndarray
  lengths: np.ndarray
  checks: np.ndarray
  encoded: object
  digest: str

  # A photograph at 299x299 is a megabyte.
  evaluation_batch = 50

  @property
  def keys(self):
    # Their order is that of how they were prepared, and so no key.
    return self.names

  def select(self, which):
    some = {name: getattr(self, name)[which] for name in _COLUMNS[:-1]}
    return dataclasses.replace(self, **some)

  def training_batches(self, config, start_epoch=0, start_batch=0, shard=None):
    return batches.training_batches(
        self, config, start_epoch, start_batch, shard)

  def evaluation_batches(self, shard=None):
    return batches.evaluation_batches(self, shard)

  def record(self, index):
    """Returns an example's record, bytes.

    Raises:
      DataError: it is not what it was when the index was made.
    """
    path, length = self.paths[self.files[index]], int(self.lengths[index])
    record = self.record_format.read(path, int(self.offsets[index]), length)
    if len(record) != length or zlib.crc32(record) != self.checks[index]:
      raise errors.DataError(
          f"{path}: the record of {self.names[index]} is damaged")
    return record


def load(paths, record_format, parse, image_size):
  """Returns the `Split` in some record files, in their order.

  The index is made by reading every file once, and remembered in the user's
  cache.

  Args:
    paths: `pathlib.Path`s of record files.
    record_format: theirs, one of `records`.
    parse: a function of a record, a `tf.string`, that returns a dict with
      "file_name", "label" and "image", the JPEG.
    image_size: height and width of the network's input.

  Raises:
    DataError: a file is damaged or cut.
  """
  paths = tuple(paths)
  packed = cache.remembered(
      "indices", paths, lambda: _pack(_index(paths, record_format, parse)))
  with np.load(io.BytesIO(packed)) as arrays:
    index = {name: arrays[name] for name in _COLUMNS}
  digest = str(index.pop("digest"))
  return Split(**index, image_size=image_size, record_format=record_format,
               paths=paths, digest=digest,
               encoded=lambda record: parse(record)["image"])


def as_data_error(error):
  """Returns the DataError that an error of TensorFlow's stands for, or None.

  Args:
    error: a `tf.errors.OpError`.
  """
  raised = records.as_data_error(error)
  if raised:
    return raised
  undecodable = _UNDECODABLE.search(error.message)
  if undecodable:
    return errors.DataError(f"a photograph cannot be decoded: {undecodable[0]}")
  return None


def _index(paths, record_format, parse):
  """Reads every record; returns a dict of `_COLUMNS`."""
  index = {name: [] for name in _COLUMNS[:-1]}
  digest = hashlib.sha256()
  for number, path in enumerate(tqdm.tqdm(
      paths, "indexing", unit=" files", disable=None)):
    offset = record_format.first
    for record, example in _records(path, record_format, parse):
      name, label = example["file_name"], int(example["label"])
      index["names"].append(name.decode())
      index["labels"].append(label)
      index["files"].append(number)
      index["offsets"].append(offset)
      index["lengths"].append(len(record))
      index["checks"].append(zlib.crc32(record))
      digest.update(f"{name.decode()} {label} ".encode())
      digest.update(hashlib.sha256(example["image"]).digest())
      offset = record_format.following(offset, len(record))
  kinds = {"names": str, "labels": np.int32, "files": np.int32,
           "offsets": np.int64, "lengths": np.int64, "checks": np.uint32}
  return {**{name: np.array(index[name], kind) for name, kind in kinds.items()},
          "digest": np.array(digest.hexdigest())}


def _records(path, record_format, parse):
  """Yields `(record, example)` of a file, whose checksums are checked by it."""
  both = record_format.dataset(path).map(lambda r: (r, parse(r)))
  try:
    yield from both.as_numpy_iterator()
  except tf.errors.OpError as error:
    raise records.as_data_error(error) or errors.DataError(
        f"{path} is damaged: {error.message}") from error


def _pack(index):
  buffer = io.BytesIO()
  np.savez_compressed(buffer, **index)
  return buffer.getvalue()

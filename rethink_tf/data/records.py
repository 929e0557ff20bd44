"""Record files in the formats that TFDS prepares, read one way.

TFDS itself hands tfrecord to TensorFlow alone and array_record to others alone.
"""

import functools
import os
import re

import tensorflow as tf

from rethink_tf import errors

# TFRecord: a length of 8 bytes and its checksum of 4 before a record's bytes,
# and their checksum of 4 behind.
_BEFORE, _AFTER = 12, 4
# What Python raises within a pipeline comes out of TensorFlow as text.
_RAISED = re.compile(r"^.*\bDataError: (.*)$", re.MULTILINE)


class TFRecord:
  """Records behind one another, each found by where its bytes begin.

  Attributes:
    first: the place of a file's first record.
  """

  first = _BEFORE

  def following(self, place, length):
    """Returns the place of the record behind one of so many bytes."""
    return place + length + _AFTER + _BEFORE

  def dataset(self, path):
    """Returns a file's records, a `tf.data.Dataset` of `tf.string`."""
    return tf.data.TFRecordDataset(str(path))

  def read(self, path, place, length):
    """Returns the bytes at a place; they may be fewer.

    Raises:
      DataError: the file cannot be read.
    """
    try:
      with open(path, "rb") as file:
        return os.pread(file.fileno(), length, place)
    except OSError as error:
      raise errors.DataError(
          f"{path} cannot be read: {error.strerror}") from error


class ArrayRecord:
  """Records that the file itself finds by their number, from 0.

  Attributes:
    first: the place of a file's first record.
  """

  first = 0
  # Of a photograph's size each, they are a few megabytes.
  _at_once = 64

  def following(self, place, length):
    """Returns the place of the record behind one of so many bytes."""
    del length
    return place + 1

  def dataset(self, path):
    """Returns a file's records, a `tf.data.Dataset` of `tf.string`."""
    return tf.data.Dataset.from_generator(
        lambda: self._chunks(path),
        output_signature=tf.TensorSpec([None], tf.string)).unbatch()

  def _chunks(self, path):
    with _Reader(path) as reader:
      count = reader.count()
      for start in range(0, count, self._at_once):
        yield reader.read(range(start, min(start + self._at_once, count)))

  def read(self, path, place, length):
    """Returns the record of a number; it has a length of its own.

    Raises:
      DataError: the file or the record cannot be read.
    """
    del length
    with _Reader(path) as reader:
      return reader.read([place])[0]


class _Reader:
  """An ArrayRecord file, open within a `with`; its errors are `DataError`s."""

  def __init__(self, path):
    # Imported here because it is there on Linux alone.
    from array_record.python import array_record_module  # noqa: PLC0415

    self._path = path
    # Nothing is read ahead, by threads of its own.
    self._reader = array_record_module.ArrayRecordReader(
        str(path), options="readahead_buffer_size:0")

  def __enter__(self):
    return self

  def __exit__(self, *_):
    if self._reader.ok():
      self._reader.close()

  def count(self):
    """Returns how many records there are."""
    count = self._reader.num_records()
    if not self._reader.ok():
      # A file that is cut opens, counts 0 and says why when it is closed.
      self._checked(self._reader.close)
    return count

  def read(self, numbers):
    """Returns the records of these numbers, a list of bytes."""
    return self._checked(lambda: self._reader.read(list(numbers)))

  def _checked(self, function):
    try:
      return function()
    except (IndexError, RuntimeError) as error:
      reason = " ".join(str(error).split())
      raise errors.DataError(
          f"{self._path} cannot be read: {reason}") from error


_FORMATS = {"tfrecord": TFRecord(), "array_record": ArrayRecord()}


def format_called(name, folder):
  """Returns the format of prepared data.

  Args:
    name: of the format, as TFDS has it.
    folder: that of the data.

  Raises:
    DataError: it is another than these.
  """
  if name not in _FORMATS:
    raise errors.DataError(
        f"{folder}: expected records as {' or '.join(_FORMATS)}. Received: "
        f"{name}")
  return _FORMATS[name]


def examples(paths, record_format, parse):
  """Returns the examples of files, one file after the other.

  Args:
    paths: the files, one or more.
    record_format: theirs, one of this module's.
    parse: a function of a record, a `tf.string`.

  Returns:
    A `tf.data.Dataset` of what `parse` returns.
  """
  files = (record_format.dataset(path) for path in paths)
  together = functools.reduce(lambda some, more: some.concatenate(more), files)
  return together.map(
      parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def as_data_error(error):
  """Returns the DataError that a pipeline of records raised, or None.

  Args:
    error: what came out of TensorFlow.
  """
  raised = _RAISED.search(str(error))
  return errors.DataError(raised[1]) if raised else None

"""Labels of one's own, read from a file that holds nothing else.

Whole numbers as text, or one array as NumPy's .npy: nothing that could be run.
"""

import hashlib
import re

import numpy as np

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.data import catalog

_NPY = b"\x93NUMPY"
_NUMBER = re.compile(rb"[+-]?[0-9]{1,9}")
# Of labels of all ImageNet as int64, ten times over.
_MOST_BYTES = 100_000_000
_SHOWN = 20


class Labels(str):
  """The SHA-256, as hex, of labels as little-endian int32; it has them too.

  A config has its labels with it, and config.json says which they were, in
  whatever file they stood.

  Attributes:
    values: int32 `(n,)`.
  """

  def __new__(cls, digest, values=None):
    labels = super().__new__(cls, digest)
    labels.values = values
    return labels


def parse(name, text):
  """Returns the `Labels` of the file that a flag names.

  Raises:
    UsageError: it is no file of whole numbers; with what was received.
  """
  if text == "":  # A shell variable that was not set, most likely.
    raise errors.UsageError(f"--{name}: expected a path. Received: ''")
  path = paths.user_path(text)
  try:
    values = _read(path)
  except (OSError, ValueError, EOFError) as error:
    raise errors.UsageError(
        f"--{name}: expected whole numbers, as text or as one .npy array. "
        f"Received: {path}, {_reason(error)}") from error
  digest = hashlib.sha256(values.astype("<i4").tobytes()).hexdigest()
  return Labels(digest, values)


def check(name, labels, fields):
  """Refuses labels that are not one of a class for each training example.

  Args:
    name: the flag's name.
    labels: `Labels`.
    fields: the fields above, "dataset" and "label_corruption" among them.

  Raises:
    UsageError: there are more or fewer, or others than classes, or labels are
      drawn besides.
  """
  dataset = fields["dataset"]
  if dataset not in catalog.IN_MEMORY:
    raise errors.UsageError(
        f"--{name}: expected a dataset among {', '.join(catalog.IN_MEMORY)}. "
        f"Received: --dataset={dataset}")
  if np.any(fields["label_corruption"]):
    raise errors.UsageError(
        f"--{name}: expected --label_corruption=0 with it, since it says every "
        f"label. Received: --label_corruption={fields['label_corruption']}")
  entry = catalog.DATASETS[dataset]
  expected = (
      f"--{name}: expected {entry.train_examples:,} whole numbers from 0 to "
      f"{entry.num_classes - 1}, one for each training example of {dataset}, "
      "also where --train_examples uses fewer. Received: ")
  values = labels.values
  if len(values) != entry.train_examples:
    raise errors.UsageError(f"{expected}{len(values):,}")
  wrong = np.flatnonzero((values < 0) | (values >= entry.num_classes))
  if wrong.size:
    raise errors.UsageError(
        f"{expected}{values[wrong[0]]} for example {wrong[0]}, counted from 0, "
        f"and {len(wrong):,} others than classes in all")


def _read(path):
  """Returns a file's numbers, int32 `(n,)`; raises ValueError or OSError."""
  if not path.is_file():
    raise ValueError("which is no file")
  if path.stat().st_size > _MOST_BYTES:
    raise ValueError(f"of more than {_MOST_BYTES:,} bytes")
  with path.open("rb") as file:
    is_array = file.read(len(_NPY)) == _NPY
  return _read_array(path) if is_array else _read_text(path)


def _read_array(path):
  # Mapped, so that no header has memory taken for more than is there.
  array = np.load(path, mmap_mode="r", allow_pickle=False)
  if array.ndim != 1 or array.dtype.kind not in "iu":
    raise ValueError(f"an array of {array.dtype}, of shape {array.shape}")
  limits = np.iinfo(np.int32)
  if array.size and not (
      limits.min <= array.min() and array.max() <= limits.max):
    raise ValueError("with numbers that are no class's")
  return np.asarray(array, np.int32)


def _read_text(path):
  words = path.read_bytes().split()
  for index, word in enumerate(words):
    if not _NUMBER.fullmatch(word):
      shown = word[:_SHOWN].decode("ascii", "backslashreplace")
      raise ValueError(f"where entry {index}, counted from 0, is {shown!r}")
  return np.array([int(word) for word in words], np.int32)


def _reason(error):
  if isinstance(error, OSError):
    return error.strerror or str(error)
  return str(error)

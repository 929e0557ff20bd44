"""One array a file, with what must be known about it, checked by SHA-256.

A line of JSON, then the array's bytes: unlike npz, gigabytes are written from
where they are and read into where they go, or in parts.
"""

import hashlib
import json

import numpy as np

from rethink_tf.runs import storage

_MAX_HEADER = 65_536


def write(path, array, state):
  """Writes a C-ordered array, whole or not at all.

  Args:
    path: `pathlib.Path`; its folder is made where absent.
    array: NumPy array.
    state: what else to keep, as JSON can hold it.

  Raises:
    StorageError: it cannot be written.
  """
  path.parent.mkdir(parents=True, exist_ok=True)
  content = memoryview(array).cast("B")
  header = {
      "shape": array.shape, "dtype": str(array.dtype), "state": state,
      "sha256": hashlib.sha256(content).hexdigest()}
  line = json.dumps(header).encode() + b"\n"
  storage.write_bytes(path, line, content)


def read(path):
  """Returns `(array, state)` of a file that `write` wrote.

  Raises:
    ValueError: the file is damaged.
    FileNotFoundError: it is absent.
  """
  with path.open("rb") as file:
    header = _header(file)
    array = np.fromfile(file, header["dtype"])
  if array.size != np.prod(header["shape"], dtype=np.int64):
    raise ValueError("its length is wrong")
  digest = hashlib.sha256(memoryview(array).cast("B")).hexdigest()
  if digest != header["sha256"]:
    raise ValueError("its SHA-256 is wrong")
  return array.reshape(header["shape"]), header["state"]


class OnDisk:
  """The array of a file that was read before, parts of which are read.

  It is mapped for as long as a part is taken: pages that stayed would count as
  memory of this process.

  Attributes:
    shape: of the array.

  Args:
    path: `pathlib.Path`.
  """

  def __init__(self, path):
    with path.open("rb") as file:
      header = _header(file)
      self._offset = file.tell()
    self.shape, self._dtype = tuple(header["shape"]), header["dtype"]
    self._path = path

  def __getitem__(self, index):
    mapped = np.memmap(
        self._path, self._dtype, "r", self._offset, self.shape)
    return np.array(mapped[index])


def _header(file):
  try:
    header = json.loads(file.readline(_MAX_HEADER))
    np.dtype(header["dtype"])
    if set(header) != {"shape", "dtype", "state", "sha256"}:
      raise ValueError("its first line lacks something")
    return header
  except (KeyError, TypeError, UnicodeDecodeError) as error:
    raise ValueError(f"its first line is damaged: {error}") from error

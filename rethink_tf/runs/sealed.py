"""Checkpoint files: named arrays and a JSON state, under one SHA-256.

In NumPy's npz format, which needs no unpickling. The array manifest.json holds
the state, and which run it is of. The file ends in zip's comment, the SHA-256
of all bytes before it: a file is read after all of it was checked. Files of
earlier versions end in no comment, and have a SHA-256 of each array instead.
"""

import hashlib
import io
import json
import re
import struct
import zipfile

import numpy as np

from rethink_tf import digests
from rethink_tf import documents
from rethink_tf.runs import storage

_MANIFEST = "manifest.json"
_PREFIX = b"sha256:"
_DIGITS = 64
_SEAL = re.compile(_PREFIX + rb"[0-9a-f]{64}")
_CHUNK = 2**20


class OtherRunError(ValueError):
  """The file is of another run than the one that reads it."""


def write(path, arrays, state, run=None):
  """Writes a file, whole or not at all.

  Args:
    path: `pathlib.Path`, whose folder is there.
    arrays: dict from name to NumPy array.
    state: what else to keep, as JSON can hold it.
    run: what identifies the run, `RunDirectory.identity`; None: nothing.

  Raises:
    StorageError: it cannot be written; what was there before stays.
  """
  with storage.replacing(path) as file:
    _fill(file, arrays, state, run)


def pack(arrays, state, run=None):
  """Returns the bytes of the file that `write` writes of the same."""
  file = io.BytesIO()
  _fill(file, arrays, state, run)
  return file.getvalue()


def read(path, run=None):
  """Returns `(arrays, state)` of a file that `write` wrote.

  Args:
    path: `pathlib.Path`.
    run: what identifies the run that goes on from it; None: any.

  Raises:
    FileNotFoundError: it is absent.
    OSError: it cannot be read, or is no plain file.
    ValueError: it is damaged.
    OtherRunError: it is of another run.
  """
  with documents.open_file(path) as file:
    try:
      is_sealed = _check_seal(file)
      arrays, manifest = _parse(file)
      if is_sealed != manifest.get("sealed", False):
        raise ValueError("its SHA-256 is gone")
      if not is_sealed:
        _check_each(arrays, manifest["sha256"])
      state = manifest["state"]
    except Exception as error:  # Damaged bytes raise what they will.
      raise ValueError(str(error) or type(error).__name__) from error
  if run and manifest.get("run") not in (None, run):
    raise OtherRunError("it is of another run")
  return arrays, state


def is_foreign(path):
  """Tells whether a file is a sound npz file, but no checkpoint."""
  try:
    with documents.open_file(path) as file, zipfile.ZipFile(file) as archive:
      return f"{_MANIFEST}.npy" not in archive.namelist()
  except Exception:  # A damaged checkpoint, for all that is known.
    return False


def describe(error):
  """Returns what an error of `read` says of the file, after "is"."""
  if isinstance(error, OtherRunError):
    return "of another run"
  return f"damaged ({error})"


class OnDisk:
  """An array of a file that was read before, parts of which are read.

  It is mapped for as long as a part is taken: pages that stayed would count as
  memory of this process.

  Attributes:
    shape: of the array.

  Args:
    path: `pathlib.Path`.
    name: of the array.
  """

  def __init__(self, path, name):
    self._path = path
    with documents.open_file(path) as file, zipfile.ZipFile(file) as archive:
      entry = archive.getinfo(f"{name}.npy")
      with archive.open(entry) as member:
        np.lib.format.read_magic(member)
        self.shape, _, self._dtype = np.lib.format.read_array_header_1_0(member)
        header = member.tell()
      # Of a member's own header: two lengths, then what has them.
      file.seek(entry.header_offset + 26)
      lengths = struct.unpack("<HH", file.read(4))
      self._offset = file.tell() + sum(lengths) + header

  def __getitem__(self, index):
    mapped = np.memmap(
        self._path, self._dtype, "r", self._offset, self.shape)
    return np.array(mapped[index])


def _fill(file, arrays, state, run):
  """Writes all of a file, open for reading and writing bytes, and empty."""
  manifest = json.dumps({"state": state, "run": run, "sealed": True})
  text = np.frombuffer(manifest.encode(), np.uint8)
  np.savez(file, **{_MANIFEST: text, **arrays})
  with zipfile.ZipFile(file, "a") as archive:
    archive.comment = _PREFIX + _DIGITS * b"0"
  digest = _digest_but_for_seal(file)
  file.seek(-_DIGITS, 2)
  file.write(digest)


def _check_seal(file):
  """Returns whether a file has a seal; raises ValueError where it is wrong."""
  size = file.seek(0, 2)
  length = len(_PREFIX) + _DIGITS
  file.seek(max(0, size - length))
  seal = file.read()
  if not _SEAL.fullmatch(seal):
    return False
  if _digest_but_for_seal(file) != seal[len(_PREFIX):]:
    raise ValueError("its SHA-256 is wrong")
  return True


def _digest_but_for_seal(file):
  """Returns the SHA-256 of a file but for its last `_DIGITS` bytes, as hex."""
  left = file.seek(0, 2) - _DIGITS
  file.seek(0)
  digest = hashlib.sha256()
  while left:
    chunk = file.read(min(left, _CHUNK))
    digest.update(chunk)
    left -= len(chunk)
  return digest.hexdigest().encode()


def _parse(file):
  """Returns `(arrays, manifest)` of an npz file, nothing of it unpacked."""
  size = file.seek(0, 2)
  file.seek(0)
  with zipfile.ZipFile(file) as archive:
    entries = archive.infolist()
  if (any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
      or sum(entry.file_size for entry in entries) > size):
    raise ValueError("it is packed, as no checkpoint is")
  file.seek(0)
  with np.load(file, allow_pickle=False) as content:
    arrays = {name: content[name] for name in content.files}
  return arrays, documents.parse_json(arrays.pop(_MANIFEST).tobytes())


def _check_each(arrays, expected):
  """Raises ValueError unless each array has the SHA-256 of a manifest."""
  if set(arrays) != set(expected):
    raise ValueError("its arrays are not those of its manifest")
  for name, array in arrays.items():
    if digests.of_arrays({name: array}) != expected[name]:
      raise ValueError(f"the SHA-256 of {name} is wrong")

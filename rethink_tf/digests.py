"""SHA-256 of arrays."""

import hashlib

import numpy as np


def of_arrays(arrays):
  """Returns a SHA-256, as hex, of named arrays: names, types, shapes, bytes.

  Args:
    arrays: dict from name to NumPy array.
  """
  digest = hashlib.sha256()
  for name, array in arrays.items():
    digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
  return digest.hexdigest()

"""Reads checkpoints of earlier versions: one array a file, and a state.

A line of JSON, then the array's bytes, of which the line has the SHA-256. The
line itself is checked by nothing; today's files are `runs.sealed`.
"""

import hashlib

import numpy as np

from rethink_tf import documents

_MAX_HEADER = 65_536


def read(path):
  """Returns `(array, state)` of a file.

  Raises:
    ValueError: the file is damaged.
    OSError: it cannot be read; FileNotFoundError: it is absent.
  """
  with documents.open_file(path) as file:
    try:
      header = documents.parse_json(file.readline(_MAX_HEADER))
      content = file.read()
      if hashlib.sha256(content).hexdigest() != header["sha256"]:
        raise ValueError("its SHA-256 is wrong")
      array = np.frombuffer(content, header["dtype"]).reshape(header["shape"])
      return array.copy(), header["state"]
    except (KeyError, TypeError, OverflowError) as error:
      raise ValueError(f"its first line is damaged: {error}") from error

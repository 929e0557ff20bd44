"""What a run has written at the top of its directory, a line a write:

    <SHA-256 of the file>  <its name>  <CRC-32 of the line up to here>

The line is there before the file. So a file that has one of the SHA-256s of its
name was written here, whenever a process was killed, and no other was.
"""

import hashlib
import zlib

from rethink_tf import documents
from rethink_tf.runs import storage

NAME = "MANIFEST"


class Manifest:
  """The file MANIFEST of a run directory.

  Args:
    folder: `pathlib.Path` of the run directory.
  """

  def __init__(self, folder):
    self.path = folder / NAME

  def read(self):
    """Returns a dict from name to the set of SHA-256s; None where absent.

    Raises:
      ValueError: a line is damaged.
      OSError: it cannot be read, or is no plain file.
    """
    try:
      text = documents.read_bytes(self.path).decode("ascii")
    except FileNotFoundError:
      return None
    written = {}
    for line in text.splitlines(keepends=True):
      digest, name, _ = (*line.split("  "), "", "")[:3]
      if line != _line(digest, name):
        raise ValueError("a line of it is not as it was written")
      written.setdefault(name, set()).add(digest)
    return written

  def add(self, name, content):
    """Notes that a file is about to be written.

    Args:
      name: its name.
      content: bytes.

    Raises:
      StorageError: that cannot be written.
    """
    storage.append_text(self.path, _line(digest_of(content), name))

  def restart(self, contents):
    """Notes files that are there, and forgets all that was.

    Args:
      contents: dict from name to bytes.

    Raises:
      StorageError: that cannot be written.
    """
    storage.write_text(self.path, "".join(
        _line(digest_of(content), name) for name, content in contents.items()))


def digest_of(content):
  """Returns the SHA-256 of bytes, as hex."""
  return hashlib.sha256(content).hexdigest()


def _line(digest, name):
  noted = f"{digest}  {name}  "
  return f"{noted}{zlib.crc32(noted.encode()):08x}\n"

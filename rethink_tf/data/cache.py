"""What is slow to find out about files, remembered in the user's cache."""

import contextlib
import hashlib
import json
import os
import pathlib


def remembered(folder, files, compute):
  """Returns `compute()`, from the cache while the files are as they were.

  Data directories may be read-only, so nothing is kept beside the files.

  Args:
    folder: name of the cache's folder for this kind of thing.
    files: `pathlib.Path`s of all that the value depends on; where there are
      none, nothing would tell another value, and none is kept.
    compute: a function without arguments that returns bytes.
  """
  value = known(folder, files)
  if value is not None:
    return value
  value = compute()
  if files:
    file = _file(folder, files)
    # A cache that cannot be written costs time at the next start.
    with contextlib.suppress(OSError):
      file.parent.mkdir(parents=True, exist_ok=True)
      file.write_bytes(_digest(value) + b"\n" + value)
  return value


def known(folder, files):
  """Returns what `remembered` would from the cache; None where nothing is."""
  if not files:
    return None
  with contextlib.suppress(OSError):
    digest, _, value = _file(folder, files).read_bytes().partition(b"\n")
    if digest == _digest(value):
      return value
  return None


def _file(folder, files):
  return _folder(folder) / hashlib.sha256(_state_of(files).encode()).hexdigest()


def _folder(name):
  home = os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
  return pathlib.Path(home) / "rethink_tf" / name


def _state_of(files):
  """Returns a text that changes whenever one of the files is written."""
  stats = [(str(f.resolve()), f.stat()) for f in files]
  return json.dumps([(name, s.st_size, s.st_mtime_ns) for name, s in stats])


def _digest(value):
  return hashlib.sha256(value).hexdigest().encode()

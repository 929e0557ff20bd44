"""What in a run directory the program has written, by name and content.

At the top the MANIFEST tells, and in the folders below a file's name, and what
is in a checkpoint. A run of a version that wrote no MANIFEST is known by its
config.json or, where that is gone, by its SHA256SUMS.
"""

import contextlib
import os
import re
import stat
import sys

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.runs import extension
from rethink_tf.runs import manifest
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

# In the order in which they are removed: killed in between, this is still that
# run's directory.
FILES = (
    "result.json", "SHA256SUMS", "examples.npz", "metrics.csv",
    "label_kinds.csv", "test_halves.csv", "measures.csv", "staleness.csv",
    "environment.json", "config.json")
FOLDERS = ("tensorboard", "checkpoints")
PREVIEW = "preview.png"
_BELOW = re.compile(
    r"tensorboard/(.+/)?events\.out\.tfevents\.[^/]+"
    r"|checkpoints/([^/]+/)?step-\d+\.npz"
    r"|checkpoints/examples-\d+\.npz"
    r"|checkpoints/((panel|gram-\d+)-\d+|iteration)\.(npz|bin)"
    r"|checkpoints/(gram|clock)\.(npz|json)"
    r"|checkpoints/([^/]+/)?\.[^/]+\.\d+\.tmp")
_NAMED = 3  # So many in one message.


class Contents:
  """What there is in a run directory when a program starts.

  Args:
    folder: `pathlib.Path` of the run directory.

  Attributes:
    is_begun: whether the program has begun a run there.

  Raises:
    UsageError: there is a link where a file or folder of a run should be.
  """

  def __init__(self, folder):
    self._folder = folder
    self._damage = None  # Of the manifest.
    for name in (*FILES, *FOLDERS, PREVIEW, manifest.NAME):
      self._refuse_link(name)
    self._written, is_noted = self._read_manifest()
    self.is_begun = is_noted or _is_config(folder / "config.json") or (
        not self._exists("config.json") and _is_summed(folder))

  def refuse_strangers(self):
    """Refuses to begin, or to go on, where others' files are in the way.

    Raises:
      UsageError: there are some; it names them.
    """
    strangers = [name for name in FILES if self._exists(name) and not (
        self.is_begun if self._written is None else name in self._written)]
    for path in self._below():
      if not self.is_begun or not _is_own_below(self._folder, path):
        strangers.append(str(path.relative_to(self._folder)))
    if strangers:
      more = len(strangers) - _NAMED
      raise errors.UsageError(
          f"{self._folder} holds what no run of this program wrote there: "
          f"{', '.join(strangers[:_NAMED])}"
          + (f", and {more} more" if more > 0 else "")
          + ". Choose another --logdir, or move it elsewhere")

  def is_config_lost(self):
    """Tells whether there is a run's, but not its config.json."""
    return self.is_begun and not self._exists("config.json") and (
        any(map(self._exists, FILES)) or next(self._below(), None) is not None)

  def is_as_written(self, name):
    """Tells whether a file at the top is as the program wrote it last.

    True of what is not there, and where nothing tells.
    """
    if self._written is None or not self._exists(name):
      return True
    return self._digest(name) in self._written.get(name, ())

  def is_own_preview(self):
    """Tells whether preview.png is one that the program wrote, or absent."""
    if not self._exists(PREVIEW):
      return True
    if self._written and PREVIEW in self._written:
      return self.is_as_written(PREVIEW)
    with contextlib.suppress(OSError, ValueError):
      head = documents.read_bytes(self._folder / PREVIEW)[:1000]
      return head.startswith(b"\x89PNG") and b"Matplotlib" in head
    return False

  def keep_changed(self):
    """Renames files that are not as the program wrote them, and says so."""
    if self._damage:
      print(f"warning: {self._folder / manifest.NAME} is damaged "
            f"({self._damage}); files are known by their names",
            file=sys.stderr, flush=True)
    for name in self._listed():
      if not self.is_as_written(name):
        self._keep(name)

  def noted(self):
    """Returns the files at the top that a manifest lists: a dict to bytes."""
    return {name: documents.read_bytes(self._folder / name)
            for name in (*self._listed(), PREVIEW) if self._exists(name)
            and (name != PREVIEW or self.is_own_preview())}

  def _listed(self):
    """Returns the names at the top that a run writes."""
    kept = (path.name for path in extension.kept_files(self._folder))
    return (*FILES, *kept)

  def _keep(self, name):
    number = 1
    while self._exists(f"{name}.kept-{number}"):
      number += 1
    kept = f"{name}.kept-{number}"
    storage.rename(self._folder / name, self._folder / kept)
    print(f"warning: {self._folder / name} is not as this run wrote it; it is "
          f"kept as {kept}", file=sys.stderr, flush=True)

  def _read_manifest(self):
    """Returns `(names and SHA-256s or None, whether a run has noted any)`."""
    file = manifest.Manifest(self._folder)
    try:
      written = file.read()
    except (OSError, ValueError) as error:
      if not _is_config(self._folder / "config.json"):
        raise errors.UsageError(
            f"{file.path}: expected the list of what a run wrote. Received "
            f"what is none ({error}). Choose another --logdir, or move it "
            "elsewhere") from error
      self._damage = error
      return None, True
    return written, bool(written)

  def _refuse_link(self, name):
    with contextlib.suppress(FileNotFoundError):
      mode = os.lstat(self._folder / name).st_mode
      is_folder = name in FOLDERS
      if not (stat.S_ISDIR(mode) if is_folder else stat.S_ISREG(mode)):
        raise errors.UsageError(
            f"{self._folder / name}: expected a "
            f"{'folder' if is_folder else 'file'} of the run. Received "
            f"{'a link' if stat.S_ISLNK(mode) else 'something else'}")

  def _exists(self, name):
    return os.path.lexists(self._folder / name)

  def _digest(self, name):
    try:
      return manifest.digest_of(documents.read_bytes(self._folder / name))
    except (OSError, ValueError):
      return None

  def _below(self):
    for folder in FOLDERS:
      yield from files_below(self._folder / folder)


def files_below(folder):
  """Yields the paths of all but folders in and below a folder; of no link."""
  if not os.path.islink(folder):
    for below, folders, names in os.walk(folder):
      for name in (*names, *folders):
        path = folder / below / name
        if name in names or path.is_symlink():
          yield path


def remove_own_files(folder):
  """Removes the files of a run in and below one of its `FOLDERS`.

  Folders that are left empty go too; all else stays.

  Args:
    folder: `pathlib.Path`, in the run directory.
  """
  for path in list(files_below(folder)):
    if _is_own_below(folder.parent, path):
      storage.remove(path)
  if not os.path.islink(folder):
    for below, _, _ in os.walk(folder, topdown=False):
      with contextlib.suppress(OSError):
        os.rmdir(below)


def _is_own_below(directory, path):
  """Tells whether a file in one of `FOLDERS` is the program's."""
  if not _BELOW.fullmatch(path.relative_to(directory).as_posix()):
    return False
  if path.is_symlink() or not path.is_file():
    return False
  return path.suffix != ".npz" or not sealed.is_foreign(path)


def _is_config(path):
  """Tells whether a file is the config.json of a run of some program."""
  try:
    config = documents.read_json(path)
  except (OSError, ValueError):
    return False
  if not isinstance(config, dict) or "seed" not in config:
    return False
  return "program" in config or {"dataset", "model"} <= set(config)


def _is_summed(folder):
  """Tells whether there is a result.json, with its SHA-256 in SHA256SUMS."""
  try:
    digest = manifest.digest_of(documents.read_bytes(folder / "result.json"))
    sums = documents.read_bytes(folder / "SHA256SUMS")
  except (OSError, ValueError):
    return False
  return f"{digest}  result.json\n".encode() in sums

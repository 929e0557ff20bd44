"""The run directory: who owns it, and what it holds.

    config.json       all that determines the result
    environment.json  versions, machine, revision, paths
    metrics.csv       a row an epoch
    label_kinds.csv   accuracy on each kind of training labels
    test_halves.csv   accuracy on each half of the test set
    measures.csv      measures of the network, along training
    staleness.csv     of asynchronous workers, along training
    examples.npz      each training example's margins: `examples`
    tensorboard/      the same for TensorBoard, with images and HParams
    checkpoints/      what a stopped run goes on from
    MANIFEST          of each file beside it, what it was when it was written
    SHA256SUMS        of config.json, result.json and the tables, once done
    result.json       written last: the run is done
    workers.key       while workers come together: `distributed.secret`

A run that was extended also has its earlier result; see `extension`.
"""

import contextlib
import errno
import fcntl
import json
import os
import stat

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.runs import contents as contents_lib
from rethink_tf.runs import extension
from rethink_tf.runs import manifest as manifest_lib
from rethink_tf.runs import ownership
from rethink_tf.runs import results
from rethink_tf.runs import storage

METRICS_COLUMNS = (
    "epoch", "step", "learning_rate", "train_loss", "train_accuracy",
    "test_loss", "test_accuracy", "images_per_second", "seconds",
)
# With the weights fixed, where some labels are corrupted and some are not.
LABEL_KINDS_COLUMNS = ("epoch", "step", *results.LABEL_KINDS)
TEST_HALVES_COLUMNS = ("epoch", "step", *results.TEST_HALVES)
STALENESS_COLUMNS = ("epoch", "step", *results.STALENESS)
WORKERS_KEY = "workers.key"
# Of config.json, what is known once the data is loaded.
_FOUND = {"label_hash", "dataset_fingerprint"}
# A process writes no more into its lock than its number.
_LONGEST_LOCK = 20
_SUMS = "SHA256SUMS"
_SUMMED = ("config.json", "metrics.csv", "result.json")
_SUMMED_WHERE_THERE = (
    "label_kinds.csv", "test_halves.csv", "measures.csv", "staleness.csv")
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class RunDirectory:
  """A directory that this process owns.

  Attributes:
    path: its `pathlib.Path`.
  """

  def __init__(self, path):
    self.path = path
    self._manifest = manifest_lib.Manifest(path)
    self._identity = None

  @property
  def identity(self):
    """What identifies the run, and is in its checkpoints: text.

    The SHA-256 of the config that it was begun with, whatever has become of the
    file since; for who does not begin runs, of config.json as it is.
    """
    return self._identity or _identify(self.recorded_config())

  @property
  def checkpoints(self):
    return self.path / "checkpoints"

  @property
  def tensorboard(self):
    return self.path / "tensorboard"

  def result(self):
    """Returns result.json as a dict, or None where the run is not done.

    Raises:
      StorageError: a file of the finished run is damaged.
    """
    return read_result(self.path)

  def recorded_config(self):
    """Returns config.json as a dict, or None where no run has begun."""
    return read_json(self.path / "config.json")

  def begin(self, config, environment, overwrite, extend=False):
    """Records what is about to run, after removing what must not go on.

    Args:
      config: what config.json will hold.
      environment: what environment.json will hold.
      overwrite: whether to remove an earlier run.
      extend: whether to go on with a run of fewer epochs, and keep its result.

    Returns:
      The name of the file that now holds the shorter run's result, or None.

    Raises:
      UsageError: the directory holds a run of another config, or what no run
        wrote.
      StorageError: it holds a run that has lost its config.json.
    """
    contents = contents_lib.Contents(self.path)
    contents.refuse_strangers()
    if overwrite or self._is_new(contents):
      contents.keep_changed()
      self.clear()
    else:
      self.refuse_changes(config, extend)
      contents.keep_changed()
    self._identity = _identify(config)
    for folder in (self.path, self.checkpoints):
      storage.remove_leftovers(folder)
    self._manifest.restart(contents.noted())
    kept, recorded = None, self.recorded_config()
    if recorded and extension.is_longer(recorded, config):
      kept = extension.keep(self.path, recorded["epochs"], self._write)
    self._write("config.json", storage.json_text(config))
    self._write("environment.json", storage.json_text(environment))
    return kept

  def earlier_result(self, config, resume, overwrite, extend=False):
    """Returns the result of the same run, done before, or None.

    Args:
      config: what config.json will hold, or a part of it.
      resume: whether an earlier run may be gone on with.
      overwrite: whether it will be replaced.
      extend: whether one of fewer epochs may be gone on with.

    Raises:
      UsageError: the directory holds a run that is not to be touched, or none
        to extend.
      StorageError: a file of the finished run is damaged.
    """
    contents = contents_lib.Contents(self.path)
    if overwrite or self._is_new(contents):
      contents.refuse_strangers()
      if extend and not overwrite:
        raise errors.UsageError(
            "--extend: expected a --logdir with the run to extend. Received: "
            f"{self.path}, which holds none")
      return None
    if not resume:
      raise errors.UsageError(
          f"--noresume: {self.path} holds a run. Choose another --logdir, or "
          "--overwrite to start anew")
    if not contents.is_as_written("config.json"):
      raise errors.StorageError(
          f"{self.path / 'config.json'} is damaged: not as this run wrote it; "
          "--overwrite starts the run anew")
    self.refuse_changes(config, extend)
    result = self.result()
    if extension.is_longer(self.recorded_config(), config):
      if result and not any(self.checkpoints.glob("step-*")):
        raise errors.UsageError(
            f"--extend: {self.path} has no checkpoint to go on from. Choose "
            "another --logdir to train from the start")
      result = None
    if result is None:
      contents.refuse_strangers()
    return result

  def _is_new(self, contents):
    """Tells whether no run was begun.

    Raises:
      StorageError: one was, and has lost its config.json.
    """
    if contents.is_config_lost():
      raise errors.StorageError(
          f"{self.path / 'config.json'} is missing, and {self.path} holds a "
          "run; --overwrite starts it anew")
    return not contents.is_begun or self.recorded_config() is None

  def refuse_changes(self, config, extend=False):
    """Refuses values that differ from those of the run in this directory.

    A field that a config does not use is not in it: one that is recorded and
    not given differs as much as one that is given and not recorded.

    Args:
      config: what config.json will hold, or that without `_FOUND`.
      extend: whether more epochs are no change, or fewer of a run that is
        not done.

    Raises:
      UsageError: some differ; it says which.
    """
    recorded = self.recorded_config() or config
    names = dict.fromkeys([*config, *(
        name for name in recorded if name not in _FOUND)])
    changed = {
        name: f"{name} was {recorded.get(name)!r} and is {config.get(name)!r}"
        for name in names if recorded.get(name) != config.get(name)}
    in_epochs = list(changed) == ["epochs"]
    is_longer = in_epochs and extension.is_longer(recorded, config)
    is_cut = in_epochs and extension.is_cut(self.path, recorded, config)
    if changed and not (extend and (is_longer or is_cut)):
      kept = extension.mention(self.path, config["epochs"]) if in_epochs else ""
      raise errors.UsageError(
          f"{self.path} holds a run with other settings: "
          f"{'; '.join(changed.values())}. {kept}Choose another --logdir, "
          f"{'--extend to go on, ' * (is_longer or is_cut)}or --overwrite to "
          "start anew")

  def clear(self):
    """Removes what an earlier run wrote, and nothing else."""
    for name in contents_lib.FOLDERS:
      remove_files(self.path / name)
    for kept in extension.kept_files(self.path):
      storage.remove(kept)
    for name in contents_lib.FILES:
      storage.remove(self.path / name)

  def write_preview(self, content):
    """Writes preview.png, from bytes.

    Raises:
      UsageError: there is one that the program did not write.
    """
    if not contents_lib.Contents(self.path).is_own_preview():
      raise errors.UsageError(
          f"{self.path / contents_lib.PREVIEW} is none that this program "
          "wrote. Choose another --logdir, or move it elsewhere")
    self.write_file(contents_lib.PREVIEW, content)

  def write_metrics(self, rows, columns=METRICS_COLUMNS):
    """Writes the tables of epochs anew, None for what was not measured.

    Args:
      rows: a dict a row, with the columns of metrics.csv, and those of
        label_kinds.csv, test_halves.csv and staleness.csv where they were
        measured; those of measures.csv as a dict "measures", where they were.
      columns: those of metrics.csv, where it is not a training run's.
    """
    self._write("metrics.csv", storage.csv_text(columns, rows))
    for name, part in (
        ("label_kinds.csv", LABEL_KINDS_COLUMNS),
        ("test_halves.csv", TEST_HALVES_COLUMNS),
        ("staleness.csv", STALENESS_COLUMNS)):
      # All rows of such a table have a number in this column.
      some = [row for row in rows if row.get(part[-2]) is not None]
      if some:
        self._write(name, storage.csv_text(part, some))
    self._write_measures([row for row in rows if row.get("measures")])

  def _write_measures(self, rows):
    if not rows:
      return
    # A run that another version began may have fewer of them at first.
    names = dict.fromkeys(name for row in rows for name in row["measures"])
    self._write("measures.csv", storage.csv_text(
        ("epoch", "step", *names),
        [{**row, **row["measures"]} for row in rows]))

  def write_result(self, values):
    """Writes SHA256SUMS, in the format of `sha256sum`, and result.json."""
    text = storage.json_text(values)
    contents = {"result.json": text.encode()}
    for name in {*_SUMMED, *_SUMMED_WHERE_THERE} - {"result.json"}:
      if name in _SUMMED or (self.path / name).exists():
        contents[name] = (self.path / name).read_bytes()
    self._write(_SUMS, "".join(
        f"{manifest_lib.digest_of(contents[name])}  {name}\n"
        for name in sorted(contents)))
    self._write("result.json", text)

  def write_file(self, name, content):
    """Writes one of a run's files at the top, from bytes."""
    self._manifest.add(name, content)
    storage.write_bytes(self.path / name, content)

  def _write(self, name, text):
    self.write_file(name, text.encode())


class _ReadOnlyDirectory(RunDirectory):
  """One that cannot be written, whose run is done: good for its result alone.

  Args:
    path: its `pathlib.Path`.
    refusal: the `UsageError` for all else.
  """

  def __init__(self, path, refusal):
    super().__init__(path)
    self._refusal = refusal

  def earlier_result(self, config, resume, overwrite, extend=False):
    result = super().earlier_result(config, resume, overwrite, extend)
    if result is None:
      raise self._refusal
    return result


def remove_files(folder):
  """Removes a run's files in and below a folder of it, as `contents` knows."""
  contents_lib.remove_own_files(folder)


@contextlib.contextmanager
def claim(path, show_done=False):
  """Owns a run directory, made where absent, until the block is left.

  A directory in which the block has written nothing is gone afterwards, if it
  was made here.

  Args:
    path: `pathlib.Path`.
    show_done: whether a run that is done may be where nothing can be written;
      `earlier_result` then raises where it has none to return.

  Yields:
    A `RunDirectory`.

  Raises:
    UsageError: the directory cannot be made or written, or another process
      owns it.
  """
  missing = [p for p in (path, *path.parents) if not os.path.exists(p)]
  made = not os.path.exists(path / ownership.LOCK)
  try:
    path.mkdir(parents=True, exist_ok=True)
    lock = _open_lock(path, os.O_RDWR | os.O_CREAT)
  except OSError as error:
    _remove_empty(missing)
    refusal = errors.UsageError(
        f"--logdir: expected a folder that can be written. Received: {path} "
        f"({error.strerror})")
    if not show_done or error.errno not in _READ_ONLY or not os.path.exists(
        path / "result.json"):
      raise refusal from error
    yield _ReadOnlyDirectory(path, refusal)
    return
  with lock:
    _own(lock, path)
    with ownership.hold(path, lock):
      try:
        yield RunDirectory(path)
      finally:
        if made and ownership.is_own(path) and [
            p.name for p in path.iterdir()] == [ownership.LOCK]:
          (path / ownership.LOCK).unlink()
          _remove_empty(missing)


def _open_lock(path, flags):
  """Opens the lock of a run directory, which is no link and can be waited for.

  Raises:
    OSError: it cannot be opened.
    UsageError: it is none.
  """
  file = path / ownership.LOCK
  try:
    descriptor = os.open(
        file, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
  except OSError as error:
    if error.errno != errno.ELOOP:
      raise
    raise errors.UsageError(
        f"{file}: expected a run's lock. Received a link") from error
  found = os.fstat(descriptor)
  if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_LOCK:
    os.close(descriptor)
    raise errors.UsageError(
        f"{file}: expected a run's lock. Received what is none")
  mode = "r" if flags == os.O_RDONLY else "r+"
  return os.fdopen(descriptor, mode, encoding="utf-8", errors="replace")


def _own(lock, path):
  """Locks the open lock file, or refuses; the kernel unlocks at any exit."""
  try:
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    # Its owner may have removed it since it was opened here.
    held = ownership.is_at(lock, path)
  except OSError:
    held = False
  if not held:
    lock.seek(0)
    raise errors.UsageError(
        f"--logdir: {path} is in use by process {lock.read().strip()}")
  lock.truncate(0)
  lock.write(str(os.getpid()))
  lock.flush()


def owner(path):
  """Returns the process that owns a run directory, as text; None where none.

  Args:
    path: `pathlib.Path`, which need not exist.
  """
  try:
    lock = _open_lock(path, os.O_RDONLY)
  except (OSError, errors.UsageError):
    return None
  with lock:
    try:
      fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
      return lock.read().strip() or "unknown"
  return None


def _identify(config):
  """Returns the SHA-256 of a config, or None of none.

  But for how many epochs a training is to have: the longer run goes on from the
  shorter one's checkpoints.
  """
  if config is None:
    return None
  text = json.dumps(extension.without_epochs(config), sort_keys=True)
  return manifest_lib.digest_of(text.encode())


def _remove_empty(folders):
  for folder in folders:
    with contextlib.suppress(OSError):
      folder.rmdir()


def read_json(path):
  """Returns a run directory's JSON file as a dict, or None where absent.

  Raises:
    StorageError: the file is damaged.
  """
  try:
    content = documents.read_json(path)
    if not isinstance(content, dict):
      raise ValueError("it holds no object")
    return content
  except FileNotFoundError:
    return None
  except (OSError, ValueError) as error:
    raise errors.StorageError(
        f"{path} is damaged ({error}); --overwrite starts the run anew"
    ) from error


def read_result(directory):
  """Returns a run's result.json as a dict, or None where it is not done.

  Args:
    directory: `pathlib.Path` of the run directory.

  Raises:
    StorageError: config.json, metrics.csv or result.json is damaged. Where
      SHA256SUMS is missing, only what does not parse is found.
  """
  result = read_json(directory / "result.json")
  if result is not None:
    _check_sums(directory)
  return result


def _check_sums(directory):
  text = _read_where_there(directory / _SUMS)
  if text is None:
    return
  sums = {name: expected for expected, _, name in (
      line.partition("  ")
      for line in text.decode(errors="replace").splitlines())}
  if set(sums) - set(_SUMMED_WHERE_THERE) != set(_SUMMED):
    raise errors.StorageError(
        f"{directory / _SUMS} is damaged; without it the run is not checked")
  for name, expected in sums.items():
    content = _read_where_there(directory / name)
    if content is None or manifest_lib.digest_of(content) != expected:
      raise errors.StorageError(
          f"{directory / name} is damaged or missing, or {_SUMS} is damaged; "
          "--overwrite starts the run anew")


def _read_where_there(path):
  """Returns a file's bytes, or None where absent."""
  try:
    return documents.read_bytes(path)
  except FileNotFoundError:
    return None
  except (OSError, ValueError) as error:
    raise errors.StorageError(f"{path} is damaged ({error})") from error

"""The run directory: who owns it, what it holds, and how to load it.

    config.json       all that determines the result
    environment.json  versions, machine, revision, paths
    metrics.csv       a row an epoch
    tensorboard/      the same for TensorBoard, with images and HParams
    checkpoints/      what a stopped run goes on from
    result.json       written last: the run is done
"""

import contextlib
import csv
import dataclasses
import fcntl
import io
import json
import os
import pathlib

from rethink_tf import errors
from rethink_tf import storage

METRICS_COLUMNS = (
    "epoch", "step", "learning_rate", "train_loss", "train_accuracy",
    "test_loss", "test_accuracy", "images_per_second", "seconds",
)
# What a run writes; nothing else in the directory is ever removed.
_OWN_FILES = ("config.json", "environment.json", "metrics.csv", "result.json")
_OWN_FOLDERS = ("tensorboard", "checkpoints")
_LOCK = "lock"


class RunDirectory:
  """A directory that this process owns.

  Attributes:
    path: its `pathlib.Path`.
  """

  def __init__(self, path):
    self.path = path

  @property
  def checkpoints(self):
    return self.path / "checkpoints"

  @property
  def tensorboard(self):
    return self.path / "tensorboard"

  def result(self):
    """Returns result.json as a dict, or None where the run is not done."""
    return _read_json(self.path / "result.json")

  def recorded_config(self):
    """Returns config.json as a dict, or None where no run has begun."""
    return _read_json(self.path / "config.json")

  def clear(self):
    """Removes what an earlier run wrote, and nothing else."""
    for name in _OWN_FILES:
      (self.path / name).unlink(missing_ok=True)
    for name in _OWN_FOLDERS:
      remove_files(self.path / name)

  def write_config(self, values):
    storage.write_json(self.path / "config.json", values)

  def write_environment(self, values):
    storage.write_json(self.path / "environment.json", values)

  def write_metrics(self, rows):
    """Writes metrics.csv anew: a dict a row, None for what was not measured."""
    text = io.StringIO()
    writer = csv.DictWriter(text, METRICS_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    storage.write_text(self.path / "metrics.csv", text.getvalue())

  def write_result(self, values):
    storage.write_json(self.path / "result.json", values)


def remove_files(folder):
  """Removes the plain files in and below a folder, and folders left empty."""
  for below, _, names in os.walk(folder, topdown=False):
    for name in names:
      os.unlink(os.path.join(below, name))
    with contextlib.suppress(OSError):
      os.rmdir(below)


@contextlib.contextmanager
def claim(path):
  """Owns a run directory, made where absent, until the block is left.

  A directory in which the block has written nothing is gone afterwards, if it
  was made here.

  Args:
    path: `pathlib.Path`.

  Yields:
    A `RunDirectory`.

  Raises:
    UsageError: the directory cannot be made or written, or another process
      owns it.
  """
  missing = [p for p in (path, *path.parents) if not p.exists()]
  try:
    path.mkdir(parents=True, exist_ok=True)
    lock = open(path / _LOCK, "a+", encoding="utf-8")
  except OSError as error:
    _remove_empty(missing)
    raise errors.UsageError(
        f"--logdir: expected a folder that can be written. Received: {path} "
        f"({error.strerror})") from error
  with lock:
    try:
      fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      lock.seek(0)
      raise errors.UsageError(
          f"--logdir: {path} is in use by process {lock.read().strip()}"
      ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    try:
      yield RunDirectory(path)
    finally:
      if missing and [p.name for p in path.iterdir()] == [_LOCK]:
        (path / _LOCK).unlink()
        _remove_empty(missing)


def _remove_empty(folders):
  for folder in folders:
    with contextlib.suppress(OSError):
      folder.rmdir()


def _read_json(path):
  try:
    return json.loads(path.read_text(encoding="utf-8"))
  except FileNotFoundError:
    return None
  except (OSError, ValueError) as error:
    raise errors.UsageError(
        f"{path} is damaged ({error}); --overwrite starts the run anew"
    ) from error


@dataclasses.dataclass(frozen=True)
class Run:
  """A run as `load_run` returns it.

  Attributes:
    config: config.json as a dict.
    result: result.json as a dict, or None while the run is not done.
    metrics: metrics.csv as a `pandas.DataFrame` indexed by epoch.
  """

  config: dict
  result: dict | None
  metrics: "pandas.DataFrame"


def load_run(directory):
  """Loads a run directory, for a notebook.

  Args:
    directory: path of a run directory.

  Returns:
    A `Run`.

  Raises:
    FileNotFoundError: the directory holds no run.
    UsageError: a file in it is damaged.
  """
  # Imported here so that a training run does not wait for it.
  import pandas as pd  # pylint: disable=g-import-not-at-top

  directory = pathlib.Path(directory)
  config = _read_json(directory / "config.json")
  if config is None:
    raise FileNotFoundError(f"{directory} holds no config.json: not a run")
  metrics = pd.read_csv(directory / "metrics.csv", index_col="epoch")
  return Run(config, _read_json(directory / "result.json"), metrics)

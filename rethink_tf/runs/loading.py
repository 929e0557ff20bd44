"""A run directory as dicts and data frames."""

import dataclasses
import io
import pathlib
import typing

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.runs import directory as run_directory

if typing.TYPE_CHECKING:
  import pandas as pd

# Of label_kinds.csv, where "corrupted" were all labels drawn, those too that
# were drawn to be what they were.
_EARLIER_LABEL_KINDS = (
    "epoch", "step", "corrupted_accuracy", "untouched_accuracy")


@dataclasses.dataclass(frozen=True)
class Run:
  """A run as `load_run` returns it.

  Attributes:
    directory: `pathlib.Path` of the run directory.
    config: config.json as a dict.
    result: result.json as a dict, or None while the run is not done.
    metrics: metrics.csv as a `pandas.DataFrame`; of a training run indexed by
      epoch.
    label_kinds: label_kinds.csv likewise, or None where a run has none. In
      one of an earlier version, which did not tell drawn labels apart, only
      "untouched_accuracy" and "drawn_accuracy" have numbers.
    test_halves: test_halves.csv likewise, or None where a run has none.
  """

  directory: pathlib.Path
  config: dict
  result: dict | None
  metrics: "pd.DataFrame"
  label_kinds: "pd.DataFrame | None" = None
  test_halves: "pd.DataFrame | None" = None

  def curve(self, name):
    """Returns a column of the metrics where it was measured.

    A line through it has no holes, as it has through a column of `metrics` of
    a run with --eval_every.

    Args:
      name: of the column, such as "test_accuracy".

    Returns:
      A `pandas.Series`; of a training run indexed by epoch.
    """
    return self.metrics[name].dropna()


def load_run(directory):
  """Loads a run directory.

  Args:
    directory: path of a run directory.

  Returns:
    A `Run`.

  Raises:
    FileNotFoundError: the directory holds no run.
    StorageError: a file in it is damaged.
  """
  directory = pathlib.Path(directory)
  config = run_directory.read_json(directory / "config.json")
  if config is None:
    raise FileNotFoundError(f"{directory} holds no config.json: not a run")
  result = run_directory.read_result(directory)
  # A program other than train has columns of its own.
  columns = None if "program" in config else run_directory.METRICS_COLUMNS
  kinds, halves = (
      directory / name for name in ("label_kinds.csv", "test_halves.csv"))
  return Run(
      directory, config, result,
      _read_table(directory / "metrics.csv", columns),
      _read_label_kinds(kinds) if kinds.exists() else None,
      _read_table(halves, run_directory.TEST_HALVES_COLUMNS)
      if halves.exists() else None)


def runs_below(folder):
  """Loads all finished runs below a folder as one table.

  Args:
    folder: path of a folder.

  Returns:
    A `pandas.DataFrame`, a row a run in the order of their paths: "directory",
    and what is in config.json and result.json; of what is in both, such as
    "epochs", the result's. Runs that are not done are not in it.

  Raises:
    FileNotFoundError: there is no such folder.
    StorageError: a file of a run is damaged.
  """
  import pandas as pd  # noqa: PLC0415

  folder = pathlib.Path(folder)
  if not folder.is_dir():
    raise FileNotFoundError(f"{folder} is no folder")
  runs = [load_run(file.parent) for file in sorted(
      folder.rglob("config.json"))]
  return pd.DataFrame([
      {"directory": str(run.directory), **run.config, **run.result}
      for run in runs if run.result is not None])


def _read_label_kinds(path):
  columns = run_directory.LABEL_KINDS_COLUMNS
  table = _read_table(path, columns, _EARLIER_LABEL_KINDS)
  if tuple(table.reset_index().columns) == _EARLIER_LABEL_KINDS:
    table = table.rename(columns={"corrupted_accuracy": "drawn_accuracy"})
  return table.reindex(columns=columns[1:])


def _read_table(path, *columns):
  """Reads a table; columns: which it may have, tuples, or None for any."""
  # Imported here so that a training run does not wait for it.
  import pandas as pd  # noqa: PLC0415

  try:
    table = pd.read_csv(io.BytesIO(documents.read_bytes(path)))
    if columns == (None,):
      return table
    if tuple(table.columns) not in columns:
      raise ValueError(f"its columns are {', '.join(table.columns)}")
    return table.set_index("epoch").astype(float)
  except FileNotFoundError:  # Nothing has been measured yet.
    return pd.DataFrame(columns=columns[0])
  except (OSError, ValueError) as error:
    raise errors.StorageError(f"{path} is damaged ({error})") from error

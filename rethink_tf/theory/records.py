"""A run's rows, and what else its result says of itself."""

import csv

import numpy as np

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.data import preprocessing
from rethink_tf.data import randomization
from rethink_tf.runs import environment


def load(config, data_dir, corruption, count):
  """Loads a dataset, and its first examples with the labels to fit.

  Args:
    config: has the dataset's name and the seed.
    data_dir: where to look, or None.
    corruption: probability that a label becomes a random class.
    count: how many training examples; 0: all.

  Returns:
    `(data, train)`: the `Dataset`, and a `Split`.
  """
  data = datasets.load(config.dataset, data_dir)
  return data, randomization.corrupt_training_labels(
      data, count, corruption, config.seed)


def pixels(split):
  """Returns the central 28x28 pixels, 0 to 255: uint8 `(n, 2352)`.

  Not standardized as for training: images that differ only in brightness and
  contrast would become one point, and integers are projected exactly.
  """
  cropped = preprocessing.center_crop(split.images)
  return cropped.reshape(len(split), -1)


def begin(directory, config, options, deterministic=None, **identity):
  """Records what is about to run; keeps the checkpoints of the same run.

  Args:
    directory: the `RunDirectory`, claimed.
    config, options: as parsed.
    deterministic: whether TensorFlow is, or None where it makes no difference.
    **identity: what else config.json says, such as the data's fingerprint.

  Raises:
    UsageError: the directory holds a run of another config.
  """
  directory.begin(
      {**config.as_dict(), **identity},
      environment.describe(options, deterministic), options.overwrite)


def finish(directory, rows, result):
  """Writes metrics.csv and result.json; returns the result.

  Args:
    directory: the `RunDirectory`.
    rows: a list of dicts with the same keys, at least one.
    result: what result.json holds.
  """
  directory.write_metrics(rows, tuple(rows[0]))
  directory.write_result(result)
  return result


def read_rows(path):
  """Returns the rows of a run directory's metrics.csv: dicts, numbers as such.

  Args:
    path: `pathlib.Path` of the run directory.

  Raises:
    StorageError: the file cannot be read.
  """
  try:
    with (path / "metrics.csv").open(encoding="utf-8", newline="") as file:
      return [{name: _value(text) for name, text in row.items()}
              for row in csv.DictReader(file)]
  except (OSError, UnicodeDecodeError) as error:
    raise errors.StorageError(f"{path}/metrics.csv: {error}") from error


def _value(text):
  for kind in (int, float):
    try:
      return kind(text)
    except ValueError:
      continue
  return text or None


def share_equal(outputs, labels):
  """Returns the share of outputs whose nearest integer is the label."""
  return float(np.mean(np.rint(outputs) == labels))

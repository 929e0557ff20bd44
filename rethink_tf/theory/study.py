"""What the theory's programs do alike, from a config to result.json.

Each has a function `run` of a `Study`. It loads its data, begins the run, adds
a row for each thing that it measures, and returns what result.json says of
them.
"""

import contextlib
import time

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.data import preprocessing
from rethink_tf.data import randomization
from rethink_tf.runs import environment
from rethink_tf.runs import usage
from rethink_tf.theory import trajectory
from rethink_tf.training import determinism


class Study:
  """A run, as the program that makes it sees it.

  Attributes:
    config: the program's config, of `flags.theory`.
    options: the `Options`.
    directory: the `RunDirectory`, claimed.
    rows: those of metrics.csv so far, dicts with the same keys.
  """

  def __init__(self, config, options, directory):
    self.config = config
    self.options = options
    self.directory = directory
    self.rows = []
    self._deterministic = None  # Where nothing is trained, it does not matter.

  def make_deterministic(self):
    """Makes TensorFlow repeat itself, where the options ask for it."""
    self._deterministic = determinism.configure(self.options)

  def load(self, corruption, count):
    """Loads the config's dataset, and its first examples with labels to fit.

    Args:
      corruption: probability that a label becomes a random class.
      count: how many training examples; 0: all.

    Returns:
      `(data, train)`: the `Dataset`, and a `Split`.

    Raises:
      DataError: the data cannot be had.
    """
    data = datasets.load(self.config.dataset, self.options.data_dir)
    return data, randomization.corrupt_training_labels(
        data, count, corruption, self.config.seed, self.config.label_noise,
        self.config.labels_file)

  def begin(self, **identity):
    """Records what is about to run; keeps the checkpoints of the same run.

    Args:
      **identity: what config.json says besides the config, such as the data's
        fingerprint.

    Raises:
      UsageError: the directory holds a run of another config.
    """
    self.directory.begin(
        {**self.config.as_dict(), **identity},
        environment.describe(self.options, self._deterministic),
        self.options.overwrite)

  def add(self, *rows):
    """Adds rows to metrics.csv, all of the same keys."""
    self.rows.extend(rows)
    self.directory.write_metrics(self.rows, tuple(self.rows[0]))

  def train(self, name, model, settings, split, measure, enough=None):
    """Trains a model by `trajectory.train`; what is done stays done.

    Args:
      name: of the folder of its checkpoints: one a model.
      model, settings, split, measure, enough: as for `trajectory.train`.

    Returns:
      What was measured, a dict from name to array.
    """
    return trajectory.train(
        model, settings, split, self.directory.checkpoints / name, measure,
        enough=enough, minutes=self.options.checkpoint_minutes,
        run=f"{self.directory.identity} {name}")

  @contextlib.contextmanager
  def refuse_points(self):
    """Makes of a construction's ValueError, in the block, a DataError."""
    try:
      yield
    except ValueError as error:
      raise errors.DataError(f"{self.config.dataset}: {error}") from error


def conduct(run, config, options, directory):
  """Makes one run, and writes its result.json.

  Args:
    run: a function of a `Study` that returns the program's numbers, a dict as
      JSON can hold it.
    config, options: as parsed.
    directory: the `RunDirectory`, claimed.

  Returns:
    The dict of result.json.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  started = time.perf_counter()
  numbers = run(Study(config, options, directory))
  result = {
      "status": "done",
      **numbers,
      "peak_memory_gb": round(usage.peak_memory_gb(), 3),
      "wall_seconds": round(time.perf_counter() - started, 3),
      "seed": config.seed,
  }
  directory.write_result(result)
  return result


def pixels(split):
  """Returns the central 28x28 pixels, 0 to 255: uint8 `(n, 2352)`.

  Not standardized as for training: images that differ only in brightness and
  contrast would become one point, and integers are projected exactly.
  """
  cropped = preprocessing.center_crop(split.images)
  return cropped.reshape(len(split), -1)

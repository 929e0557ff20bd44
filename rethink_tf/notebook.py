"""Runs for a notebook: their numbers, labels and networks."""

import pathlib

from rethink_tf import errors
from rethink_tf.runs import examples
from rethink_tf.runs import loading

runs_below = loading.runs_below


class Run(loading.Run):
  """A run as `load_run` returns it; what it holds, `loading.Run` says."""

  def labels(self, data_dir=None):
    """Returns the labels that a training run was trained on.

    With --subset, also those of the examples that it was not shown. Nothing is
    downloaded.

    Args:
      data_dir: path of a TFDS data directory, the only one looked in; default:
        TFDS_DATA_DIR, or TFDS's own.

    Returns:
      A `randomization.Labels` of the training examples in their order: int32
      `(n,)` `true` and `assigned`, bool `(n,)` `drawn`, `changed` and `seen`.

    Raises:
      DataError: the dataset is not there, or not the one of the run.
      UsageError: another program than train made the run, or its labels were
        those of --labels_file.
      StorageError: another version did.
    """
    config = self._read_config()
    # Imported here: numbers need neither TensorFlow nor what flags need.
    from rethink_tf.training import trained  # noqa: PLC0415

    return trained.load_labels(
        config, self.config, data_dir and pathlib.Path(data_dir))

  def examples(self):
    """Returns what a training run with --record_examples recorded.

    Returns:
      An `examples.Examples` of the examples that it was trained on: `example`,
      which those are, float16 `(epochs, n)` `margins`, bool `(epochs, n)`
      `fitted`, int32 `(n,)` `fitted_since` and `forgotten`.

    Raises:
      StorageError: what was recorded is gone or damaged.
      UsageError: the run recorded nothing.
    """
    if not self.config.get("record_examples"):
      raise errors.UsageError(
          f"{self.directory}: expected a run of train with --record_examples. "
          "Received: one that recorded no examples")
    return examples.load(self.directory)

  def model(self):
    """Returns the network of a training run's last checkpoint.

    Its weights are the averages of the trained ones, where the run measured
    those. It takes images as data/preprocessing.py makes them, or, of ImageNet,
    data/imagenet/preprocessing.py.

    Returns:
      A `keras.Model`, not compiled, from float32 `(n, h, w, c)` to logits
      `(n, classes)`; with --aux_head, those of that head beside them.

    Raises:
      StorageError: the run has no checkpoint, or a damaged one, or was made by
        another version.
      UsageError: another program than train made the run.
    """
    config = self._read_config()
    from rethink_tf.training import trained  # noqa: PLC0415

    return trained.load_network(config, self.directory, self.result)

  def _read_config(self):
    from rethink_tf.flags import training as training_flags  # noqa: PLC0415

    if "program" in self.config:
      raise errors.UsageError(
          f"{self.directory}: expected a run of train. Received: one of "
          f"{self.config['program']}")
    try:
      return training_flags.read_config(self.config)
    except ValueError as error:
      raise errors.StorageError(
          f"{self.directory} was written by another version: {error}"
      ) from error


def load_run(directory):
  """Loads a run directory, for a notebook.

  Args:
    directory: path of a run directory.

  Returns:
    A `Run`.

  Raises:
    FileNotFoundError: the directory holds no run.
    StorageError: a file in it is damaged.
  """
  return Run(**vars(loading.load_run(directory)))

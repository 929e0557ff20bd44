"""The rows of metrics.csv, one an epoch."""

import math

import keras

from rethink_tf import errors
from rethink_tf.runs import results


class Recorder(keras.callbacks.Callback):
  """Turns an epoch's logs into a row, and stops at a loss that is not finite.

  Args:
    rows: the rows of earlier epochs, dicts with the columns of metrics.csv,
      None for what was not measured; each epoch adds one.
    directory: the `RunDirectory` to write them in.
    position: the `Position`.
    schedule: the learning rate as a function of the step.
    train_count: number of training examples.
    test: a function of an epoch's logs that measures what is due after it: a
      dict with the test set's "cross_entropy" and "accuracy", and with the
      accuracies of label_kinds.csv where some training labels are corrupted,
      and those of test_halves.csv and a dict of "measures" where they are
      recorded.
  """

  def __init__(self, rows, directory, position, schedule, train_count, test):
    super().__init__()
    self._rows = rows
    self._directory = directory
    self._position = position
    self._schedule = schedule
    self._train_count = train_count
    self._test = test

  def on_train_batch_end(self, batch, logs=None):
    self._refuse_infinite("loss", logs["loss"])

  def on_epoch_end(self, epoch, logs=None):
    tested = self._test(logs)
    self._refuse_infinite("test loss", tested.get("cross_entropy", 0))
    seconds = self._position.seconds()
    self._rows.append({
        "epoch": epoch + 1,
        "step": self._position.step,
        "learning_rate": self._rate(),
        "train_loss": logs["cross_entropy"],
        "train_accuracy": logs["accuracy"],
        "test_loss": tested.get("cross_entropy"),
        "test_accuracy": tested.get("accuracy"),
        "test_top5": tested.get("top5"),
        "images_per_second": round(self._train_count / seconds, 1),
        "seconds": round(seconds, 3),
        **{name: tested.get(name) for name in results.LABEL_KINDS},
        **{name: tested[name] for name in ("measures", *results.TEST_HALVES)
           if name in tested},
        **{name: logs[name] for name in results.STALENESS if name in logs},
    })
    self._directory.write_metrics(self._rows)

  def _refuse_infinite(self, name, loss):
    if not math.isfinite(loss):
      raise errors.DivergedError(
          f"the {name} is {loss} in {self._position}, at learning rate "
          f"{self._rate():.6g}")

  def _rate(self):
    """Returns the learning rate of the last step done."""
    rate = self._schedule(self._position.step - 1)
    return float(keras.ops.convert_to_numpy(rate))


def best(rows, column):
  """Returns the highest value of a column of the rows, or None."""
  # Rows of a checkpoint of an earlier version lack the newer columns.
  return max((row[column] for row in rows if row.get(column) is not None),
             default=None)


def epochs_to_fit(rows):
  """Returns when the running training accuracy first reached each level.

  Returns:
    A dict from "0.90", "0.95", "0.98" and "0.999" to an epoch, or None.
  """
  return {
      level: next((row["epoch"] for row in rows
                   if row["train_accuracy"] >= float(level)), None)
      for level in reversed(results.LEVELS)
  }

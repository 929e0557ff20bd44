"""The rows of metrics.csv, one an epoch."""

import math
import time

import keras

from rethink_tf import errors


class Recorder(keras.callbacks.Callback):
  """Turns an epoch's logs into a row, and stops at a loss that is not finite.

  Attributes:
    rows: a list of dicts with the columns of metrics.csv, None for what was
      not measured.

  Args:
    rows: the rows of earlier epochs.
    directory: the `RunDirectory` to write them in.
    schedule: the learning rate as a function of the step.
    steps: steps an epoch.
    train_count: number of training examples.
  """

  def __init__(self, rows, directory, schedule, steps, train_count):
    super().__init__()
    self.rows = rows
    self._directory = directory
    self._schedule = schedule
    self._steps = steps
    self._train_count = train_count
    self._epoch = 0
    self._start = self._seconds = None

  def on_epoch_begin(self, epoch, logs=None):
    self._epoch = epoch
    self._seconds = None
    self._start = time.perf_counter()

  def on_train_batch_end(self, batch, logs=None):
    if not math.isfinite(logs["loss"]):
      step = self._epoch * self._steps + batch
      raise errors.DivergedError(
          f"the loss is {logs['loss']} in epoch {self._epoch + 1}, step "
          f"{step + 1}, at learning rate {self._rate(step):.6g}")

  def on_test_begin(self, logs=None):
    self._stop_clock()

  def on_epoch_end(self, epoch, logs=None):
    self._stop_clock()
    step = (epoch + 1) * self._steps
    if not math.isfinite(logs.get("val_cross_entropy", 0)):
      raise errors.DivergedError(
          f"the test loss is {logs['val_cross_entropy']} after epoch "
          f"{epoch + 1}, step {step}, at learning rate "
          f"{self._rate(step - 1):.6g}")
    self.rows.append({
        "epoch": epoch + 1,
        "step": step,
        "learning_rate": self._rate(step - 1),
        "train_loss": logs["cross_entropy"],
        "train_accuracy": logs["accuracy"],
        "test_loss": logs.get("val_cross_entropy"),
        "test_accuracy": logs.get("val_accuracy"),
        "images_per_second": round(self._train_count / self._seconds, 1),
        "seconds": round(self._seconds, 3),
    })
    self._directory.write_metrics(self.rows)

  def _stop_clock(self):
    if self._seconds is None:
      self._seconds = time.perf_counter() - self._start

  def _rate(self, step):
    return float(keras.ops.convert_to_numpy(self._schedule(step)))


def best_test_accuracy(rows):
  """Returns the highest test accuracy of the rows, a fraction."""
  return max(row["test_accuracy"] for row in rows
             if row["test_accuracy"] is not None)


def epochs_to_fit(rows):
  """Returns when the running training accuracy first reached each level.

  Returns:
    A dict from "0.90", "0.95", "0.98" and "0.999" to an epoch, or None.
  """
  return {
      level: next((row["epoch"] for row in rows
                   if row["train_accuracy"] >= float(level)), None)
      for level in ("0.90", "0.95", "0.98", "0.999")
  }

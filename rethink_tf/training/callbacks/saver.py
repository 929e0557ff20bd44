"""When to save, and what: all that the rest of a run depends on."""

import time

import keras

from rethink_tf.training import checkpoints


class Saver(keras.callbacks.Callback):
  """Saves at each epoch's end, every so often within, and when asked to stop.

  Args:
    setting: the `Setting`; all of its team saves and stops after the same step.
    position: the `Position`.
    rows: the rows of the epochs done, which grow.
  """

  def __init__(self, setting, position, rows):
    super().__init__()
    self._directory = setting.directory
    self._clock = setting.clock
    self._stop = setting.stop
    self._interval = 60 * setting.checkpoint_minutes
    self._team = setting.team
    self._position = position
    self._rows = rows
    self._last = time.monotonic()

  def on_train_batch_end(self, batch, logs=None):
    self._stop.defer()
    self.save_if_due(logs)
    self.stop_if_asked(logs)

  def on_epoch_end(self, epoch, logs=None):
    self._save()
    if self.asked_to_stop():
      self._stop.check(self._position)

  def on_train_end(self, logs=None):
    self._stop.end_deferral()

  def asked_to_stop(self):
    """Returns whether a signal asked to stop, the same on all workers."""
    reason = self._team.first_reason(self._stop.reason)
    if reason and not self._stop.requested:
      self._stop.ask(reason)
    return reason is not None

  def save_if_due(self, logs):
    """Saves in an epoch if the last checkpoint is old.

    Args:
      logs: the epoch's training metrics so far.
    """
    if self._team.exchange(self.is_due())[0]:  # The chief's clock is all's.
      self._save(logs)

  def is_due(self):
    """Returns whether the last checkpoint is old."""
    return time.monotonic() - self._last >= self._interval

  def stop_if_asked(self, logs):
    """Saves in an epoch and stops the run, if a signal asked for it.

    Args:
      logs: the epoch's training metrics so far.

    Raises:
      StoppedError: a signal came, to this worker or to another.
    """
    if self.asked_to_stop():
      self._save(logs)
      self._team.exchange(None)  # Until the chief's file is written.
      self._stop.check(self._position)

  def _save(self, logs=None):
    """Saves; `logs` only in an epoch that has no row yet."""
    arrays = checkpoints.collect(self.model, self._position)
    saved = {"rows": self._rows, "wall_seconds": self._clock.seconds()}
    if logs is not None:
      arrays.update(self._team.gather_epoch(self.model))
      saved["epoch"] = {
          "batch": self._position.batch,
          "seconds": self._position.seconds(),
          "logs": {name: float(value) for name, value in logs.items()},
      }
    if self._team.is_chief:
      checkpoints.save(
          self._directory.checkpoints, self._position.step, arrays, saved,
          self._directory.identity)
    self._last = time.monotonic()

"""Where training stands: epoch, batch, step, and the epoch's seconds."""

import time

import keras


class Position(keras.callbacks.Callback):
  """Counts for the other callbacks, and so comes first among them.

  Keras counts batches from 0 in each call of `fit`, also in one that goes on
  in the middle of an epoch.

  Attributes:
    steps: batches an epoch.
    epoch: the epoch, from 0.
    batch: how many of its batches are done.

  Args:
    steps: batches an epoch.
    epoch: the epoch to start in.
    batch: how many of its batches were done before.
    seconds: how long they took.
  """

  def __init__(self, steps, epoch=0, batch=0, seconds=0.0):
    super().__init__()
    self.steps = steps
    self.epoch = epoch
    self.batch = batch
    self._seconds = seconds
    self._start = None

  @property
  def step(self):
    """Steps done since the start of training."""
    return self.epoch * self.steps + self.batch

  def seconds(self):
    """Returns how long the epoch's batches so far took; not its test."""
    running = time.perf_counter() - self._start if self._start else 0.0
    return self._seconds + running

  def __str__(self):
    return f"epoch {self.epoch + 1}, step {self.step}"

  def on_epoch_begin(self, epoch, logs=None):
    if epoch != self.epoch:
      self.epoch, self.batch, self._seconds = epoch, 0, 0.0
    self._start = time.perf_counter()

  def on_train_batch_end(self, batch, logs=None):
    self.batch += 1
    if self.batch == self.steps:
      self._seconds, self._start = self.seconds(), None

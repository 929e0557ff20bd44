"""Keras's `fit` by `compiled` programs, from where training stands."""

import keras

from rethink_tf.data import device
from rethink_tf.training import compiled


class Loop:
  """Trains, and calls after each program what `fit` calls after each step.

  Args:
    model: a `keras.Model`, compiled, its weights restored.
    task: the `Task`.
    setting: the `Setting`.
    position: the `Position`, first among the callbacks.
    callbacks: a list of `keras.callbacks.Callback`.
    saver: the `Saver` among them, which sees the model as it is after a program
      and no step before.
  """

  def __init__(self, model, task, setting, position, callbacks, saver):
    self._model = model
    self._task = task
    self._team = setting.team
    self._position = position
    self._callbacks = keras.callbacks.CallbackList(callbacks, model=model)
    self._at_batches = [one for one in callbacks if one is not saver]
    self._saver = saver
    self._pace = compiled.Pace()
    self._arrays = None

  def finish_epoch(self, restored):
    """Trains what is missing of the epoch in which a checkpoint was saved.

    Args:
      restored: what has the `arrays` of it.
    """
    self._arrays = restored.arrays
    self.fit(self._position.epoch + 1)

  def fit(self, epochs):
    """Trains to the end of so many epochs."""
    first = self._position.epoch + (
        self._position.batch == self._position.steps)
    compiled.build_metrics(self._model)
    self._model.stop_training = False
    self._callbacks.on_train_begin()
    for epoch in range(first, epochs):
      self._model.reset_metrics()
      self._callbacks.on_epoch_begin(epoch)
      if self._arrays:
        self._team.restore_epoch(self._model, self._arrays)
        self._arrays = None
      self._callbacks.on_epoch_end(epoch, self._run_epoch(epoch))
      if self._model.stop_training:
        break
    self._callbacks.on_train_end()

  def _run_epoch(self, number):
    """Trains to the end of an epoch; returns its metrics."""
    split, config = self._task.train, self._task.config
    position = self._position
    epoch = compiled.Epoch(
        split, device.training_plan(len(split), config, number),
        config.batch_size)
    logs = None
    while position.batch < position.steps:
      for logs in compiled.train(
          self._model, epoch, position.batch, self._pace):
        for one in self._at_batches:
          one.on_train_batch_end(position.batch, logs)
      self._saver.on_train_batch_end(position.batch, logs)
    return logs

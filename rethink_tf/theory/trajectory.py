"""Training that is measured after every epoch, and goes on where it stopped.

The step, the order of examples and the learning rate are those of
`rethink_tf.training`; this adds no TensorBoard and no test, so that hundreds of
short runs cost little.
"""

import math
import time

import keras
import numpy as np
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import pipeline
from rethink_tf.data import plans
from rethink_tf.models import state
from rethink_tf.runs import storage
from rethink_tf.training import checkpoints

_PREFIX = "measured/"


def train(model, config, split, folder, measure, enough=None, minutes=1.0,
          run=None):
  """Trains a compiled model and measures it before and after every epoch.

  Args:
    model: a `keras.Model`, freshly built and compiled.
    config: the training `Config`: batch size, epochs and seed count.
    split: `dataset.Split` to train on.
    folder: `pathlib.Path` for its checkpoints, and at the end its measurements.
    measure: a function of the model that returns a dict of arrays or numbers.
    enough: a function of such a dict that tells whether to stop, or None.
    minutes: minutes between checkpoints.
    run: what identifies this training; no other goes on from its checkpoints.

  Returns:
    A dict from name to an array of one entry more than there were epochs;
    entry e was measured with the weights after epoch e.

  Raises:
    DivergedError: the loss or a weight is not finite.
    StorageError: the folder cannot be written, or there is too little memory.
  """
  storage.make_folder(folder)
  storage.remove_leftovers(folder)
  measured, done = _restore(model, folder, run)
  if done:
    return _stack(measured)
  if not measured:
    measured.append(measure(model))
  steps = plans.steps_per_epoch(len(split), config.batch_size)
  finished = len(measured) > config.epochs or enough and enough(measured[-1])
  if not finished:
    epoch = len(measured) - 1
    recorder = _Recorder(
        measured, measure, enough, folder, steps, minutes, run)
    try:
      model.fit(
          pipeline.training_batches(split, config, epoch),
          initial_epoch=epoch, epochs=config.epochs, steps_per_epoch=steps,
          callbacks=[recorder], shuffle=False, verbose=0)
    except tf.errors.ResourceExhaustedError as error:
      raise errors.StorageError(
          f"TensorFlow ran out of memory: {error.message}") from error
  checkpoints.save(
      folder, len(measured) * steps, _name_for_checkpoint(measured),
      {"done": True}, run, kept=1)  # Nobody needs weights any more.
  return _stack(measured)


def make_predictor(split):
  """Returns a function of a model that returns its outputs on a small split.

  Its inputs stay in memory, 9.4 kB an image: what `model.predict` does around a
  batch takes longer than a few hundred images. It raises DivergedError where
  outputs are not finite.
  """
  batches = [images for images, _ in pipeline.evaluation_batches(split)]

  def predict(model):
    return require_finite(
        np.concatenate([model.predict_on_batch(x) for x in batches]))

  return predict


def require_finite(outputs):
  """Returns a network's outputs, an array; NaN would count as a class.

  Raises:
    DivergedError: they are not finite.
  """
  if not np.isfinite(outputs).all():
    raise errors.DivergedError("the network's outputs are not finite")
  return outputs


class _Recorder(keras.callbacks.Callback):
  """Measures, saves every so often, and stops when that is enough."""

  def __init__(self, measured, measure, enough, folder, steps, minutes, run):
    super().__init__()
    self._measured = measured
    self._measure = measure
    self._enough = enough
    self._folder = folder
    self._steps = steps
    self._interval = 60 * minutes
    self._run = run
    self._last = time.monotonic()

  def on_train_batch_end(self, batch, logs=None):
    if not math.isfinite(logs["loss"]):
      raise errors.DivergedError(
          f"the loss is {logs['loss']} in epoch {len(self._measured)}, step "
          f"{batch + 1} of it")

  def on_epoch_end(self, epoch, logs=None):
    # The loss of a step is that of the weights before it.
    checkpoints.collect(self.model, f"epoch {epoch + 1}")
    self._measured.append(self._measure(self.model))
    if self._enough and self._enough(self._measured[-1]):
      self.model.stop_training = True
    elif time.monotonic() - self._last >= self._interval:
      self._save()

  def _save(self):
    epochs = len(self._measured) - 1
    arrays = checkpoints.collect(self.model, f"epoch {epochs}")
    arrays.update(_name_for_checkpoint(self._measured))
    checkpoints.save(
        self._folder, epochs * self._steps, arrays, {"done": False},
        self._run)
    self._last = time.monotonic()


def _restore(model, folder, run):
  """Assigns the last checkpoint's state; returns its `(measured, done)`."""
  checkpoint = checkpoints.latest(folder, run)
  if checkpoint is None:
    return [], False
  arrays, saved = checkpoint
  names = [name for name in arrays if name.startswith(_PREFIX)]
  measured = [
      {name.removeprefix(_PREFIX): values for name, values in zip(names, entry)}
      for entry in zip(*(arrays[name] for name in names))]
  if not saved["done"]:
    state.restore(model, arrays)
  return measured, saved["done"]


def _stack(measured):
  """Returns arrays by name, the epoch as first axis."""
  return {name: np.stack([entry[name] for entry in measured])
          for name in measured[0]}


def _name_for_checkpoint(measured):
  """Returns the same under names that no weight has."""
  return {_PREFIX + name: array for name, array in _stack(measured).items()}

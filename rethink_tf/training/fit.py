"""Training a model, and what it takes to go on where it stopped."""

import time

import keras
import numpy as np

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.data import pipeline
from rethink_tf.training import checkpoints
from rethink_tf.training import progress
from rethink_tf.training import recorder
from rethink_tf.training import schedule
from rethink_tf.training import state
from rethink_tf.training import tensorboard

MOMENTUM = 0.9  # Appendix A.


class _DropoutStreams(keras.callbacks.Callback):
  """Seeds dropout anew for each epoch from (seed, epoch)."""

  def __init__(self, seed):
    super().__init__()
    self._seed = seed

  def on_epoch_begin(self, epoch, logs=None):
    for layer in self.model.layers:
      if isinstance(layer, keras.layers.Dropout):
        seed = streams.seed_of(self._seed, "dropout", layer.name, epoch)
        layer.seed_generator.state.assign([seed, 0])


class _Checkpoints(keras.callbacks.Callback):
  """Saves everything that the next epoch depends on."""

  def __init__(self, folder, rows, clock):
    super().__init__()
    self._folder = folder
    self._rows = rows
    self._clock = clock

  def on_epoch_end(self, epoch, logs=None):
    arrays = {**state.weights(self.model), **state.optimizer(self.model)}
    # A step's loss is that of the weights before it.
    if not all(np.isfinite(array).all() for array in arrays.values()):
      raise errors.DivergedError(
          f"the weights are no longer finite after epoch {epoch + 1}")
    checkpoints.save(
        self._folder, epoch + 1, arrays,
        {"rows": self._rows, "wall_seconds": self._clock.seconds()})


class Clock:
  """Seconds spent on a run, over all its starts."""

  def __init__(self):
    self._start = time.perf_counter()

  def add(self, seconds):
    """Counts the seconds of an earlier start."""
    self._start -= seconds

  def seconds(self):
    """Returns the seconds spent so far."""
    return time.perf_counter() - self._start


def compile_model(model, config, train_count):
  """Sets a model's optimizer, loss and metrics; returns the schedule.

  The loss includes the penalties; the metric "cross_entropy" does not.
  """
  rate = schedule.learning_rate(config, train_count)
  model.compile(
      # Named, or a second one in this process would get another name.
      optimizer=keras.optimizers.SGD(rate, momentum=MOMENTUM, name="sgd"),
      loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
      metrics=_metrics(model.output_shape[-1]),
      jit_compile=keras.backend.backend() == "jax",
  )
  model.optimizer.build(model.trainable_variables)
  return rate


def train(model, config, train_split, test_split, directory, clock,
          examples=None):
  """Trains a model to the last epoch, from its last checkpoint if it has one.

  Args:
    model: a `keras.Model`, freshly built.
    config: the `Config`.
    train_split, test_split: `dataset.Split`s with the labels to use.
    directory: the `RunDirectory`.
    clock: a `Clock`, set back by what earlier starts took.
    examples: a figure of training examples for TensorBoard, or None.

  Returns:
    The rows of metrics.csv.

  Raises:
    DivergedError: the loss is no longer finite.
    StorageError: the run directory cannot be written.
  """
  count = len(train_split)
  rate = compile_model(model, config, count)
  rows = _restore(model, directory, clock)
  steps = pipeline.steps_per_epoch(count, config.batch_size)
  board = tensorboard.TensorBoard(directory.tensorboard, rows)
  if examples:
    board.write_start(config, examples)
  if len(rows) < config.epochs:
    model.fit(
        pipeline.training_batches(train_split, config, start_epoch=len(rows)),
        initial_epoch=len(rows),
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=pipeline.evaluation_batches(test_split),
        validation_freq=_evaluated_epochs(config),
        callbacks=[
            _DropoutStreams(config.seed),
            recorder.Recorder(rows, directory, rate, steps, count),
            progress.Progress(rows, config, count),
            board,
            _Checkpoints(directory.checkpoints, rows, clock),
        ],
        shuffle=False,  # The pipeline has its order.
        verbose=0,
    )
  return rows


def evaluate(model, split):
  """Measures a model with its weights fixed, over every example of a split.

  Returns:
    A dict with "accuracy" and "cross_entropy", and "top5" for more than ten
    classes.

  Raises:
    DivergedError: the loss is not finite.
  """
  logs = model.evaluate(
      pipeline.evaluation_batches(split), verbose=0, return_dict=True)
  if not np.isfinite(logs["cross_entropy"]):
    raise errors.DivergedError(
        f"the loss of the trained model is {logs['cross_entropy']}")
  return {name: float(value) for name, value in logs.items()}


def _metrics(num_classes):
  metrics = [
      keras.metrics.SparseCategoricalAccuracy("accuracy"),
      keras.metrics.SparseCategoricalCrossentropy(
          "cross_entropy", from_logits=True),
  ]
  if num_classes > 10:  # Among ten classes, top-5 means nothing.
    metrics.append(keras.metrics.SparseTopKCategoricalAccuracy(5, "top5"))
  return metrics


def _restore(model, directory, clock):
  """Restores the last checkpoint; returns the rows of the epochs done."""
  checkpoint = checkpoints.latest(directory.checkpoints)
  if checkpoint is None:
    return []
  arrays, saved = checkpoint
  state.restore(model, arrays)
  clock.add(saved["wall_seconds"])
  directory.write_metrics(saved["rows"])
  return saved["rows"]


def _evaluated_epochs(config):
  """Returns the epochs, from 1, after which the test set is measured."""
  every = range(config.eval_every, config.epochs + 1, config.eval_every)
  return sorted({*every, config.epochs})

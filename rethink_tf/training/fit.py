"""Training a model, and what it takes to go on where it stopped."""

import contextlib
import math
import time

import keras
import numpy as np

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.data import pipeline
from rethink_tf.distributed import strategy
from rethink_tf.models import state
from rethink_tf.runs import signals
from rethink_tf.training import checkpoints
from rethink_tf.training import losses
from rethink_tf.training import optimizers
from rethink_tf.training import schedule
from rethink_tf.training.callbacks import event_files
from rethink_tf.training.callbacks import position as position_lib
from rethink_tf.training.callbacks import progress
from rethink_tf.training.callbacks import recorder
from rethink_tf.training.callbacks import saver as saver_lib


class _DropoutStreams(keras.callbacks.Callback):
  """Seeds dropout anew for each epoch from (seed, epoch), and replica."""

  def __init__(self, seed, team):
    super().__init__()
    self._seed = seed
    self._team = team

  def on_epoch_begin(self, epoch, logs=None):
    for layer in state.dropouts(self.model):
      key = ("dropout", layer.name, epoch)
      self._team.seed_dropout(
          layer.seed_generator.state,
          # Replica 0's are those of a single device.
          lambda replica: streams.seed_of(
              self._seed, *key, *([replica] if replica else [])))


class _RestOfEpoch(keras.callbacks.Callback):
  """Puts back, where an epoch goes on, what its start has reset."""

  def __init__(self, epoch, arrays, team):
    super().__init__()
    self._epoch = epoch
    self._arrays = arrays
    self._team = team

  def on_epoch_begin(self, epoch, logs=None):
    if epoch == self._epoch:
      self._team.restore_epoch(self.model, self._arrays)


class _StopInTest(keras.callbacks.Callback):
  """Lets a signal end a long test; the saver comes after it."""

  def __init__(self, saver):
    super().__init__()
    self._saver = saver

  def on_test_batch_end(self, batch, logs=None):
    self.model.stop_evaluating = self._saver.asked_to_stop()

  def on_predict_batch_end(self, batch, logs=None):
    self.model.stop_predicting = self._saver.asked_to_stop()


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
  heads = 2 if config.aux_head else 1
  model.compile(
      optimizer=optimizers.build(
          config.model, rate, config.moving_average_decay or 0.0),
      loss=losses.build(config),
      metrics=losses.metrics(config, model.output_shape[-1] // heads),
      jit_compile=keras.backend.backend() == "jax",
  )
  model.optimizer.build(model.trainable_variables)
  return rate


def train(model, config, train_split, test_split, directory, clock,
          corrupted=None, examples=None, stop=None, checkpoint_minutes=math.inf,
          team=strategy.ALONE):
  """Trains a model to the last epoch, from its last checkpoint if it has one.

  Args:
    model: a `keras.Model`, freshly built.
    config: the `Config`.
    train_split, test_split: `dataset.Split`s with the labels to use.
    directory: the `RunDirectory`.
    clock: a `Clock`, set back by what earlier starts took.
    corrupted: bool `(n,)`, the training labels to measure apart from the
      others, or None.
    examples: a figure of training examples for TensorBoard, or None.
    stop: the `signals.Stop` that may ask to stop, or None.
    checkpoint_minutes: minutes between checkpoints within an epoch.
    team: the `Team` that the model was built for.

  Returns:
    The rows of metrics.csv.

  Raises:
    DivergedError: the loss is no longer finite.
    StoppedError: a signal came, and all is saved.
    StorageError: the run directory cannot be written.
  """
  count = len(train_split)
  with team.scope():
    rate = compile_model(model, config, count)
  steps = pipeline.steps_per_epoch(count, config.batch_size)
  rows, begun, arrays = _restore(model, directory, clock, team)
  position = position_lib.Position(
      steps, len(rows), begun["batch"], begun["seconds"])
  saver = saver_lib.Saver(
      directory.checkpoints, position, rows, clock, stop or signals.Stop(),
      checkpoint_minutes, team)
  test = _test(
      model, config, train_split, corrupted, test_split, position, saver, team)
  callbacks = [
      position,
      _DropoutStreams(config.seed, team),
      recorder.Recorder(rows, directory, position, rate, count, test),
      *(_shown(config, count, directory, rows, position, examples)
        if team.is_chief else ()),
      saver,
  ]
  if begun["batch"] == steps:  # All that is missing is its test.
    ends = keras.callbacks.CallbackList(callbacks, model=model)
    ends.on_epoch_end(position.epoch, begun["logs"])
  elif begun["batch"]:
    # Keras makes the metrics' variables when it first measures something.
    _evaluate(model, test_split, team, steps=1)
    rest = [*callbacks, _RestOfEpoch(position.epoch, arrays, team)]
    _fit(model, config, train_split, position, position.epoch + 1, rest, team)
  if len(rows) < config.epochs:
    _fit(model, config, train_split, position, config.epochs, callbacks, team)
  return rows


def _shown(config, count, directory, rows, position, examples):
  """Returns the callbacks that show a run's progress."""
  board = event_files.TensorBoard(directory.tensorboard, rows)
  if examples:
    board.write_start(config, examples)
  return [progress.Progress(rows, config, position, count), board]


def _fit(model, config, split, position, epochs, callbacks, team):
  """Trains from a position to the end of `epochs` epochs."""
  epoch, batch = position.epoch, position.batch
  if batch == position.steps:
    epoch, batch = epoch + 1, 0
  model.fit(
      team.distribute(lambda shard: split.training_batches(
          config, epoch, batch, shard)),
      initial_epoch=epoch,
      epochs=epochs,
      steps_per_epoch=position.steps - batch,
      callbacks=callbacks,
      shuffle=False,  # The pipeline has its order.
      verbose=0,
  )


def _test(model, config, train_split, corrupted, test_split, position, saver,
          team):
  """Returns the recorder's function that measures what is due after an epoch."""
  callbacks = [_StopInTest(saver)]

  def test(logs):
    epoch = position.epoch + 1
    measured = {}
    if epoch % config.eval_every == 0 or epoch == config.epochs:
      saver.save_if_due(logs)
      with _averaged(model):
        measured = _evaluate(model, test_split, team, callbacks)
      saver.stop_if_asked(logs)
    if corrupted is not None:
      with _averaged(model):
        fitted = _fitted(model, config, train_split, team, callbacks)
      saver.stop_if_asked(logs)
      measured["corrupted_accuracy"] = float(np.mean(fitted[corrupted]))
      measured["untouched_accuracy"] = float(np.mean(fitted[~corrupted]))
    return measured

  return test


@contextlib.contextmanager
def _averaged(model):
  """Gives the model, in the block, the moving averages of its weights.

  They are what the Inception package of 2016 evaluates. Nothing happens where
  the optimizer keeps none.
  """
  averages = optimizers.averages(model.optimizer)
  weights = model.trainable_weights if averages else []
  kept, averaged = (
      [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
      for variables in (weights, averages))
  for weight, value in zip(weights, averaged):
    weight.assign(value)
  try:
    yield
  finally:
    for weight, value in zip(weights, kept):
      weight.assign(value)


def _evaluate(model, split, team, callbacks=(), steps=None):
  """Returns the metrics over all of a split, or over the first batches."""
  return model.evaluate(
      team.distribute(split.evaluation_batches),
      steps=steps or team.evaluation_steps(split),
      callbacks=list(callbacks), verbose=0, return_dict=True)


def _fitted(model, config, split, team, callbacks):
  """Tells which labels the model, its weights fixed, predicts; bool `(n,)`."""
  if team.strategy:
    return split.labels == team.predict(
        model, split, lambda outputs: losses.logits_of(outputs, config))
  outputs = model.predict(
      split.evaluation_batches(), callbacks=callbacks, verbose=0)
  return np.argmax(losses.logits_of(outputs, config), axis=1) == split.labels


def evaluate(model, split, team=strategy.ALONE):
  """Measures a model with its weights fixed, over every example of a split.

  The weights are their moving averages, where the optimizer keeps them. Each
  replica measures its part of the split; examples are counted over all.

  Returns:
    A dict with "accuracy" and "cross_entropy", and "top5" for more than ten
    classes.

  Raises:
    DivergedError: the loss is not finite.
  """
  with _averaged(model):
    logs = _evaluate(model, split, team)
  if not np.isfinite(logs["cross_entropy"]):
    raise errors.DivergedError(
        f"the loss of the trained model is {logs['cross_entropy']}")
  return {name: float(value) for name, value in logs.items()}


def _restore(model, directory, clock, team):
  """Restores the last checkpoint, the same on all workers.

  Returns:
    `(rows, begun, arrays)`: the rows of the epochs done; of the epoch that was
    begun, the batches done, their seconds and logs; and the checkpoint's
    arrays.

  Raises:
    UsageError: workers find different checkpoints.
  """
  rows, begun, arrays = [], {"batch": 0, "seconds": 0.0}, {}
  checkpoint = checkpoints.latest(directory.checkpoints)
  team.require_same(
      "checkpoint in a --logdir that all workers share", "none" if not checkpoint
      else f"step {_step(checkpoint)}, sha256 {state.sha256(checkpoint[0])}")
  if checkpoint:
    arrays, saved = checkpoint
    state.restore(model, arrays)
    clock.add(saved["wall_seconds"])
    rows = saved["rows"]
    begun = saved.get("epoch", begun)
    directory.write_metrics(rows)
  return rows, begun, arrays


def _step(checkpoint):
  arrays, _ = checkpoint
  return next(int(a) for n, a in arrays.items() if n.endswith("/iteration"))

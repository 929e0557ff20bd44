"""Training a model, and what it takes to go on where it stopped."""

import contextlib
import dataclasses
import functools

import keras
import numpy as np

from rethink_tf import streams
from rethink_tf.models import state
from rethink_tf.runs import results
from rethink_tf.training import checkpoints
from rethink_tf.training import compiled
from rethink_tf.training import evaluation
from rethink_tf.training import losses
from rethink_tf.training import margins as margins_lib
from rethink_tf.training import optimizers
from rethink_tf.training import schedule
from rethink_tf.training.callbacks import event_files
from rethink_tf.training.callbacks import examples as examples_lib
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
      self._team.seed_dropout(
          layer.seed_generator.state,
          functools.partial(self._seed_of, layer.name, epoch))

  def _seed_of(self, name, epoch, replica):
    """Returns a layer's seed; those of replica 0 are a single device's."""
    return streams.seed_of(
        self._seed, "dropout", name, epoch, *([replica] if replica else []))


class _StopWhenFitted(keras.callbacks.Callback):
  """Ends training with the epoch that is the last; the recorder comes first."""

  def __init__(self, config, rows):
    super().__init__()
    self._config = config
    self._rows = rows

  def on_epoch_end(self, epoch, logs=None):
    if len(self._rows) >= _last_epoch(self._config, self._rows):
      self.model.stop_training = True


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


def compile_model(model, config, train_count, more_metrics=()):
  """Sets a model's optimizer, loss and metrics; returns the schedule.

  The loss includes the penalties; the metric "cross_entropy" does not.
  """
  rate = schedule.learning_rate(config, train_count)
  heads = 2 if config.aux_head else 1
  model.compile(
      optimizer=optimizers.build(
          config.model, rate, config.moving_average_decay or 0.0),
      loss=losses.build(config),
      metrics=[*losses.metrics(config, model.output_shape[-1] // heads),
               *more_metrics],
      jit_compile=keras.backend.backend() == "jax",
  )
  model.optimizer.build(model.trainable_variables)
  return rate


def train(model, task, setting, examples=None):
  """Trains a model to the last epoch, from its last checkpoint if it has one.

  Args:
    model: a `keras.Model`, freshly built.
    task: the `Task`.
    setting: the `Setting`; its clock is set back by what earlier starts took.
    examples: a figure of training examples for TensorBoard, or None.

  Returns:
    The rows of metrics.csv.

  Raises:
    DivergedError: the loss is no longer finite.
    StoppedError: a signal came, and all is saved.
    StorageError: the run directory cannot be written.
    UsageError: workers find different checkpoints.
  """
  remote = None
  if setting.coordinator:
    remote = _build_remote(model, task, setting.coordinator)
  with setting.team.scope():
    margins = _build_margins(task)
    rate = compile_model(model, task.config, len(task.train), margins)
  restored = _restore(model, task.config, setting)
  recorders = [examples_lib.ExampleRecorder(metric, task, setting.directory)
               for metric in margins]
  for one in recorders:
    one.restore(len(restored.rows), restored.arrays)
  rows = restored.rows
  if setting.team.is_chief:
    _say_where(restored, task)
  position = position_lib.Position(
      task.steps_per_epoch, len(rows), restored.batch, restored.seconds)
  saver = saver_lib.Saver(setting, position, rows)
  shown = progress.Progress(rows, task.config, position, len(task.train))
  callbacks = [
      position,
      _DropoutStreams(task.config.seed, setting.team),
      *recorders,
      recorder.Recorder(
          rows, setting.directory, position, rate, len(task.train),
          _EpochTest(model, task, setting, position, saver, rows)),
      _StopWhenFitted(task.config, rows),
      *_add_displays(saver, shown, task, setting, rows, examples),
  ]
  loop = _make_loop(model, remote, task, setting, position, callbacks, saver)
  with contextlib.closing(shown):  # What ends the run is said below it.
    if restored.batch == position.steps:  # All that is missing is its test.
      ends = keras.callbacks.CallbackList(callbacks, model=model)
      ends.on_epoch_end(position.epoch, restored.logs)
    elif restored.batch:
      loop.finish_epoch(restored)
    if len(rows) < _last_epoch(task.config, rows):
      loop.fit(task.config.epochs)
  return rows


def _make_loop(model, remote, task, setting, position, callbacks, saver):
  """Returns what trains: an object with `fit` and `finish_epoch`."""
  if remote:
    # Imported here, as it needs TensorFlow whatever the backend.
    from rethink_tf.training import asynchronous  # noqa: PLC0415

    return asynchronous.Loop(
        model, asynchronous.Remote(
            setting.coordinator, model, remote, task.config),
        task, setting, position, callbacks, saver)
  if compiled.is_for(task.train):
    # Imported here, as it needs JAX.
    from rethink_tf.training import loop  # noqa: PLC0415

    return loop.Loop(model, task, setting, position, callbacks, saver)
  return _Loop(model, task, setting.team, position, callbacks)


def _build_remote(model, task, coordinator):
  """Returns a copy of a model, compiled, on the parameter servers."""
  with coordinator.strategy.scope():
    remote = keras.models.clone_model(model)
    compile_model(remote, task.config, len(task.train))
  return remote


def _say_where(restored, task):
  """Says of a run that goes on from where, and what is left."""
  done, batch, steps = len(restored.rows), restored.batch, task.steps_per_epoch
  if not done and not batch:
    return
  last = _last_epoch(task.config, restored.rows)
  where = f"after epoch {done}" if not batch else (
      f"in epoch {done + 1}, after {batch:,} of its {steps:,} steps")
  print(f"goes on {where}; epochs left: {last - done:,} of {last:,}",
        flush=True)


def _build_margins(task):
  """Returns a list of the metric that records examples, if it is asked for."""
  if not task.config.record_examples:
    return []
  return [margins_lib.Margins(len(task.train), task.config)]


def _last_epoch(config, rows, *accuracies):
  """Returns the epoch that training ends with, as far as is known.

  Args:
    config: the `Config`.
    rows: the rows of the epochs done.
    *accuracies: running training accuracies of the epochs after these.
  """
  return schedule.last_epoch(
      config, [*(row["train_accuracy"] for row in rows), *accuracies])


def _add_displays(saver, shown, task, setting, rows, examples):
  """Returns the saver among the callbacks that show the chief's progress.

  TensorBoard gets a point that a checkpoint has: that of an epoch which is
  trained again would show its first speed.
  """
  if not setting.team.is_chief:
    return [saver]
  board = event_files.TensorBoard(setting.directory.tensorboard, rows)
  if examples:
    board.write_start(task.config, examples)
  return [shown, saver, board]


class _Loop:
  """Keras's `fit` from where training stands.

  Args:
    model: a `keras.Model`, compiled, its weights restored.
    task: the `Task`.
    team: the `Team`.
    position: the `Position`, first among the callbacks.
    callbacks: a list of `keras.callbacks.Callback`.
  """

  def __init__(self, model, task, team, position, callbacks):
    self._model = model
    self._task = task
    self._team = team
    self._position = position
    self._callbacks = callbacks

  def finish_epoch(self, restored):
    """Trains what is missing of the epoch in which a checkpoint was saved.

    Args:
      restored: the `_Restored` state.
    """
    evaluation.build_metrics(self._model, self._task.test, self._team)
    self.fit(self._position.epoch + 1, _RestOfEpoch(
        self._position.epoch, restored.arrays, self._team))

  def fit(self, epochs, *more):
    """Trains to the end of so many epochs, with more callbacks at the end."""
    epoch, batch = self._position.epoch, self._position.batch
    if batch == self._position.steps:
      epoch, batch = epoch + 1, 0
    self._model.fit(
        self._team.distribute(lambda shard: self._task.train.training_batches(
            self._task.config, epoch, batch, shard)),
        initial_epoch=epoch,
        epochs=epochs,
        steps_per_epoch=self._position.steps - batch,
        callbacks=[*self._callbacks, *more],
        shuffle=False,  # The pipeline has its order.
        verbose=0,
    )


class _EpochTest:
  """Measures what is due after an epoch, for the recorder.

  Args:
    model: a `keras.Model`.
    task: the `Task`.
    setting: the `Setting`.
    position: the `Position`.
    saver: the `Saver`, which may save or stop before and after.
    rows: the rows of the epochs done.
  """

  def __init__(self, model, task, setting, position, saver, rows):
    self._model = model
    self._task = task
    self._team = setting.team
    self._measure = setting.measure
    self._position = position
    self._saver = saver
    self._rows = rows
    self._callbacks = [_StopInTest(saver)]

  def __call__(self, logs):
    """Returns a dict, as `Recorder` takes it, from an epoch's logs."""
    epoch, config = self._position.epoch + 1, self._task.config
    measured = {}
    last = _last_epoch(config, self._rows, logs["accuracy"])
    if epoch % config.eval_every == 0 or epoch == last:
      self._saver.save_if_due(logs)
      measured = evaluation.measure(
          self._model, self._task.test, self._team, self._callbacks)
      self._saver.stop_if_asked(logs)
      if config.halve_test_set:
        measured.update(self._measure_halves(logs))
    if self._task.labels is not None:
      measured.update(self._measure_label_kinds(logs))
    if config.measure_every and (
        epoch % config.measure_every == 0 or epoch == last):
      self._saver.save_if_due(logs)
      measured["measures"] = self._measure(
          self._model, lambda: self._saver.stop_if_asked(logs))
    return measured

  def _measure_halves(self, logs):
    right = self._find_right(self._task.test, logs)
    # Of every other image, as some sets have the easy ones first.
    return {name: float(np.mean(right[number::2]))
            for number, name in enumerate(results.TEST_HALVES)}

  def _find_right(self, split, logs):
    """Tells which examples have the right class predicted; bool `(n,)`."""
    classes = evaluation.predict_classes(
        self._model, self._task.config, split, self._team, self._callbacks)
    self._saver.stop_if_asked(logs)
    return classes == split.labels

  def _measure_label_kinds(self, logs):
    fitted = self._find_right(self._task.train, logs)
    return {f"{kind}_accuracy": float(np.mean(fitted[which]))
            for kind, which in self._task.labels.kinds().items() if which.any()}


@dataclasses.dataclass
class _Restored:
  """What a checkpoint says besides weights; without one, that none is done.

  Attributes:
    rows: the rows of the epochs done.
    batch, seconds, logs: of an epoch that was begun, the batches done, how long
      they took, and its training metrics so far.
    arrays: all arrays by name.
  """

  rows: list = dataclasses.field(default_factory=list)
  batch: int = 0
  seconds: float = 0.0
  logs: dict | None = None
  arrays: dict = dataclasses.field(default_factory=dict)


def _restore(model, config, setting):
  """Restores the last checkpoint, the same on all workers; a `_Restored`."""
  checkpoint = checkpoints.latest(
      setting.directory.checkpoints, setting.directory.identity)
  setting.team.require_same(
      "checkpoint in a --logdir that all workers share",
      _describe_checkpoint(checkpoint))
  if not checkpoint:
    return _Restored()
  arrays, saved = checkpoint
  state.restore(model, arrays)
  for row in saved["rows"]:
    _name_kinds(row)
  _forget_test(saved["rows"], config)
  setting.clock.add(saved["wall_seconds"])
  setting.directory.write_metrics(saved["rows"])
  return _Restored(saved["rows"], arrays=arrays, **saved.get("epoch", {}))


def _name_kinds(row):
  """Names in a row what an earlier version called corrupted: all that is drawn.

  How many of those labels had changed, and were fitted, it did not measure.
  """
  if "drawn_accuracy" not in row and "corrupted_accuracy" in row:
    row["drawn_accuracy"] = row["corrupted_accuracy"]
    row["corrupted_accuracy"] = None


def _forget_test(rows, config):
  """Takes out of the rows the test that a shorter run had after its last epoch.

  One that was not stopped there has it, and its measures, only where it is due.
  """
  last = _last_epoch(config, rows)
  for row in rows:
    if row["epoch"] % config.eval_every and row["epoch"] < last:
      row |= dict.fromkeys(("test_loss", "test_accuracy", "test_top5"))
      for name in results.TEST_HALVES:
        row.pop(name, None)
    if row["epoch"] % (config.measure_every or 1) and row["epoch"] < last:
      row.pop("measures", None)


def _describe_checkpoint(checkpoint):
  if not checkpoint:
    return "none"
  arrays, _ = checkpoint
  step = next(int(a) for n, a in arrays.items() if n.endswith("/iteration"))
  return f"step {step}, sha256 {state.sha256(arrays)}"

"""Training by workers that wait for nobody: an update is made when it is ready.

The paper's runs on ImageNet had 50 such workers (appendix A; Dean et al., 2012,
Large Scale Distributed Deep Networks). Each reads the weights from the
parameter servers as they are, computes the gradient of a batch of its own, and
updates the weights, which others may have updated since.

The coordinator draws the batches, the same and in the same order as one process
does. At the end of an epoch, and before it saves, it lets all steps that are
under way end and fetches the weights into a model of its own, which is the one
that is measured, saved and restored.
"""

import time

import keras
import tensorflow as tf

from rethink_tf.models import state
from rethink_tf.training import averages
from rethink_tf.training import losses

# Seconds for the steps under way to end after a signal; all is to be saved
# within half a minute of it.
_DRAIN = 20


class Remote:
  """The model on the parameter servers, and the one here that is of it a copy.

  Args:
    coordinator: the `Coordinator`.
    local: a `keras.Model`, compiled.
    remote: the same, made and compiled in the coordinator's scope.
    config: the `Config`.

  Attributes:
    names: of what steps return, beside their examples and staleness.
  """

  def __init__(self, coordinator, local, remote, config):
    self._coordinator = coordinator
    self._model = remote
    self._measures = losses.measures(
        config, remote.output_shape[-1] // (2 if config.aux_head else 1))
    self._pairs, self._dropouts = (
        list(zip(choose(local), choose(remote), strict=True))
        for choose in (_variables, state.dropouts))
    with coordinator.strategy.scope():
      # Keras counts steps by reading and then writing, and so loses some.
      self._updates = tf.Variable(
          0, dtype=tf.int64,
          aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA)
    self._step = tf.function(self._run_step)
    self.names = ("loss", *self._measures)

  def push(self):
    """Gives the parameter servers the values of the model here."""
    def assign():
      for local, remote in self._pairs:
        remote.assign(keras.ops.convert_to_numpy(local))

    self._coordinator.call(assign)

  def pull(self, step):
    """Gives the model here the values that the parameter servers have.

    Args:
      step: the number of steps done.
    """
    def assign():
      self._model.optimizer.iterations.assign(step)
      for local, remote in self._pairs:
        local.assign(keras.ops.convert_to_numpy(remote))

    self._coordinator.call(assign)

  def seed_dropout(self, drawn):
    """Gives dropout there the seeds here, of which so many masks are drawn."""
    def assign():
      for local, remote in self._dropouts:
        seed, _ = keras.ops.convert_to_numpy(local.seed_generator.state)
        remote.seed_generator.state.assign([seed, drawn])

    self._coordinator.call(assign)

  def submit(self, inputs, labels, step):
    """Has a worker take a step.

    Args:
      inputs, labels: the batch.
      step: its number, from 0.
    """
    number = tf.constant(step, self._model.optimizer.iterations.dtype)
    self._coordinator.submit(self._step, (inputs, labels, number))

  def wait(self):
    """Returns the steps that are done: (examples, staleness, sums by name)."""
    return [(examples, staleness, dict(zip(self.names, sums)))
            for examples, staleness, *sums in self._coordinator.wait()]

  def _run_step(self, inputs, labels, step):
    return self._coordinator.strategy.run(
        self._update, (inputs, labels, step))

  def _update(self, inputs, labels, step):
    """A step, on a worker.

    Returns:
      float64: the number of examples, how many updates others began between
      this one's reading of the weights and its update, and the sums of
      `names` over the examples.
    """
    model = self._model
    before = self._count_updates()
    # Of the learning rate, and of the average of weights.
    model.optimizer.iterations.assign(step)
    with tf.control_dependencies([before]):
      with tf.GradientTape() as tape:
        outputs = model(inputs, training=True)
        loss = model.compute_loss(inputs, labels, outputs, training=True)
      gradients = tape.gradient(loss, model.trainable_weights)
    with tf.control_dependencies(gradients):
      now = self._count_updates()
    with tf.control_dependencies([now]):
      # One operation, in which no other worker's can come between.
      counted = tf.raw_ops.AssignAddVariableOp(
          resource=self._updates.handle, value=tf.constant(1, tf.int64))
    with tf.control_dependencies([counted]):
      model.optimizer.apply(gradients, model.trainable_weights)
    examples = tf.shape(labels)[0]
    sums = [tf.cast(loss, tf.float64) * tf.cast(examples, tf.float64), *(
        tf.reduce_sum(tf.cast(measure(labels, outputs), tf.float64))
        for measure in self._measures.values())]
    return tf.stack([
        tf.cast(examples, tf.float64), tf.cast(now - before, tf.float64),
        *sums])

  def _count_updates(self):
    return tf.raw_ops.ReadVariableOp(
        resource=self._updates.handle, dtype=tf.int64)


class Loop:
  """Keras's `fit` for a `Remote`, from where training stands.

  Args:
    model: the `keras.Model` here, its weights restored.
    remote: the `Remote` of it.
    task: the `Task`.
    setting: the `Setting`.
    position: the `Position`, first among the callbacks.
    callbacks: a list of `keras.callbacks.Callback`.
    saver: the `Saver` among them.
  """

  def __init__(self, model, remote, task, setting, position, callbacks, saver):
    self._model = model
    self._remote = remote
    self._task = task
    self._coordinator = setting.coordinator
    self._stop = setting.stop
    self._position = position
    self._callbacks = keras.callbacks.CallbackList(callbacks, model=model)
    self._at_batches = [one for one in callbacks if one is not saver]
    self._saver = saver
    self._averages = None
    self._asked = None

  def finish_epoch(self, restored):
    """Trains what is missing of the epoch in which a checkpoint was saved.

    Args:
      restored: what has the `batch` and the `logs` of it.
    """
    self._averages = averages.Averages(
        self._remote.names, restored.logs,
        restored.batch * self._task.config.batch_size, restored.batch)
    self.fit(self._position.epoch + 1)

  def fit(self, epochs):
    """Trains to the end of so many epochs."""
    first, batch = self._position.epoch, self._position.batch
    if batch == self._position.steps:
      first, batch = first + 1, 0
    self._remote.push()
    batches = iter(self._task.train.training_batches(
        self._task.config, first, batch))
    self._model.stop_training = False
    self._callbacks.on_train_begin()
    self._stop.defer()
    for epoch in range(first, epochs):
      self._callbacks.on_epoch_begin(epoch)
      self._remote.seed_dropout(self._position.batch)
      self._run_epoch(batches)
      if self._model.stop_training:
        break
    self._callbacks.on_train_end()

  def _run_epoch(self, batches):
    position = self._position
    running = self._averages or averages.Averages(self._remote.names)
    self._averages = None
    while position.batch < position.steps:
      self._hand_out(batches)
      for examples, staleness, sums in self._remote.wait():
        running.add(sums, examples, staleness)
        for one in self._at_batches:
          one.on_train_batch_end(position.batch, running.logs())
      if self._is_to_save():
        self._save(running)
    self._remote.pull(position.step)
    self._callbacks.on_epoch_end(position.epoch, running.logs())

  def _hand_out(self, batches):
    """Hands out steps while workers take them and nothing is to be saved."""
    position = self._position
    while self._coordinator.has_room and not self._is_to_save():
      begun = position.batch + self._coordinator.under_way
      if begun == position.steps:
        break
      inputs, labels = next(batches)
      self._remote.submit(
          inputs, labels, position.epoch * position.steps + begun)

  def _is_to_save(self):
    due = self._position.batch and self._saver.is_due()
    return due or self._saver.asked_to_stop()

  def _save(self, running):
    """Saves, once no step is under way, or stops without where one never ends.

    Raises:
      StoppedError: a signal came.
    """
    if self._coordinator.under_way:
      now = time.monotonic()
      if self._saver.asked_to_stop():
        self._asked = self._asked or now
        if now - self._asked > _DRAIN:
          self._stop.check("its last checkpoint")
      return
    if not self._position.batch:  # The end of the epoch before is saved.
      self._stop.check(self._position)
      return
    self._remote.pull(self._position.step)
    self._saver.save_if_due(running.logs())
    self._saver.stop_if_asked(running.logs())


def _variables(model):
  return [*model.weights, *model.optimizer.variables]

"""What Keras 3.15 lacks to train on several replicas.

Three repairs, in one subclass; tests/distributed/keras_repairs_test.py says
when plain Keras no longer needs them.

- Before `fit`, Keras reduces a whole batch, a tuple, with `strategy.reduce`,
  which takes one value at a time. Here the local replica's batch stands for
  it: only shapes matter (keras-team/keras issue 20585). Under MirroredStrategy
  too, where the replicas' parts of the first batch differ in size.
- After a step with several workers, it reduces each measured scalar along axis
  0. Here a step returns vectors of length 1.
- Batch normalization's moving averages stay each replica's own: a replica is
  evaluated by its own, and the first one's are saved. Here each step ends with
  their mean over replicas: the moving average of the batches' mean statistics.
"""

import keras
import tensorflow as tf


class Model(keras.Model):
  """A functional model that trains on the replicas of one worker or several.

  One worker needs neither vectors nor, with equal parts, a batch's stand-in.
  """

  several_workers = False

  def _maybe_symbolic_build(self, iterator=None, data_batch=None):
    if iterator is not None:
      _, _, batches = next(iter(iterator))
      data_batch = tf.nest.map_structure(self._local, next(batches))
    with self.distribute_strategy.scope():
      self._symbolic_build(data_batch=data_batch)

  def train_step(self, data):
    measured = super().train_step(data)
    _average(self.non_trainable_weights)
    return self._reducible(measured)

  def test_step(self, data):
    return self._reducible(super().test_step(data))

  def _reducible(self, measured):
    if not self.several_workers:
      return measured
    return {name: keras.ops.expand_dims(v, 0) for name, v in measured.items()}

  def _local(self, value):
    return self.distribute_strategy.experimental_local_results(value)[0]


def repaired(model, several_workers):
  """Returns a functional model again, with the same layers and weights."""
  same = Model(model.inputs, model.outputs, name=model.name)
  same.several_workers = several_workers
  return same


def _average(variables):
  """Assigns each variable its mean over replicas, in a replica's step."""
  if variables:
    means = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.MEAN,
        [_placed(v.value) for v in variables])
    for variable, mean in zip(variables, means):
      variable.assign(mean)


def _placed(variable):
  """Reads a variable on its device: `all_reduce` takes that of a tensor."""
  with tf.device(variable.device):
    return tf.identity(variable)

"""Optimizers by model, and the moving average of the weights."""

import keras
from keras import ops

from rethink_tf.training import sgd

MOMENTUM = 0.9  # Appendix A, and TensorFlow's Inception package of 2016.


def build(model_name, rate, average_decay=0.0):
  """Returns a model's optimizer.

  Inception V3 has the package's RMSProp (tensorflow/models,
  inception/inception/inception_train.py), which starts as TensorFlow 1's does;
  every other model has the paper's stochastic gradient descent.

  Args:
    model_name: the model's name.
    rate: the learning rate, or a schedule of it.
    average_decay: decay of a moving average of the trainable weights (the
      package's: 0.9999), which `averages` returns; 0 for none.

  Returns:
    A `keras.optimizers.Optimizer` named "sgd" or "rmsprop", so that a second
    one in this process has no other name. All its state is in its `variables`.
  """
  average = {"use_ema": bool(average_decay), "ema_momentum": average_decay}
  if model_name == "inception_v3":
    # Epsilon stands under the root, as in TensorFlow 1.
    return _RMSprop(
        rate, rho=0.9, momentum=MOMENTUM, epsilon=1.0, name="rmsprop",
        **average)
  return _SGD(rate, momentum=MOMENTUM, name="sgd", **average)


def averages(optimizer):
  """Returns the variables that hold the averaged weights.

  Args:
    optimizer: what `build` returned, built.

  Returns:
    A list, in the order of the trainable weights; empty without an average.
  """
  return [v for v in optimizer.variables if v.name.endswith("_average")]


class _Averaged:
  """The average of `tf.train.ExponentialMovingAverage`, given the step.

  It starts from the initial weights. After update t, counted from 1, it is
      d * average + (1 - d) * weights,  d = min(decay, (1 + t) / (10 + t)),
  so that early averages forget the initial weights. Training never goes on
  from it.
  """

  def add_variable_from_reference(
      self, reference_variable, name=None, initializer="zeros"):
    if name == "average":
      initializer = lambda shape, dtype: ops.cast(reference_variable, dtype)
    return super().add_variable_from_reference(
        reference_variable, name=name, initializer=initializer)

  def _update_model_variables_moving_average(self, trainable_variables):
    count = ops.cast(self.iterations + 1, "float32")
    decay = ops.minimum(self.ema_momentum, (1 + count) / (10 + count))
    pairs = zip(trainable_variables, averages(self), strict=True)
    for variable, average in pairs:
      rate = ops.cast(1 - decay, average.dtype)
      self.assign_sub(average, rate * (average - variable))

  def finalize_variable_values(self, var_list):
    """Leaves the weights, which Keras would replace at the end of `fit`."""


class _SGD(_Averaged, sgd.SGD):
  """Stochastic gradient descent."""


class _RMSprop(_Averaged, keras.optimizers.RMSprop):
  """RMSProp whose mean squares start at 1, as TensorFlow 1's do.

  From 0 the first steps would be longer: at a gradient of 1, by 1.35 times.
  """

  def add_variable_from_reference(
      self, reference_variable, name=None, initializer="zeros"):
    return super().add_variable_from_reference(
        reference_variable, name=name,
        initializer="ones" if name == "velocity" else initializer)

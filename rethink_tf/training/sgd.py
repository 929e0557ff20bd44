"""Gradient descent with momentum in one pass over memory, where there is one.

Keras takes a step by five elementwise operations, each of which reads and
writes as many numbers as there are weights. TensorFlow has one operation for
all of it; the other backends compile the five together by themselves.
"""

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
  import tensorflow as tf


class SGD(keras.optimizers.SGD):
  """As `keras.optimizers.SGD`: the same variables, and the same bits in them.

  With m the momentum and g the gradient, a step is
      velocity = m * velocity - learning_rate * g
      variable = variable + velocity.
  """

  def update_step(self, gradient, variable, learning_rate):
    """Moves a variable and its velocity; arguments are as Keras's."""
    if keras.backend.backend() != "tensorflow" or not self.momentum:
      super().update_step(gradient, variable, learning_rate)
      return
    velocity = self.momentums[self._get_variable_index(variable)]
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle, accum=velocity.value.handle,
        lr=ops.cast(learning_rate, variable.dtype),
        grad=ops.cast(gradient, variable.dtype),
        momentum=ops.cast(self.momentum, variable.dtype),
        use_nesterov=self.nesterov)

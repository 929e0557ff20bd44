"""Batch normalization in one pass over memory, where the backend has one.

Keras computes it from elementwise operations, each of which reads and writes
the whole activation. TensorFlow's fused operation does the same in one; the
other backends compile the elementwise ones together by themselves.
"""

import keras
from keras import ops

try:
  import tensorflow as tf
except ImportError:  # Another backend, on a machine without TensorFlow.
  tf = None


@keras.saving.register_keras_serializable("rethink_tf")
class BatchNormalization(keras.layers.BatchNormalization):
  """As `keras.layers.BatchNormalization` over the channels of images.

  In bfloat16 the input and the output are that; statistics, scale and offset
  stay float32.
  """

  def __init__(self, **kwargs):
    # Not cast to the type that the layer computes in.
    super().__init__(**{"autocast": False, **kwargs})

  def call(self, inputs, training=None, mask=None):
    """Normalizes `(n, h, w, c)`; the shape stays."""
    fused = keras.backend.backend() == "tensorflow" and (
        len(inputs.shape) == 4 and mask is None and not self.synchronized)
    if not fused:
      return super().call(inputs, training=training, mask=mask)
    channels = inputs.shape[-1]
    training = bool(training and self.trainable)
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs,
        scale=self.gamma if self.scale else ops.ones(channels),
        offset=self.beta if self.center else ops.zeros(channels),
        mean=() if training else self.moving_mean,
        variance=() if training else self.moving_variance,
        epsilon=self.epsilon, is_training=training)
    if training:
      # TensorFlow's is the estimate of the variance, Keras's the moment.
      count = ops.cast(ops.size(inputs) // channels, variance.dtype)
      self._follow(self.moving_mean, mean)
      self._follow(self.moving_variance, variance * (count - 1) / count)
    return outputs

  def _follow(self, moving, value):
    moving.assign(moving * self.momentum + value * (1.0 - self.momentum))

"""Batch normalization in one pass over memory, where the backend has one.

Keras computes it from elementwise operations, each of which reads and writes
the whole activation. TensorFlow's fused operation does the same in one; the
other backends compile the elementwise ones together by themselves.
"""

import keras
from keras import ops

if keras.backend.backend() == "tensorflow":
  import tensorflow as tf


@keras.saving.register_keras_serializable("rethink_tf")
class BatchNormalization(keras.layers.BatchNormalization):
  """As `keras.layers.BatchNormalization` over the channels of images.

  In bfloat16 the input and the output are that; statistics, scale and offset
  stay float32. In float32 training alone is fused, and a network whose weights
  are fixed gives the bits that Keras's layer gives.
  """

  def __init__(self, **kwargs):
    # Not cast to the type that the layer computes in.
    super().__init__(**{"autocast": False, **kwargs})

  def call(self, inputs, training=None, mask=None):
    """Normalizes `(n, h, w, c)`; the shape stays."""
    training = bool(training and self.trainable)
    if not self._is_fused(inputs, training, mask):
      return super().call(inputs, training=training, mask=mask)
    channels = inputs.shape[-1]
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

  def _is_fused(self, inputs, training, mask):
    if keras.backend.backend() != "tensorflow" or (
        len(inputs.shape) != 4 or mask is not None or self.synchronized):
      return False
    kind = keras.backend.standardize_dtype(inputs.dtype)
    return kind == "bfloat16" or (kind == "float32" and training)

  def _follow(self, moving, value):
    moving.assign(moving * self.momentum + value * (1.0 - self.momentum))


def with_layers_of_keras(model):
  """Returns a float32 network that Keras loads without this module.

  Args:
    model: a functional `keras.Model`, not compiled.

  Returns:
    A copy of it with Keras's batch normalization. In bfloat16, which Keras's
    layer computes otherwise, with the same.
  """
  copy = keras.models.clone_model(model, clone_function=_as_layer_of_keras)
  copy.set_weights(model.get_weights())
  return copy


def _as_layer_of_keras(layer):
  kind = type(layer)
  if kind is BatchNormalization and layer.compute_dtype == "float32":
    kind = keras.layers.BatchNormalization
  return kind.from_config(layer.get_config())

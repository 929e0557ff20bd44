"""What the architectures share: initializers, penalties and layers."""

import keras
from keras import ops
import numpy as np

from rethink_tf import streams


class Style:
  """How a model's layers are initialized and penalized.

  Each kernel's initial values depend on the seed and on its layer's name, not
  on what else was built before it.

  Args:
    seed: the run's seed.
    weight_decay: lambda of the penalty lambda * ||w||^2 on each kernel; biases
      and batch normalization's offsets have none.
  """

  def __init__(self, seed, weight_decay):
    self._seed = seed
    self._weight_decay = weight_decay

  def dense(self, units, name, *, stddev=None, **kwargs):
    """Returns a `keras.layers.Dense`; `stddev` is as for `conv`."""
    return keras.layers.Dense(
        units, name=name, **self._kernel(name, stddev), **kwargs)

  def logits(self, num_classes):
    """Returns the last linear layer, in full precision."""
    return self.dense(num_classes, "logits", dtype=full_precision())

  def conv(self, filters, size, name, *, stddev=None, padding="same", **kwargs):
    """Returns a `keras.layers.Conv2D`.

    Args:
      filters, size, name, padding: as for `keras.layers.Conv2D`.
      stddev: the kernel starts as normal numbers of this standard deviation,
        drawn again beyond two of it; Glorot's uniform ones if None.
      **kwargs: as for `keras.layers.Conv2D`.
    """
    return keras.layers.Conv2D(
        filters, size, padding=padding, name=name,
        **self._kernel(name, stddev), **kwargs)

  def positions(self, name, *, stddev):
    """Returns an `AddPositions`; `stddev` is as for `conv`."""
    return AddPositions(self._initializer(name, stddev), name=name)

  def _kernel(self, name, stddev):
    penalty = (
        keras.regularizers.L2(self._weight_decay) if self._weight_decay
        else None)
    return {"kernel_initializer": self._initializer(name, stddev),
            "kernel_regularizer": penalty}

  def _initializer(self, name, stddev):
    seed = streams.seed_of(self._seed, "initial_weights", name)
    return (
        keras.initializers.GlorotUniform(seed=seed) if stddev is None
        else keras.initializers.TruncatedNormal(stddev=stddev, seed=seed))


def full_precision():
  """Returns the dtype of a layer that computes in full precision.

  None, the default's, where all layers do.
  """
  policy = keras.config.dtype_policy()
  reduced = policy.compute_dtype != policy.variable_dtype
  return policy.variable_dtype if reduced else None


def dropout(x, rate, seed):
  """Applies dropout before the last linear layer; nothing at rate 0."""
  if not rate:
    return x
  seed = streams.seed_of(seed, "dropout")
  return keras.layers.Dropout(rate, seed=seed, name="dropout")(x)


@keras.saving.register_keras_serializable("rethink_tf")
class LocalResponseNormalization(keras.layers.Layer):
  """Local response normalization across channels (Krizhevsky et al., 2012).

  Channel c of the output is
      x_c / (bias + alpha * sum_{|k - c| <= depth_radius} x_k^2) ** beta,
  as `tf.nn.local_response_normalization` computes it. With z_c in the brackets,
  y the output and g its gradient, the input's gradient is
      g_c / z_c ** beta
      - 2 * alpha * beta * x_c * sum_{|k - c| <= depth_radius} g_k * y_k / z_k.
  The defaults are those of TensorFlow's CIFAR-10 tutorial of 2016 (cifar10.py:
  norm1, norm2).

  Args:
    depth_radius: how many channels on each side are summed over.
    bias, alpha, beta: as in the formula.
  """

  def __init__(self, depth_radius=4, bias=1.0, alpha=0.001 / 9, beta=0.75,
               **kwargs):
    super().__init__(**kwargs)
    self.depth_radius = depth_radius
    self.bias = bias
    self.alpha = alpha
    self.beta = beta

  def call(self, inputs):
    """Normalizes `(n, h, w, c)`; the shape stays."""
    channels = inputs.shape[-1]
    positions = np.arange(channels)
    distance = np.abs(np.subtract.outer(positions, positions))
    band = (distance <= self.depth_radius).astype("float32")

    def sum_windows(x):
      # A product with a band of ones sums each window in one library call.
      return ops.matmul(x, ops.convert_to_tensor(band))

    @ops.custom_gradient
    def normalize(x):
      base = self.bias + self.alpha * sum_windows(ops.square(x))
      divisor = _power(base, self.beta)
      outputs = x / divisor

      def derive(slopes):
        windows = sum_windows(slopes * outputs / base)
        return slopes / divisor - 2 * self.alpha * self.beta * x * windows

      return outputs, derive

    return normalize(inputs)

  def get_config(self):
    """Returns the arguments that rebuild this layer."""
    return {
        **super().get_config(),
        "depth_radius": self.depth_radius,
        "bias": self.bias,
        "alpha": self.alpha,
        "beta": self.beta,
    }


def _power(base, exponent):
  """Returns base ** exponent; with exponent 3/4 from square roots.

  They take a fraction of a power's time. Roots, products and quotients are
  rounded correctly: an element's result depends on no other, nor on its place
  among them. TensorFlow's powers, and its derivative of a root, are not.
  """
  if exponent != 0.75:
    return ops.power(base, exponent)
  root = ops.sqrt(base)
  return root * ops.sqrt(root)


@keras.saving.register_keras_serializable("rethink_tf")
class AddPositions(keras.layers.Layer):
  """Adds a learned vector to each of a sequence's places.

  Args:
    initializer: of the vectors.
  """

  def __init__(self, initializer, **kwargs):
    super().__init__(**kwargs)
    self.initializer = keras.initializers.get(initializer)

  def build(self, input_shape):
    self.positions = self.add_weight(
        shape=input_shape[1:], initializer=self.initializer, name="positions")

  def call(self, inputs):
    """Adds to `(n, places, width)`; the shape stays."""
    return inputs + self.positions

  def get_config(self):
    """Returns the arguments that rebuild this layer."""
    return {**super().get_config(),
            "initializer": keras.initializers.serialize(self.initializer)}


@keras.saving.register_keras_serializable("rethink_tf")
class Attention(keras.layers.Layer):
  """Scaled dot-product attention of several heads (Vaswani et al., 2017).

  Queries, keys and values come from one linear layer before it, side by side.
  Keras's MultiHeadAttention makes them itself, and from an initializer with a
  seed makes them equal.

  Args:
    heads: how many.
  """

  def __init__(self, heads, **kwargs):
    super().__init__(**kwargs)
    self.heads = heads

  def call(self, inputs):
    """Maps `(n, places, 3 * width)` to `(n, places, width)`."""
    _, places, triple = inputs.shape
    width = triple // 3 // self.heads
    split = ops.reshape(inputs, (-1, places, 3, self.heads, width))
    query, key, value = (
        ops.transpose(split[:, :, i], (0, 2, 1, 3)) for i in range(3))
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
    scores = ops.cast(scores / width**0.5, self.variable_dtype)
    shares = ops.cast(ops.softmax(scores), inputs.dtype)
    mixed = ops.matmul(shares, value)
    return ops.reshape(
        ops.transpose(mixed, (0, 2, 1, 3)), (-1, places, triple // 3))

  def get_config(self):
    """Returns the arguments that rebuild this layer."""
    return {**super().get_config(), "heads": self.heads}

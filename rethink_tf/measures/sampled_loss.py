"""The loss of a sample of training examples as a function of the weights.

Cross-entropy in nats, without the weights' penalty, as the network is at test:
no dropout, normalization by its moving averages. The weights are those that
training moves, biases included, as one vector of d numbers.
"""

import keras
import numpy as np

from rethink_tf.measures import subject as subject_lib

if keras.backend.backend() == "tensorflow":
  import tensorflow as tf

# The most training examples that are looked at, the first ones. An example
# takes a convolutional network a hundred times the arithmetic of a multi-layer
# perceptron of as many weights: so many let all measures end within minutes.
SAMPLE = 5_000
SAMPLE_OF_CONVOLUTIONS = 250
# Examples at a time, for memory: all activations are kept for derivatives.
_BATCH = {SAMPLE: 1_000, SAMPLE_OF_CONVOLUTIONS: 125}
_CHEAP = ("InputLayer", "Flatten", "Dropout", "Dense", "Activation", "ReLU")


class SampledLoss:
  """The loss of the first training examples, and what is derived from it.

  Attributes:
    weights: float64 `(d,)`, the trained ones.
    initial: float64 `(d,)`, those at initialization.
    count: how many examples there are, n below.

  Args:
    subject: a `Subject`, whose network is copied and so stays as it is.

  Raises:
    UndefinedError: Keras does not compute with TensorFlow, which derivatives
      are taken by.
  """

  def __init__(self, subject):
    if keras.backend.backend() != "tensorflow":
      raise subject_lib.UndefinedError(
          f"Keras computes with {keras.backend.backend()}, not TensorFlow")
    most = sample_size(subject.model)
    self._batch = _BATCH[most]
    self._inputs, self._labels = _take(subject.split, most)
    self.count = len(self._labels)
    self._model = keras.models.clone_model(subject.model)
    self._model.set_weights(subject.model.get_weights())
    self._variables = [v.value for v in self._model.trainable_variables]
    self.weights, self.initial = (
        _flatten(model.trainable_variables)
        for model in (subject.model, subject.initial))
    # Compiled here, once for all that is asked of this network.
    self._logits_of = tf.function(self._predict, reduce_retracing=True)
    self._gradient_of = tf.function(self._derive, reduce_retracing=True)
    self._product_of = tf.function(self._derive_twice, reduce_retracing=True)
    self._slopes_of = tf.function(self._derive_along, reduce_retracing=True)

  def accuracy(self, weights):
    """Returns the share of examples classified as their labels say.

    Args:
      weights: float `(d,)`, in place of the trained ones.
    """
    self._assign(weights)
    try:
      right = sum(
          int(np.sum(np.argmax(self._logits_of(inputs), axis=1) == labels))
          for inputs, labels in self.batches())
    finally:
      self._assign(self.weights)
    return right / self.count

  def gradients(self, size):
    """Yields the gradient of the mean loss of each batch, float64 `(d,)`.

    Args:
      size: of the batches, consecutive examples; what is left over is not used.
    """
    for inputs, labels in self._batches(size):
      if len(labels) == size:
        yield _flatten(self._gradient_of(inputs, labels)) / size

  def hessian_times(self, vector):
    """Returns the Hessian of the mean loss times a vector, float64 `(d,)`.

    Pearlmutter (1994): the gradient of the gradient's product with it, at the
    price of some gradients, and without a matrix.
    """
    parts = self._split(vector)
    return sum(_flatten(self._product_of(inputs, labels, parts))
               for inputs, labels in self.batches()) / self.count

  def slopes(self, direction):
    """Returns each example's loss's derivative along a direction: float64 (n,).

    <direction, gradient of the loss of example i>, for all i in a forward pass.

    Args:
      direction: float `(d,)`.
    """
    parts = self._split(direction)
    return np.concatenate([
        np.asarray(self._slopes_of(inputs, labels, parts), np.float64)
        for inputs, labels in self.batches()])

  def batches(self):
    """Yields inputs and labels of as many examples as go at a time.

    `(inputs, labels)`, tensors float32 `(b, h, w, c)` and int32 `(b,)`.
    """
    return self._batches(self._batch)

  def _batches(self, size):
    for start in range(0, self.count, size):
      part = slice(start, start + size)
      yield tf.constant(self._inputs[part]), tf.constant(self._labels[part])

  def _split(self, vector):
    """Returns a vector `(d,)` as tensors of the variables' shapes."""
    ends = np.cumsum([np.prod(v.shape, dtype=int) for v in self._variables])
    return [tf.constant(part.reshape(v.shape), tf.float32) for part, v in zip(
        np.split(np.asarray(vector), ends[:-1]), self._variables)]

  def _assign(self, weights):
    for variable, part in zip(self._variables, self._split(weights)):
      variable.assign(part)

  def _predict(self, inputs):
    return tf.cast(self._model(inputs, training=False), tf.float32)

  def _losses(self, inputs, labels):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels, self._predict(inputs))

  def _derive(self, inputs, labels):
    with tf.GradientTape() as tape:
      loss = tf.reduce_sum(self._losses(inputs, labels))
    return tape.gradient(
        loss, self._variables, unconnected_gradients="zero")

  def _derive_twice(self, inputs, labels, parts):
    with tf.GradientTape() as tape:
      product = tf.add_n([
          tf.reduce_sum(slope * part) for slope, part in zip(
              self._derive(inputs, labels), parts)])
    return tape.gradient(
        product, self._variables, unconnected_gradients="zero")

  def _derive_along(self, inputs, labels, parts):
    with tf.autodiff.ForwardAccumulator(self._variables, parts) as along:
      losses = self._losses(inputs, labels)
    return along.jvp(losses)


def sample_size(model):
  """Returns how many examples of a network's training data are looked at."""
  is_cheap = all(type(layer).__name__ in _CHEAP for layer in model.layers)
  return SAMPLE if is_cheap else SAMPLE_OF_CONVOLUTIONS


def of(subject):
  """Returns the `SampledLoss` of a subject, made where it has none yet."""
  if "sampled_loss" not in subject.kept:
    subject.kept["sampled_loss"] = SampledLoss(subject)
  return subject.kept["sampled_loss"]


def _take(split, most):
  """Returns the first inputs and labels of a split, as the network sees them.

  Returns:
    `(inputs, labels)`: float32 `(n, h, w, c)` and int32 `(n,)`.
  """
  parts, count = [], 0
  for inputs, labels in split.evaluation_batches():
    parts.append((keras.ops.convert_to_numpy(inputs),
                  keras.ops.convert_to_numpy(labels)))
    count += len(labels)
    if count >= most:
      break
  inputs, labels = (np.concatenate(some)[:most] for some in zip(*parts))
  return inputs, labels.astype(np.int32)


def _flatten(values):
  """Returns variables or tensors as one vector: float64 `(d,)`."""
  return np.concatenate([
      np.asarray(keras.ops.convert_to_numpy(value), np.float64).ravel()
      for value in values])

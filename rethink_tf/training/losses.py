"""The loss: cross-entropy, smoothed and with an auxiliary head where asked for.

With an auxiliary head (Szegedy et al., 2015) a model's output is its logits
and, beside them, those of the head: `(n, 2 * classes)`.
"""

import keras
from keras import ops

# inception_model.py of TensorFlow's Inception package of 2016.
_AUXILIARY_WEIGHT = 0.4


def build(config):
  """Returns the loss that a config asks for, without the weights' penalty."""
  smoothing = config.label_smoothing or 0.0

  def loss(labels, outputs):
    if config.aux_head:
      return add_auxiliary(labels, outputs, smoothing)
    return smooth(labels, outputs, smoothing)

  if config.aux_head or smoothing:
    return loss
  return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def smooth(labels, logits, smoothing):
  """Returns the cross-entropy with labels that are sure but for a share.

  A label is 1 - smoothing + smoothing / classes for its class and
  smoothing / classes for the others (Szegedy et al., 2015, section 7).

  Args:
    labels: int `(n,)`.
    logits: `(n, classes)`.
    smoothing: the share, in [0, 1).

  Returns:
    `(n,)`.
  """
  logs = ops.log_softmax(logits, axis=-1)
  of_label = keras.losses.sparse_categorical_crossentropy(
      labels, logits, from_logits=True)
  return (1 - smoothing) * of_label - smoothing * ops.mean(logs, axis=-1)


def add_auxiliary(labels, outputs, smoothing):
  """Returns `smooth` of the logits, and of the auxiliary ones at 0.4."""
  main, auxiliary = ops.split(outputs, 2, axis=-1)
  return (smooth(labels, main, smoothing)
          + _AUXILIARY_WEIGHT * smooth(labels, auxiliary, smoothing))


def select_logits(outputs, config):
  """Returns a model's logits, those of an auxiliary head left out."""
  return outputs[..., :outputs.shape[-1] // 2] if config.aux_head else outputs


def metrics(config, classes):
  """Returns Keras's metrics of what `measures` measures."""
  return [keras.metrics.MeanMetricWrapper(measure, name=name)
          for name, measure in measures(config, classes).items()]


def measures(config, classes):
  """Returns what is measured of each example, along training and after it.

  They look at the logits alone, without smoothing.

  Returns:
    A dict from "accuracy", "cross_entropy" and perhaps "top5" to a function of
    (labels, outputs) that returns `(n,)`.
  """
  functions = {
      "accuracy": keras.metrics.sparse_categorical_accuracy,
      "cross_entropy": _cross_entropy,
  }
  if classes > 10:  # Among ten classes, top-5 means nothing.
    functions["top5"] = keras.metrics.sparse_top_k_categorical_accuracy
  return {name: _of_logits(function, config)
          for name, function in functions.items()}


def _cross_entropy(labels, logits):
  return keras.losses.sparse_categorical_crossentropy(
      labels, logits, from_logits=True)


def _of_logits(function, config):
  def measure(labels, outputs):
    return function(labels, select_logits(outputs, config))

  return measure

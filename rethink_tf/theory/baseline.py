"""What SGD makes of as many weights as Theorem 1's network has."""

import keras
import numpy as np

from rethink_tf.data import pipeline
from rethink_tf.models import layers
from rethink_tf.theory import trajectory
from rethink_tf.training import fit

_INPUT = (28, 28, 3)


def count_hidden_units(weights, dimensions, classes):
  """Returns how many units make an MLP of about so many weights; at least 1.

  h hidden units take (d + 1) h weights, and the classes (h + 1) each.
  """
  return max(1, round((weights - classes) / (dimensions + 1 + classes)))


def build(units, classes, seed):
  """Returns an MLP with one hidden layer, as `models.mlp` makes it."""
  style = layers.Style(seed, 0.0)
  inputs = keras.Input(_INPUT, name="image")
  x = keras.layers.Flatten(name="flatten")(inputs)
  x = style.dense(units, "hidden1", activation="relu")(x)
  return keras.Model(
      inputs, style.dense(classes, "logits")(x), name=f"mlp_1x{units}")


def train(study, data, train_split):
  """Trains an MLP of 2n + d weights, as nearly as whole units allow.

  Args:
    study: a `study.Study` of a `flags.theory.Expressivity`.
    data: the `Dataset`, for its test split and number of classes.
    train_split: `dataset.Split` with the labels to fit.

  Returns:
    `(weights, measured)`: the number of weights, and arrays "train_accuracy"
    and "test_accuracy", the weights fixed, an entry an epoch from epoch 0.
  """
  dimensions = int(np.prod(_INPUT))
  units = count_hidden_units(
      2 * len(train_split) + dimensions, dimensions, data.num_classes)
  model = build(units, data.num_classes, study.config.seed)
  settings = study.config.training()
  fit.compile_model(model, settings, len(train_split))

  def measure(trained):
    return {"train_accuracy": _measure_accuracy(trained, train_split),
            "test_accuracy": _measure_accuracy(trained, data.test)}

  measured = study.train("sgd", model, settings, train_split, measure)
  return model.count_params(), measured


def _measure_accuracy(model, split):
  logits = trajectory.require_finite(
      model.predict(pipeline.evaluation_batches(split), verbose=0))
  return float(np.mean(np.argmax(logits, axis=1) == split.labels))

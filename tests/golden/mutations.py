"""Mistakes that the golden numbers must catch.

Each is a change that someone could make by accident and that a short look at
a training curve would not show.
"""

import contextlib
from unittest import mock

import keras
import tensorflow as tf

from rethink_tf.data import preprocessing
from rethink_tf.models import layers
from rethink_tf.training import optimizers
from tests.golden import golden

# One flagfile a model family, between them with and without each regularizer.
STEMS = ("table1_row1", "table1_row6", "table1_row9", "table1_row17")
DATASET = "digits"


def _no_standardization():
  return mock.patch.object(
      preprocessing, "standardize",
      lambda images: tf.cast(images, tf.float32) / 255.0)


def _momentum():
  return mock.patch.object(optimizers, "MOMENTUM", 0.8)


@contextlib.contextmanager
def _bias_too_many():
  """Gives the last hidden values a bias of their own before the logits."""
  original = layers.dropout

  def biased(x, rate, seed):
    return _Bias(name="bias_too_many")(original(x, rate, seed))

  with mock.patch.object(layers, "dropout", biased):
    yield


class _Bias(keras.layers.Layer):
  """Adds a trainable vector, zero at first."""

  def build(self, input_shape):
    self.bias = self.add_weight(shape=input_shape[-1:], initializer="zeros")

  def call(self, inputs):
    return inputs + self.bias


@contextlib.contextmanager
def _valid_padding():
  """Turns SAME into VALID in every pooling and convolution that allows it."""
  conv = keras.layers.Conv2D
  pool = keras.layers.MaxPooling2D

  def valid_pool(*args, **kwargs):
    return pool(*args, **{**kwargs, "padding": "valid"})

  def valid_conv(filters, size, **kwargs):
    padding = "valid" if kwargs.get("strides", 1) != 1 else kwargs["padding"]
    return conv(filters, size, **{**kwargs, "padding": padding})

  with mock.patch.object(keras.layers, "MaxPooling2D", valid_pool):
    with mock.patch.object(keras.layers, "Conv2D", valid_conv):
      yield


# Name: (what it changes, as a context; further flags).
MUTATIONS = {
    "no standardization": (_no_standardization, ()),
    "momentum 0.8": (_momentum, ()),
    "a bias too many": (_bias_too_many, ()),
    "SAME to VALID": (_valid_padding, ()),
    "decay 0.94": (contextlib.nullcontext, ("--lr_decay=0.94",)),
}


def caught(mutation, stem, numbers):
  """Returns which quantities of a golden run leave their tolerance.

  Args:
    mutation: a name in `MUTATIONS`.
    stem: a flagfile with golden numbers.
    numbers: the golden numbers by flagfile.

  Returns:
    A list of names, empty where the mutation goes unnoticed.
  """
  change, flags = MUTATIONS[mutation]
  with change():
    measured = golden.measure(stem, DATASET, *flags)
  lines = golden.differences(numbers[stem], measured)
  return [line.split(":", 1)[0] for line in lines]

"""Tests of bfloat16: what is computed in it, what is not, and how near."""

import keras
from keras import ops
import numpy as np
import pytest

from rethink_tf.models import registry

_NAMES = registry.names()


def _images(count=8, seed=0):
  return np.random.default_rng(seed).normal(
      size=(count, 28, 28, 3)).astype(np.float32)


def _logits(model, images, training):
  return ops.convert_to_numpy(model(images, training=training))


@pytest.mark.parametrize("name", _NAMES)
def test_weights_and_logits_are_float32_and_the_layers_between_are_not(name):
  model = registry.build(name, precision="bfloat16", weight_decay=1e-3)
  assert {w.dtype for w in model.weights} == {"float32"}
  assert _logits(model, _images(2), False).dtype == np.float32
  computed = {layer.compute_dtype for layer in model.layers if layer.weights
              and layer.name != "logits"}
  assert computed == {"bfloat16"}
  assert model.get_layer("logits").compute_dtype == "float32"
  assert all(loss.dtype == "float32" for loss in model.losses)


@pytest.mark.parametrize("name", _NAMES)
def test_initial_weights_are_those_of_float32(name):
  for one, other in zip(registry.build(name).get_weights(), registry.build(
      name, precision="bfloat16").get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", _NAMES)
def test_outputs_are_those_of_float32_to_bfloat16s_rounding(name):
  """A product of numbers of 8 bits is off by 2**-8 of its magnitude."""
  images = _images()
  for training in (False, True):
    exact = _logits(registry.build(name), images, training)
    near = _logits(registry.build(name, precision="bfloat16"), images, training)
    assert 0 < np.abs(near - exact).max() < 0.05 * np.abs(exact).max()


def test_nothing_is_left_set_for_what_is_built_next():
  registry.build("mlp_1x512", precision="bfloat16")
  assert keras.config.dtype_policy().name == "float32"
  assert {layer.compute_dtype for layer in registry.build("mlp_1x512").layers
          } == {"float32"}


def test_another_default_of_keras_is_kept():
  """Tests compare replicas in float64, where rounding does not hide a fault."""
  keras.config.set_dtype_policy("float64")
  try:
    model = registry.build("inception_small")
  finally:
    keras.config.set_dtype_policy("float32")
  assert {layer.compute_dtype for layer in model.layers} == {"float64"}

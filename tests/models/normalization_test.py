"""Tests of batch normalization in one operation, beside Keras's own."""

import json
import zipfile

import keras
from keras import ops
import numpy as np
import pytest
import tensorflow as tf

from rethink_tf.models import normalization
from rethink_tf.models import registry

_SHAPE = (6, 5, 5, 7)


def _images(seed):
  return tf.constant(np.random.default_rng(seed).normal(
      3, 2, size=_SHAPE).astype(np.float32))


def _layer(kind, **kwargs):
  """A layer whose scale and offset are not those that it starts with."""
  layer = kind(momentum=0.8, epsilon=0.01, **kwargs)
  layer.build(_SHAPE)
  for number, variable in enumerate(layer.trainable_weights):
    variable.assign(np.linspace(0.5, 2, 7) + number)
  return layer


def _pair(**kwargs):
  return [_layer(kind, **kwargs) for kind in (
      normalization.BatchNormalization, keras.layers.BatchNormalization)]


def _train(layer, seed):
  """Returns outputs, gradients and then the statistics of a step."""
  x, slopes = (
      tf.cast(_images(s), layer.dtype) for s in (seed, seed + 100))
  with tf.GradientTape() as tape:
    tape.watch(x)
    outputs = layer(x, training=True)
    loss = tf.reduce_sum(outputs * slopes)
  variables = [v.value for v in layer.trainable_weights]
  return [outputs, *tape.gradient(loss, [x, *variables]), *map(
      ops.convert_to_tensor, layer.non_trainable_weights)]


@pytest.mark.parametrize("center, scale", [
    (True, True), (True, False), (False, False)])
def test_steps_are_kerass_in_value_gradient_and_statistics(center, scale):
  """Against Keras's in float64, of which float32 is a rounding."""
  kwargs = {"center": center, "scale": scale}
  ours = _layer(normalization.BatchNormalization, **kwargs)
  theirs = _layer(keras.layers.BatchNormalization, dtype="float64", **kwargs)
  for step in range(4):
    for array, expected in zip(
        _train(ours, step), _train(theirs, step), strict=True):
      # Gradients of the scale are sums of 150 terms, which nearly cancel.
      largest = np.abs(expected).max()
      np.testing.assert_allclose(array, expected, atol=1e-5 * largest, rtol=0)


def test_the_moving_variance_is_of_the_moment_by_hand():
  # 1, 2, 3, 4 have the mean 2.5, and the moment 1.25 about it; 5/3 would be
  # the estimate.
  layer = normalization.BatchNormalization(momentum=0.75)
  layer(np.array([[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]], np.float32),
        training=True)
  np.testing.assert_allclose(layer.moving_mean, [2.5 / 4], rtol=1e-6)
  np.testing.assert_allclose(
      layer.moving_variance, [3 / 4 + 1.25 / 4], rtol=1e-6)


@pytest.mark.parametrize("trainable", [True, False])
def test_with_fixed_weights_bits_are_kerass(trainable):
  ours, theirs = _pair()
  _train(ours, 0)
  theirs.set_weights(ours.get_weights())
  ours.trainable = theirs.trainable = trainable
  for training in [False] if trainable else [False, True]:
    np.testing.assert_array_equal(
        ours(_images(1), training=training),
        theirs(_images(1), training=training))
  for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype, training, fused", [
    ("float32", True, True), ("float32", False, False),
    ("mixed_bfloat16", True, True), ("mixed_bfloat16", False, True),
    ("float64", True, False)])
def test_one_operation_does_it_where_tensorflow_has_one(
    dtype, training, fused):
  layer = normalization.BatchNormalization(dtype=dtype)
  x = keras.Input(_SHAPE[1:], dtype=layer.compute_dtype)
  layer(x)
  graph = tf.function(lambda x: layer(x, training=training))
  kinds = {operation.type for operation in graph.get_concrete_function(
      tf.TensorSpec(_SHAPE, layer.compute_dtype)).graph.get_operations()}
  assert ("FusedBatchNormV3" in kinds) == fused
  assert ("Rsqrt" in kinds) != fused


def test_other_backends_have_kerass_operations(monkeypatch):
  monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
  ours, theirs = _pair()
  for array, expected in zip(_train(ours, 0), _train(theirs, 0), strict=True):
    np.testing.assert_array_equal(array, expected)


def test_it_is_rebuilt_from_its_config():
  layer = normalization.BatchNormalization(momentum=0.8, scale=False)
  rebuilt = keras.layers.deserialize(keras.layers.serialize(layer))
  assert rebuilt.get_config() == layer.get_config()


@pytest.mark.parametrize("precision, ours", [
    ("float32", False), ("bfloat16", True)])
def test_what_is_saved_in_float32_needs_keras_alone(
    precision, ours, tmp_path):
  model = registry.build("inception_small", precision=precision)
  images = np.random.default_rng(0).normal(
      size=(4, 28, 28, 3)).astype(np.float32)
  model(images, training=True)  # Moves the statistics.
  saved = normalization.with_layers_of_keras(model)
  assert saved.name == model.name
  np.testing.assert_array_equal(saved(images), model(images))
  saved.save(tmp_path / "network.keras")
  with zipfile.ZipFile(tmp_path / "network.keras") as file:
    config = json.loads(file.read("config.json"))
  assert ("rethink_tf" in json.dumps(config)) == ours

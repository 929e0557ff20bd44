"""Tests of inception_v3: Keras's own implementation, and the package's head."""

import functools
import re

import keras
import numpy as np
import pytest

from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.training import losses

_SIZE = (299, 299, 3)
_SMALL = (96, 96, 3)


@functools.cache
def _build(shape, classes=1000, **options):
  return registry.build("inception_v3", shape, classes, **options)


@functools.cache
def _library(shape):
  """Keras's Inception V3, which ends in logits as ours does."""
  return keras.applications.InceptionV3(
      weights=None, input_shape=shape, classes=1000,
      classifier_activation=None)


def _layers(model, kind):
  return [layer for layer in model.layers if isinstance(layer, kind)]


def _by_number(model, kind, base):
  """Keras's unnamed layers, in the order in which they were made."""
  def number(layer):
    return int(re.fullmatch(base + r"(?:_(\d+))?", layer.name)[1] or 0)

  return sorted(_layers(model, kind), key=number)


def _in_order(model, kind):
  """Our layers, branch after branch from the first block to the last."""
  def place(layer):
    numbers = tuple(map(int, re.findall(r"\d+", layer.name)))
    return ("stem" not in layer.name, numbers)

  return sorted(_layers(model, kind), key=place)


def _count(weights):
  return sum(int(np.prod(w.shape)) for w in weights)


def _shapes(model):
  return sorted(tuple(w.shape) for w in model.weights)


def test_the_weights_are_as_many_as_in_keras():
  ours, library = _build(_SIZE), _library(_SIZE)
  assert _count(ours.trainable_weights) == 23_817_352
  assert _count(ours.weights) == 23_851_784
  assert _count(library.trainable_weights) == 23_817_352
  assert _count(library.weights) == 23_851_784
  assert _shapes(ours) == _shapes(library)


def test_the_maps_are_35_17_and_8_wide():
  model = _build(_SIZE)
  blocks = [model.get_layer(f"mixed{i}_merge").output.shape[1:]
            for i in range(11)]
  assert blocks == [
      (35, 35, 256), (35, 35, 288), (35, 35, 288),
      *5 * [(17, 17, 768)],
      (8, 8, 1280), (8, 8, 2048), (8, 8, 2048)]
  assert model.input_shape == (None, 299, 299, 3)
  assert model.output_shape == (None, 1000)


@pytest.mark.parametrize("shape", [_SMALL, (107, 75, 3)])
def test_the_logits_are_those_of_keras_with_the_same_weights(shape):
  ours, library = _build(shape), _library(shape)
  generator = np.random.default_rng(0)
  pairs = [
      *zip(_in_order(ours, keras.layers.Conv2D),
           _by_number(library, keras.layers.Conv2D, "conv2d"), strict=True),
      *zip(_in_order(ours, keras.layers.BatchNormalization),
           _by_number(library, keras.layers.BatchNormalization,
                      "batch_normalization"), strict=True),
      (ours.layers[-1], library.layers[-1]),
  ]
  before = ours.get_weights()
  for mine, other in pairs:
    weights = mine.get_weights()
    if isinstance(mine, keras.layers.BatchNormalization):
      weights = [generator.uniform(0.5, 1.5, w.shape) for w in weights]
    else:  # Each kernel keeps the scale of what it reads.
      weights = [generator.normal(size=w.shape) * np.sqrt(
          2 / max(1, np.prod(w.shape[:-1]))) for w in weights]
    mine.set_weights(weights)
    other.set_weights(weights)
  x = generator.normal(size=(2, *shape)).astype(np.float32)
  expected = keras.ops.convert_to_numpy(library(x))
  logits = keras.ops.convert_to_numpy(ours(x))
  ours.set_weights(before)
  assert expected.std() > 0.1
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-4)


def test_smaller_images_give_a_smaller_last_map_and_the_same_weights():
  model = _build(_SMALL)
  assert model.get_layer("mixed10_merge").output.shape[1:] == (1, 1, 2048)
  assert model.output_shape == (None, 1000)
  assert _shapes(model) == _shapes(_build(_SIZE))


@pytest.mark.parametrize("shape", [(74, 299, 3), (299, 74, 3), (28, 28, 3)])
def test_too_small_images_are_refused(shape):
  with pytest.raises(ValueError, match=(
      f"at least 75x75. Received: {shape[0]}x{shape[1]}")):
    registry.build("inception_v3", shape)


def test_every_convolution_is_normalized_and_has_no_bias():
  model = _build(_SMALL)
  convolutions = _layers(model, keras.layers.Conv2D)
  norms = _layers(model, keras.layers.BatchNormalization)
  relus = _layers(model, keras.layers.ReLU)
  assert len(convolutions) == 94
  assert not any(layer.use_bias for layer in convolutions)
  assert {id(norm.input) for norm in norms} == {
      id(layer.output) for layer in convolutions}
  assert {id(relu.input) for relu in relus} == {
      id(norm.output) for norm in norms}
  assert {(norm.momentum, norm.epsilon, norm.center, norm.scale)
          for norm in norms} == {(0.9997, 0.001, True, False)}


def test_the_decay_of_batch_normalization_is_an_option():
  norms = _layers(
      _build(_SMALL, 10, batch_norm_decay=0.9),
      keras.layers.BatchNormalization)
  assert {norm.momentum for norm in norms} == {0.9}


def _deviation(stddev):
  """Of a normal number drawn again beyond two standard deviations."""
  # 1 - 2 * 2 * phi(2) / (Phi(2) - Phi(-2)), with phi(2) = 0.0539909665.
  return stddev * np.sqrt(1 - 4 * 0.0539909665 / 0.9544997361)


def test_initial_kernels_are_the_packages_truncated_normals():
  model = _build((139, 139, 3), aux_head=True)
  others = {"aux_2_conv": 0.01, "logits": 0.01, "aux_logits": 0.001}
  for layer in _layers(model, (keras.layers.Conv2D, keras.layers.Dense)):
    kernel = keras.ops.convert_to_numpy(layer.kernel).astype(np.float64)
    stddev = others.pop(layer.name, 0.1)
    assert 1.7 * stddev < np.abs(kernel).max() <= 2.0001 * stddev
    # The deviation of n such numbers is itself off by less than 1 / sqrt(2n).
    error = 4 / np.sqrt(2 * kernel.size)
    np.testing.assert_allclose(
        kernel.std(), _deviation(stddev), rtol=error, err_msg=layer.name)
  assert not others


def test_the_auxiliary_head_is_the_packages():
  model = _build(_SIZE, aux_head=True)
  assert model.output.shape == (None, 2000)
  logits, auxiliary = model.get_layer("heads").input
  assert logits is model.get_layer("logits").output
  assert auxiliary is model.get_layer("aux_logits").output
  shapes = {
      "aux_pool": (5, 5, 768), "aux_1_relu": (5, 5, 128),
      "aux_2_relu": (1, 1, 768), "aux_flatten": (768,), "aux_logits": (1000,)}
  assert {name: model.get_layer(name).output.shape[1:]
          for name in shapes} == shapes
  pool = model.get_layer("aux_pool")
  assert (pool.pool_size, pool.strides, pool.padding) == (
      (5, 5), (3, 3), "valid")
  assert pool.input is model.get_layer("mixed7_merge").output
  assert model.get_layer("aux_1_conv").kernel.shape == (1, 1, 768, 128)
  assert model.get_layer("aux_2_conv").kernel.shape == (5, 5, 128, 768)
  # Two convolutions and their offsets, and a linear layer.
  head = 768 * 128 + 128 + 25 * 128 * 768 + 768 + 768 * 1000 + 1000
  assert head == 3_325_800
  assert _count(model.trainable_weights) == 23_817_352 + head


def test_the_auxiliary_heads_kernel_covers_a_smaller_map():
  model = _build((139, 139, 3), aux_head=True)  # (7, 7), pooled to (1, 1).
  assert model.get_layer("mixed7_merge").output.shape[1:3] == (7, 7)
  assert model.get_layer("aux_2_conv").kernel.shape == (1, 1, 128, 768)


def test_the_auxiliary_head_refuses_a_map_that_it_cannot_pool():
  with pytest.raises(ValueError, match="at least 5x5 .* Received: 4x4"):
    registry.build("inception_v3", _SMALL, aux_head=True)


def test_the_auxiliary_head_leaves_the_rest_as_it_was():
  plain, headed = _build((139, 139, 3)), _build((139, 139, 3), aux_head=True)
  x = np.random.default_rng(0).normal(size=(1, 139, 139, 3))
  np.testing.assert_array_equal(headed(x)[:, :1000], plain(x))


def test_both_ends_are_trained_at_once():
  shape = (139, 139, 3)
  model = registry.build("inception_v3", shape, 3, aux_head=True)
  loss = losses.build(training_flags.Config(aux_head=True))
  model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
  before = [w.numpy() for w in model.trainable_weights]
  x = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
  y = np.array([0, 2])
  model.train_on_batch(x, y)
  still = [w.path for w, old in zip(model.trainable_weights, before)
           if np.array_equal(w.numpy(), old)]
  assert not still


def test_weight_decay_penalizes_every_kernel_and_nothing_else():
  model = _build((139, 139, 3), weight_decay=0.00002, aux_head=True)
  kernels = [keras.ops.convert_to_numpy(w).astype(np.float64)
             for w in model.trainable_weights if w.name == "kernel"]
  assert len(kernels) == len(model.losses) == 94 + 2 + 2
  np.testing.assert_allclose(
      sum(float(loss) for loss in model.losses),
      0.00002 * sum((kernel**2).sum() for kernel in kernels), rtol=1e-5)
  assert not _build((139, 139, 3), aux_head=True).losses


def test_dropout_stands_before_the_logits_alone():
  model = _build(_SMALL, dropout=0.2)
  dropout, = _layers(model, keras.layers.Dropout)
  assert dropout.rate == 0.2
  assert dropout.input is model.get_layer("mean").output
  assert model.get_layer("logits").input is dropout.output
  assert not _layers(_build(_SMALL), keras.layers.Dropout)


def test_initial_weights_depend_on_the_seed_alone():
  plain = _build(_SMALL).get_weights()
  for options in ({"weight_decay": 0.001}, {"dropout": 0.5}):
    for one, another in zip(
        plain, _build(_SMALL, **options).get_weights(), strict=True):
      np.testing.assert_array_equal(one, another)
  moved = [name for name, one, another in zip(
      [w.path for w in _build(_SMALL).weights], plain,
      _build(_SMALL, seed=2).get_weights(), strict=True)
      if np.any(one != another)]
  assert len(moved) == 94 + 1
  assert all(name.endswith("kernel") for name in moved)


def test_no_other_model_takes_its_options():
  with pytest.raises(TypeError, match="aux_head"):
    registry.build("mlp_1x512", aux_head=True)

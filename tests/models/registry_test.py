"""Tests of registry and the architectures: Table 1's counts and Figure 3."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from rethink_tf.models import registry

# Trainable weights as Table 1 prints them.
_PARAMETERS = {
    "inception_small": 1_649_402,
    "inception_small_no_bn": 1_649_402,
    "alexnet_small": 1_387_786,
    "mlp_1x512": 1_209_866,
    "mlp_3x512": 1_735_178,
}
_OF_PAPER = tuple(_PARAMETERS)
# Of networks that the paper did not have: the usual count of ResNet-18 for
# CIFAR-10, and of the vision transformer as worked out here.
_PARAMETERS |= {
    "resnet18": 11_173_962,
    "vit_tiny": (
        4 * 4 * 3 * 192 + 192 + 49 * 192  # Patches and positions.
        + 6 * (2 * 2 * 192  # Normalization, twice a block.
               + 192 * 3 * 192 + 3 * 192 + 192 * 192 + 192  # Attention.
               + 2 * 192 * 768 + 768 + 192)
        + 2 * 192 + 192 * 10 + 10),
}
_MODELS = list(_PARAMETERS)


@pytest.fixture(name="build", scope="module")
def _build():
  """`registry.build`, each model made once for all the tests here."""
  made = {}

  def build(name, **options):
    key = (name, *sorted(options.items()))
    if key not in made:
      made[key] = registry.build(name, **options)
    return made[key]

  return build


def _layers(model, kind):
  return [layer for layer in model.layers if isinstance(layer, kind)]


def _kernels(model):
  return [keras.ops.convert_to_numpy(w).astype(np.float64)
          for w in model.trainable_weights if w.name == "kernel"]


def _output(model, layer):
  return model.get_layer(layer).output.shape[1:]


def test_a_models_file_is_read_for_its_names_without_keras():
  code = ("import sys; from rethink_tf.models import registry; "
          "print(*registry.models()); assert 'keras' not in sys.modules")
  printed = subprocess.run(
      [sys.executable, "-c", code], capture_output=True, text=True, check=True,
      env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
  assert tuple(printed.stdout.split()) == tuple(registry.models())
  # Inception V3, the network for ImageNet, has a test file of its own.
  assert set(registry.models()) == {*_PARAMETERS, "inception_v3"}
  assert set(registry.names()) == set(_PARAMETERS)
  assert registry.names()[:len(_OF_PAPER)] == _OF_PAPER
  assert registry.names(photographs=True) == ("inception_v3",)


def test_what_a_file_says_of_its_parameters_is_so():
  assert {name: registry.models()[name].parameters for name in _MODELS} == (
      _PARAMETERS)


def test_an_unknown_name_is_a_key_error():
  with pytest.raises(KeyError, match="resnet19"):
    registry.build("resnet19")


@pytest.mark.parametrize("name", _MODELS)
def test_trainable_weights_are_as_many_as_in_table_1(build, name):
  model = build(name)
  assert sum(np.prod(w.shape) for w in model.trainable_weights) == (
      _PARAMETERS[name])
  assert model.input_shape == (None, 28, 28, 3)
  assert model.output_shape == (None, 10)
  assert model.name == name


def test_a_transformer_takes_whole_patches_alone():
  with pytest.raises(ValueError, match="multiple of 4 pixels.*30"):
    registry.build("vit_tiny", (28, 30, 3))


@pytest.mark.parametrize("name", _MODELS)
def test_the_output_is_logits_of_a_linear_layer(build, name):
  last = build(name).layers[-1]
  assert isinstance(last, keras.layers.Dense)
  assert last.activation is keras.activations.linear
  assert last.use_bias


def test_inception_has_the_blocks_of_figure_3(build):
  model = build("inception_small")
  # Channels are those of both branches, or of the convolution and its input.
  blocks = {
      "stem_3x3_relu": (28, 28, 96),
      "inception1_merge": (28, 28, 32 + 32),
      "inception2_merge": (28, 28, 32 + 48),
      "downsample3_merge": (14, 14, 80 + 80),
      "inception4_merge": (14, 14, 112 + 48),
      "inception5_merge": (14, 14, 96 + 64),
      "inception6_merge": (14, 14, 80 + 80),
      "inception7_merge": (14, 14, 48 + 96),
      "downsample8_merge": (7, 7, 96 + 144),
      "inception9_merge": (7, 7, 176 + 160),
      "inception10_merge": (7, 7, 176 + 160),
      "mean": (336,),
  }
  assert {name: _output(model, name) for name in blocks} == blocks
  assert [layer.name for layer in _layers(model, keras.layers.Concatenate)] == [
      name for name in blocks if name.endswith("merge")]


def test_inceptions_branches_are_1x1_and_3x3_of_the_same_input(build):
  model = build("inception_small")
  for size in (1, 3):
    conv = model.get_layer(f"inception4_{size}x{size}_conv")
    assert conv.kernel_size == (size, size)
    assert conv.input is model.get_layer("downsample3_merge").output
  assert model.get_layer("inception4_1x1_conv").filters == 112
  assert model.get_layer("inception4_3x3_conv").filters == 48


def test_inceptions_downsampling_joins_a_strided_convolution_and_a_pool(build):
  model = build("inception_small")
  conv = model.get_layer("downsample3_3x3_conv")
  pool = model.get_layer("downsample3_pool")
  assert (conv.kernel_size, conv.strides, conv.filters) == ((3, 3), (2, 2), 80)
  assert (pool.pool_size, pool.strides) == ((3, 3), (2, 2))
  assert conv.input is pool.input


def test_inception_normalizes_every_convolution_and_has_no_bias(build):
  model = build("inception_small")
  convolutions = _layers(model, keras.layers.Conv2D)
  norms = _layers(model, keras.layers.BatchNormalization)
  assert len(convolutions) == 1 + 8 * 2 + 2
  assert not any(layer.use_bias for layer in convolutions)
  assert [norm.input for norm in norms] == [c.output for c in convolutions]
  for norm in norms:
    assert (norm.momentum, norm.epsilon) == (0.9, 0.001)
    assert (norm.center, norm.scale) == (True, False)
  relus = _layers(model, keras.layers.ReLU)
  assert [relu.input for relu in relus] == [norm.output for norm in norms]


def test_inception_without_batch_norm_has_biases_instead(build):
  model = build("inception_small_no_bn")
  convolutions = _layers(model, keras.layers.Conv2D)
  assert len(convolutions) == 19
  assert all(layer.use_bias for layer in convolutions)
  assert not _layers(model, keras.layers.BatchNormalization)
  relus = _layers(model, keras.layers.ReLU)
  assert [relu.input for relu in relus] == [c.output for c in convolutions]


def test_alexnet_is_two_modules_and_two_hidden_layers(build):
  model = build("alexnet_small")
  kinds = [type(layer).__name__ for layer in model.layers]
  assert kinds == [
      "InputLayer",
      "Conv2D", "MaxPooling2D", "LocalResponseNormalization",
      "Conv2D", "MaxPooling2D", "LocalResponseNormalization",
      "Flatten", "Dense", "Dense", "Dense"]
  assert [layer.output.shape[1:] for layer in model.layers[1:]] == [
      (28, 28, 64), (14, 14, 64), (14, 14, 64),
      (14, 14, 64), (7, 7, 64), (7, 7, 64), (3136,), (384,), (192,), (10,)]
  for layer in _layers(model, keras.layers.Conv2D):
    assert (layer.kernel_size, layer.strides) == ((5, 5), (1, 1))
  for layer in _layers(model, keras.layers.MaxPooling2D):
    assert (layer.pool_size, layer.strides) == ((3, 3), (2, 2))


@pytest.mark.parametrize("name, hidden", [("mlp_1x512", 1), ("mlp_3x512", 3)])
def test_mlps_are_hidden_layers_of_512_on_the_flattened_input(
    build, name, hidden):
  model = build(name)
  shapes = [layer.output.shape[1:] for layer in model.layers[1:]]
  assert shapes == [(2352,), *hidden * [(512,)], (10,)]


@pytest.mark.parametrize("name", ["mlp_1x512", "mlp_3x512"])
def test_an_mlp_computes_what_numpy_does(build, name):
  model = build(name)
  x = np.random.default_rng(0).normal(size=(3, 28, 28, 3)).astype(np.float32)
  expected = x.reshape(3, -1).astype(np.float64)
  for layer in model.layers[2:]:
    kernel, bias = (w.astype(np.float64) for w in layer.get_weights())
    expected = expected @ kernel + bias
    if layer is not model.layers[-1]:
      expected = np.maximum(expected, 0)
  np.testing.assert_allclose(
      keras.ops.convert_to_numpy(model(x)), expected, atol=1e-4)


@pytest.mark.parametrize("name", [
    "alexnet_small", "inception_small", "inception_small_no_bn"])
def test_every_convolution_and_pool_pads_with_same(build, name):
  windows = _layers(
      build(name), (keras.layers.Conv2D, keras.layers.MaxPooling2D))
  assert len(windows) == {"alexnet_small": 4}.get(name, 21)
  assert {layer.padding for layer in windows} == {"same"}


@pytest.mark.parametrize("name", _MODELS)
def test_weight_decay_penalizes_every_kernel_and_nothing_else(build, name):
  model = build(name, weight_decay=0.001)
  kernels = _kernels(model)
  expected = 0.001 * sum((kernel**2).sum() for kernel in kernels)
  penalty = sum(float(loss) for loss in model.losses)
  np.testing.assert_allclose(penalty, expected, rtol=1e-5)
  # Every layer with weights of its own has one kernel, normalization none.
  assert len(model.losses) == len(kernels) == len(
      _layers(model, (keras.layers.Dense, keras.layers.Conv2D)))
  assert not build(name).losses


@pytest.mark.parametrize("name", _MODELS)
def test_dropout_stands_before_the_last_linear_layer_alone(build, name):
  model = build(name, dropout=0.5)
  dropout, = _layers(model, keras.layers.Dropout)
  assert dropout.rate == 0.5
  assert model.layers[-1].input is dropout.output
  assert not _layers(build(name), keras.layers.Dropout)


@pytest.mark.parametrize("name", _MODELS)
def test_options_leave_the_initial_weights_alone(build, name):
  plain = build(name).get_weights()
  for options in ({"weight_decay": 0.001}, {"dropout": 0.5}):
    other = build(name, **options).get_weights()
    for one, another in zip(plain, other, strict=True):
      np.testing.assert_array_equal(one, another)


def test_the_seed_moves_every_kernel(build):
  for first, second in zip(_kernels(build("alexnet_small")),
                           _kernels(build("alexnet_small", seed=2))):
    assert np.abs(first - second).max() > 0


def test_layers_of_the_same_name_start_the_same_in_both_inceptions(build):
  normalized, biased = build("inception_small"), build("inception_small_no_bn")
  for one, another in zip(_kernels(normalized), _kernels(biased), strict=True):
    np.testing.assert_array_equal(one, another)


@pytest.mark.parametrize("name", _MODELS)
def test_another_number_of_classes_changes_the_last_layer_only(build, name):
  model = build(name, num_classes=100)
  assert model.output_shape == (None, 100)
  shapes = [w.shape for w in model.weights]
  expected = [w.shape for w in build(name).weights]
  assert shapes[:-2] == expected[:-2]

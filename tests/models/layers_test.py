"""Tests of layers: initial weights, penalties, dropout, and normalization."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rethink_tf.models import layers


def _kernel(layer, shape):
  layer.build(shape)
  return keras.ops.convert_to_numpy(layer.kernel)


def _normalized(x, radius, bias, alpha, beta):
  """Krizhevsky et al. (2012), Section 3.3, one channel after the other."""
  result = np.empty_like(x)
  channels = x.shape[-1]
  for index in np.ndindex(x.shape[:-1]):
    for channel in range(channels):
      total = 0.0
      for other in range(max(0, channel - radius),
                         min(channels, channel + radius + 1)):
        total += x[index][other] ** 2
      divisor = (bias + alpha * total) ** beta
      result[index][channel] = x[index][channel] / divisor
  return result


@pytest.mark.parametrize("channels, radius, bias, alpha, beta", [
    (64, 4, 1.0, 0.001 / 9, 0.75), (7, 4, 1.0, 0.1, 0.75),
    (3, 1, 2.0, 0.5, 0.5), (5, 0, 1.0, 1.0, 1.0)])
def test_local_response_normalization_agrees_with_loops_and_tensorflow(
    channels, radius, bias, alpha, beta):
  x = np.random.default_rng(0).normal(size=(2, 3, 2, channels)) * 10
  layer = layers.LocalResponseNormalization(radius, bias, alpha, beta)
  result = keras.ops.convert_to_numpy(layer(x.astype(np.float32)))
  np.testing.assert_allclose(
      result, _normalized(x, radius, bias, alpha, beta), rtol=2e-5)
  # TensorFlow's formula is the same, and its alpha is not divided by the size.
  np.testing.assert_allclose(
      result,
      tf.nn.local_response_normalization(
          x.astype(np.float32), radius, bias, alpha, beta),
      rtol=2e-5)


def test_local_response_normalization_by_hand():
  # Radius 1: the sums of squares are 1+4, 1+4+9 and 4+9.
  layer = layers.LocalResponseNormalization(1, 1.0, 1.0, 1.0)
  result = layer(np.array([[[[1.0, 2.0, 3.0]]]], np.float32))
  np.testing.assert_allclose(
      result[0, 0, 0], [1 / 6, 2 / 15, 3 / 14], rtol=1e-6)


def _with_gradient(layer, x, slopes):
  x = tf.constant(x)
  with tf.GradientTape() as tape:
    tape.watch(x)
    result = layer(x)
  return result.numpy(), tape.gradient(result, x, slopes).numpy()


@pytest.mark.parametrize("alpha", [0.001 / 9, 0.1])
def test_local_response_normalizations_gradient_is_that_of_the_formula(alpha):
  generator = np.random.default_rng(3)
  x, slopes = generator.normal(size=(2, 4, 3, 2, 64)) * [[[[[9]]]], [[[[1]]]]]
  layer = layers.LocalResponseNormalization(alpha=alpha)
  _, gradient = _with_gradient(
      layer, x.astype(np.float32), slopes.astype(np.float32))
  band = np.abs(np.subtract.outer(range(64), range(64))) <= 4
  base = 1 + alpha * (x**2 @ band)
  expected = slopes / base**0.75 - 2 * alpha * 0.75 * x * (
      (slopes * x / base**1.75) @ band)
  np.testing.assert_allclose(
      gradient, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())


def test_local_response_normalization_is_the_same_however_a_batch_is_divided():
  """To the bit: an image of 21 numbers leaves a rest in vector registers."""
  x, slopes = np.random.default_rng(4).normal(
      size=(2, 9, 1, 3, 7)).astype(np.float32) * 9
  layer = layers.LocalResponseNormalization(alpha=0.1)
  whole = _with_gradient(layer, x, slopes)
  for size in (1, 2, 4):
    parts = [_with_gradient(layer, x[i:i + size], slopes[i:i + size])
             for i in range(0, 9, size)]
    for of_parts, of_whole in zip(zip(*parts), whole, strict=True):
      np.testing.assert_array_equal(np.concatenate(of_parts), of_whole)


def _plain_normalization(x):
  """The formula alone: TensorFlow derives it, as often as it is asked to."""
  band = np.abs(np.subtract.outer(range(7), range(7))) <= 4
  return x * (1 + 0.1 * tf.square(x) @ tf.constant(band, x.dtype)) ** -0.75


def test_local_response_normalization_is_derived_twice_and_along_a_direction():
  """As the Hessian and the slopes of rethink_tf/measures are."""
  x, direction = tf.constant(np.random.default_rng(5).normal(
      size=(2, 2, 3, 4, 7)).astype(np.float32) * 3)
  derived = []
  for normalize in (
      layers.LocalResponseNormalization(alpha=0.1), _plain_normalization):
    with tf.GradientTape() as outer:
      outer.watch(x)
      with tf.GradientTape() as inner:
        inner.watch(x)
        loss = tf.reduce_sum(normalize(x) ** 2)
      slope = tf.reduce_sum(inner.gradient(loss, x) * direction)
    with tf.autodiff.ForwardAccumulator(x, direction) as along:
      outputs = normalize(x)
    derived.append((outer.gradient(slope, x), along.jvp(outputs)))
  for array, expected in zip(*derived, strict=True):
    np.testing.assert_allclose(
        array, expected, atol=1e-6 * np.abs(expected).max(), rtol=1e-5)


def test_local_response_normalizations_defaults_are_the_tutorials_of_2016():
  layer = layers.LocalResponseNormalization()
  assert (layer.depth_radius, layer.bias, layer.beta) == (4, 1.0, 0.75)
  assert layer.alpha == pytest.approx(0.001 / 9)
  assert not layer.weights


def test_local_response_normalization_is_rebuilt_from_its_config():
  layer = layers.LocalResponseNormalization(2, 3.0, 0.5, 0.25, name="norm")
  again = layers.LocalResponseNormalization.from_config(layer.get_config())
  assert (again.depth_radius, again.bias, again.alpha, again.beta) == (
      2, 3.0, 0.5, 0.25)
  assert again.name == "norm"


def test_initial_weights_depend_on_seed_and_layer_name_alone():
  def kernel(seed, name, decay=0.0):
    return _kernel(layers.Style(seed, decay).dense(4, name), (None, 3))

  first = kernel(1, "hidden1")
  layers.Style(1, 0.0).dense(9, "other").build((None, 9))
  keras.utils.set_random_seed(99)
  np.testing.assert_array_equal(kernel(1, "hidden1", decay=0.1), first)
  assert np.abs(kernel(1, "hidden2") - first).max() > 0.01
  assert np.abs(kernel(2, "hidden1") - first).max() > 0.01


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_initial_weights_are_glorot_uniform(kind):
  style = layers.Style(1, 0.0)
  if kind == "dense":
    kernel = _kernel(style.dense(500, "logits"), (None, 300))
    limit = np.sqrt(6 / (300 + 500))
  else:
    kernel = _kernel(style.conv(64, 5, "conv"), (None, 28, 28, 32))
    limit = np.sqrt(6 / (25 * 32 + 25 * 64))
  assert 0.999 * limit < np.abs(kernel).max() <= limit
  # The mean of n uniform numbers has deviation limit / sqrt(3 n).
  assert abs(kernel.mean()) < 4 * limit / np.sqrt(3 * kernel.size)
  np.testing.assert_allclose(kernel.std(), limit / np.sqrt(3), rtol=0.01)


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_deviation_makes_initial_weights_truncated_normal(kind):
  def kernel(seed=1):
    style = layers.Style(seed, 0.0)
    if kind == "dense":
      return _kernel(style.dense(500, "x", stddev=0.2), (None, 300))
    return _kernel(style.conv(64, 5, "x", stddev=0.2), (None, 28, 28, 32))

  # Cut off at 0.4, which leaves the deviation 0.2 * 0.87962566.
  assert 0.399 < np.abs(kernel()).max() <= 0.4 * (1 + 1e-6)
  assert abs(kernel().mean()) < 4 * 0.2 / np.sqrt(kernel().size)
  np.testing.assert_allclose(kernel().std(), 0.2 * 0.87962566, rtol=0.01)
  np.testing.assert_array_equal(kernel(), kernel())
  assert np.abs(kernel(2) - kernel()).max() > 0.1


def test_biases_start_at_0():
  layer = layers.Style(1, 0.0).dense(4, "hidden1")
  layer.build((None, 3))
  np.testing.assert_array_equal(layer.bias, np.zeros(4))


def test_the_penalty_is_lambda_times_the_squared_norm_of_the_kernel():
  style = layers.Style(1, 0.25)
  for layer, shape in ((style.dense(4, "a"), (None, 3)),
                       (style.conv(4, 3, "b"), (None, 8, 8, 2))):
    kernel = _kernel(layer, shape).astype(np.float64)
    layer.bias.assign(np.full(4, 100.0))  # Which must not count.
    penalty, = layer.losses
    np.testing.assert_allclose(
        float(penalty), 0.25 * (kernel**2).sum(), rtol=1e-6)


def test_without_weight_decay_there_is_no_penalty():
  layer = layers.Style(1, 0.0).conv(4, 3, "b")
  layer.build((None, 8, 8, 2))
  assert not layer.losses


def test_convolutions_pad_so_that_the_size_stays():
  layer = layers.Style(1, 0.0).conv(4, 5, "conv")
  assert layer.compute_output_shape((None, 28, 28, 3)) == (None, 28, 28, 4)


def test_convolutions_pad_with_nothing_where_that_is_asked_for():
  layer = layers.Style(1, 0.0).conv(4, (5, 1), "conv", padding="valid")
  assert layer.compute_output_shape((None, 28, 28, 3)) == (None, 24, 28, 4)


def test_dropout_zeroes_its_rate_and_scales_the_rest_up():
  inputs = keras.Input((20_000,))
  model = keras.Model(inputs, layers.dropout(inputs, 0.3, seed=1))
  ones = np.ones((1, 20_000), np.float32)
  trained = keras.ops.convert_to_numpy(model(ones, training=True))[0]
  dropped = (trained == 0).mean()
  assert abs(dropped - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 20_000)
  np.testing.assert_allclose(trained[trained > 0], 1 / 0.7, rtol=1e-6)
  np.testing.assert_array_equal(model(ones, training=False), ones)


def test_dropout_at_rate_0_adds_no_layer():
  inputs = keras.Input((4,))
  assert layers.dropout(inputs, 0.0, seed=1) is inputs


def test_attention_is_that_of_each_head_worked_out_alone():
  heads, places, width = 3, 5, 12
  x = np.random.default_rng(1).normal(size=(2, places, 3 * width))
  result = keras.ops.convert_to_numpy(
      layers.Attention(heads)(x.astype(np.float32)))
  for example in range(2):
    for head in range(heads):
      part = slice(head * width // heads, (head + 1) * width // heads)
      query, key, value = (
          x[example, :, i * width:(i + 1) * width][:, part] for i in range(3))
      scores = np.exp(query @ key.T / np.sqrt(width // heads))
      expected = scores / scores.sum(axis=1, keepdims=True) @ value
      np.testing.assert_allclose(
          result[example, :, part], expected, rtol=1e-4, atol=1e-5)


def test_positions_are_added_to_every_example_and_drawn_by_the_seed():
  style = layers.Style(seed=1, weight_decay=0.0)
  layer = style.positions("positions", stddev=0.02)
  x = np.zeros((2, 3, 4), np.float32)
  added = keras.ops.convert_to_numpy(layer(x))
  np.testing.assert_array_equal(added[0], added[1])
  assert 0 < np.abs(added).max() <= 0.04 + 1e-6
  again = style.positions("positions", stddev=0.02)
  again.build(x.shape)
  np.testing.assert_array_equal(
      keras.ops.convert_to_numpy(again.positions),
      keras.ops.convert_to_numpy(layer.positions))


def test_a_transformers_queries_keys_and_values_begin_different():
  layer = layers.Style(seed=1, weight_decay=0.0).dense(12, "qkv", stddev=0.02)
  kernel = _kernel(layer, (None, 4))
  query, key, value = kernel[:, :4], kernel[:, 4:8], kernel[:, 8:]
  assert (query != key).all() and (key != value).all()


@pytest.mark.parametrize("layer", [
    layers.Attention(2), layers.AddPositions("zeros")])
def test_the_transformers_layers_are_rebuilt_from_their_config(layer):
  rebuilt = keras.layers.deserialize(keras.layers.serialize(layer))
  assert rebuilt.get_config() == layer.get_config()

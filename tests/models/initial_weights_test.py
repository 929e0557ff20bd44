"""Tests of initial_weights: the numbers that TensorFlow draws."""

import keras
import numpy as np
import pytest

from rethink_tf.models import initial_weights
from rethink_tf.models import registry
from rethink_tf.models import state

_SHAPES = [(3, 3, 5, 7), (2352, 64), (7, 5), (1, 1, 10, 3)]
# The last is what Keras, on TensorFlow, takes modulo another number.
_SEEDS = [0, 1, 123456789, 2**31 - 1]


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("seed", _SEEDS)
def test_uniform_weights_are_those_of_tensorflow_to_the_bit(shape, seed):
  initializer = keras.initializers.GlorotUniform(seed=seed)
  drawn = initial_weights.draw(initializer, shape)
  assert drawn.dtype == np.float32
  np.testing.assert_array_equal(drawn, np.asarray(initializer(shape)))


@pytest.mark.parametrize("shape", _SHAPES)
@pytest.mark.parametrize("seed", _SEEDS)
def test_normal_weights_are_those_of_tensorflow_but_for_rounding(shape, seed):
  initializer = keras.initializers.TruncatedNormal(stddev=0.1, seed=seed)
  drawn = initial_weights.draw(initializer, shape)
  np.testing.assert_allclose(
      drawn, np.asarray(initializer(shape)), rtol=5e-7, atol=1e-9)
  assert np.abs(drawn).max() < 0.2


@pytest.mark.parametrize("name", registry.names())
def test_a_model_drawn_anew_is_the_one_that_tensorflow_has(name):
  model = registry.build(name, seed=3)
  expected = state.weights(model)
  for weight in model.trainable_weights:
    if weight.name in ("kernel", "positions"):
      weight.assign(np.zeros(weight.shape))
  initial_weights.redraw(model)
  for path, array in state.weights(model).items():
    np.testing.assert_allclose(array, expected[path], rtol=5e-7, atol=1e-9)


def test_another_initializer_is_refused():
  with pytest.raises(TypeError, match="expected GlorotUniform.*Zeros"):
    initial_weights.draw(keras.initializers.Zeros(), (2, 3))

"""Tests of optimizers: each step against NumPy, and the state that goes on."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rethink_tf.training import optimizers

_RATE = 0.1
_MODELS = ("inception_small", "inception_v3")


def _variable(values, name):
  return keras.Variable(np.array(values), dtype="float32", name=name)


def _variables():
  """Two weights whose names and shapes differ."""
  return [_variable([[1.0, -2.0, 3.0]], "kernel"),
          _variable([0.5, 0.0], "bias")]


def _gradients(steps):
  generator = np.random.default_rng(0)
  return [[generator.normal(size=(1, 3)), generator.normal(size=2) * 10]
          for _ in range(steps)]


def _built(model_name, variables, average_decay=0.0, rate=_RATE):
  optimizer = optimizers.build(model_name, rate, average_decay)
  optimizer.build(variables)
  return optimizer


def _apply(optimizer, variables, gradients):
  optimizer.apply(
      [keras.ops.convert_to_tensor(g, "float32") for g in gradients],
      variables)


def _values(variables):
  return [keras.ops.convert_to_numpy(v) for v in variables]


def _assert_close(variables, expected):
  for variable, value in zip(_values(variables), expected, strict=True):
    np.testing.assert_allclose(variable, value, rtol=2e-5, atol=1e-6)


def _rmsprop(weights, gradients, rates):
  """TensorFlow 1's RMSProp, float64: yields the weights after each step."""
  squares = [np.ones_like(w) for w in weights]
  moments = [np.zeros_like(w) for w in weights]
  for step, rate in zip(gradients, rates):
    for i, gradient in enumerate(step):
      squares[i] = 0.9 * squares[i] + 0.1 * gradient**2
      moments[i] = 0.9 * moments[i] + rate * gradient / np.sqrt(squares[i] + 1)
      weights[i] = weights[i] - moments[i]
    yield list(weights)


def _momentum(weights, gradients, rates):
  """Gradient descent with momentum, float64."""
  moments = [np.zeros_like(w) for w in weights]
  for step, rate in zip(gradients, rates):
    for i, gradient in enumerate(step):
      moments[i] = 0.9 * moments[i] - rate * gradient
      weights[i] = weights[i] + moments[i]
    yield list(weights)


def _expected(model_name, gradients, rates):
  rule = _rmsprop if model_name == "inception_v3" else _momentum
  start = [v.astype(np.float64) for v in _values(_variables())]
  return rule(start, gradients, rates)


@pytest.mark.parametrize("name", _MODELS)
def test_steps_are_those_worked_out_by_hand(name):
  variables, gradients = _variables(), _gradients(6)
  optimizer = _built(name, variables)
  rates = len(gradients) * [_RATE]
  for step, weights in zip(gradients, _expected(name, gradients, rates)):
    _apply(optimizer, variables, step)
    _assert_close(variables, weights)


def test_the_first_step_of_rmsprop_by_hand():
  # The mean square is 0.9 + 0.1 * 3**2 = 1.8, and with epsilon 2.8.
  variable = _variable([5.0], "w")
  optimizer = _built("inception_v3", [variable])
  _apply(optimizer, [variable], [np.array([3.0])])
  np.testing.assert_allclose(
      _values([variable])[0], [5 - 0.1 * 3 / 2.8**0.5], rtol=1e-6)


@pytest.mark.parametrize("name", _MODELS)
def test_the_rate_may_be_a_schedule(name):
  schedule = keras.optimizers.schedules.ExponentialDecay(
      0.4, 2, 0.5, staircase=True)
  variables, gradients = _variables(), _gradients(5)
  optimizer = _built(name, variables, rate=schedule)
  rates = [0.4, 0.4, 0.2, 0.2, 0.1]
  for step, weights in zip(gradients, _expected(name, gradients, rates)):
    _apply(optimizer, variables, step)
    _assert_close(variables, weights)


@pytest.mark.parametrize("name", _MODELS)
@pytest.mark.parametrize("decay", [0.3, 0.9999])
def test_the_average_is_that_of_tensorflow_1(name, decay):
  variables, gradients = _variables(), _gradients(8)
  expected = [v.astype(np.float64) for v in _values(variables)]
  optimizer = _built(name, variables, decay)
  _assert_close(optimizers.averages(optimizer), expected)
  rates = len(gradients) * [_RATE]
  after = _expected(name, gradients, rates)
  for t, (step, weights) in enumerate(zip(gradients, after), start=1):
    _apply(optimizer, variables, step)
    # 2/11, 3/12, 4/13 and so on; with a decay of 0.3, it from the third on.
    kept = min(decay, (1 + t) / (10 + t))
    expected = [kept * e + (1 - kept) * w for e, w in zip(expected, weights)]
    _assert_close(variables, weights)  # Which averaging leaves alone.
    _assert_close(optimizers.averages(optimizer), expected)


def test_tensorflow_1_itself_gives_the_same_weights_and_averages():
  variables = _variables()
  optimizer = _built("inception_v3", variables, 0.9999)
  theirs = [tf.Variable(v) for v in _values(variables)]
  descent = tf.compat.v1.train.RMSPropOptimizer(
      _RATE, decay=0.9, momentum=0.9, epsilon=1.0)
  updates = tf.Variable(0)
  average = tf.train.ExponentialMovingAverage(0.9999, num_updates=updates)
  average.apply(theirs)  # Makes the averages, of the initial weights.
  for step in _gradients(8):
    _apply(optimizer, variables, step)
    descent.apply_gradients(
        zip([tf.constant(g, tf.float32) for g in step], theirs))
    updates.assign_add(1)
    average.apply(theirs)
    _assert_close(variables, [v.numpy() for v in theirs])
    _assert_close(optimizers.averages(optimizer),
                  [average.average(v).numpy() for v in theirs])


def test_the_first_average_by_hand():
  # 10 - 0.1 * 10 = 9 after one step; 2/11 of the average stays at 10.
  variable = _variable([10.0], "w")
  optimizer = _built("mlp_1x512", [variable], 0.9999)
  _apply(optimizer, [variable], [np.array([10.0])])
  average, = _values(optimizers.averages(optimizer))
  np.testing.assert_allclose(average, [(2 * 10 + 9 * 9) / 11], rtol=1e-6)


def test_without_a_decay_there_is_no_average():
  for name in _MODELS:
    optimizer = _built(name, _variables())
    assert optimizers.averages(optimizer) == []
    assert not optimizer.use_ema


@pytest.mark.parametrize("name", _MODELS)
def test_averages_stand_in_the_order_of_the_weights(name):
  variables = _variables()
  # Names that sort the other way, and one that looks like an average's.
  variables.append(_variable(4 * [0.0], "a_average"))
  averages = optimizers.averages(_built(name, variables, 0.5))
  assert [tuple(a.shape) for a in averages] == [(1, 3), (2,), (4,)]
  _assert_close(averages, _values(variables))


@pytest.mark.parametrize("name", _MODELS)
def test_another_optimizer_goes_on_from_the_variables(name):
  gradients = _gradients(7)
  straight = _variables()
  optimizer = _built(name, straight, 0.9999)
  for step in gradients:
    _apply(optimizer, straight, step)

  begun = _variables()
  first = _built(name, begun, 0.9999)
  for step in gradients[:3]:
    _apply(first, begun, step)
  resumed = _variables()
  second = _built(name, resumed, 0.9999)
  assert [v.path for v in second.variables] == [
      v.path for v in first.variables]
  for old, new in zip([*first.variables, *begun],
                      [*second.variables, *resumed], strict=True):
    new.assign(old)
  for step in gradients[3:]:
    _apply(second, resumed, step)
  for one, another in (
      (resumed, straight), (second.variables, optimizer.variables)):
    for value, expected in zip(_values(one), _values(another), strict=True):
      np.testing.assert_array_equal(value, expected)


def _linear_model(optimizer):
  """Returns y = w x, with w = 1 at first, under the squared error."""
  inputs = keras.Input((1,))
  layer = keras.layers.Dense(
      1, use_bias=False, kernel_initializer="ones", name="linear")
  model = keras.Model(inputs, layer(inputs))
  model.compile(optimizer, loss="mean_squared_error")
  return model


@pytest.mark.parametrize("name", _MODELS)
def test_fit_leaves_weights_and_averages_as_its_steps_made_them(name):
  model = _linear_model(optimizers.build(name, 0.01, 0.9999))
  x = np.ones((4, 1), np.float32)
  # Two calls, as where a run goes on within an epoch.
  for epochs in (2, 3):
    model.fit(x, 3 * x, batch_size=2, epochs=epochs, verbose=0)
  rule = _rmsprop if name == "inception_v3" else _momentum
  gradients, weights, average = [], np.ones(()), np.ones(())
  for t in range(1, 11):
    gradients.append([2 * (weights - 3)])
    *_, (weights,) = rule([np.ones(())], gradients, t * [0.01])
    kept = (1 + t) / (10 + t)
    average = kept * average + (1 - kept) * weights
  kernel, = _values(model.trainable_variables)
  np.testing.assert_allclose(kernel, [[weights]], rtol=1e-5)
  averaged, = _values(optimizers.averages(model.optimizer))
  np.testing.assert_allclose(averaged, [[average]], rtol=1e-5)
  assert abs(weights - average) > 0.01


def test_only_inception_v3_has_rmsprop():
  for name in ("inception_small", "inception_small_no_bn", "alexnet_small",
               "mlp_1x512", "mlp_3x512"):
    optimizer = optimizers.build(name, _RATE)
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, False)
  optimizer = optimizers.build("inception_v3", _RATE)
  assert isinstance(optimizer, keras.optimizers.RMSprop)
  assert (optimizer.rho, optimizer.momentum, optimizer.epsilon) == (
      0.9, 0.9, 1.0)
  assert not optimizer.centered


def test_a_second_optimizer_has_the_same_name():
  for name, expected in zip(_MODELS, ("sgd", "rmsprop")):
    for _ in range(2):
      assert optimizers.build(name, _RATE).name == expected

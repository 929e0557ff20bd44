"""Tests of gradient descent in one operation, beside Keras's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rethink_tf.training import sgd

# Numbers of elements with and without a rest behind the last vector register.
_SHAPES = ((1,), (3, 5), (64,), (1001,), (7, 11, 13))


def _build(kind, dtype="float32", **kwargs):
  """Returns an optimizer and weights that are the same for every kind."""
  generator = np.random.default_rng(0)
  variables = [
      keras.Variable(
          generator.normal(size=shape), dtype=dtype, name=f"w{number}")
      for number, shape in enumerate(_SHAPES)]
  optimizer = kind(0.013, name="sgd", **kwargs)
  optimizer.build(variables)
  return optimizer, variables


def _operations(optimizer, variables):
  """Returns the kinds of TensorFlow's operations that a step consists of."""
  graph = tf.function(lambda: optimizer.apply(
      [tf.ones(v.shape) for v in variables], variables)).get_concrete_function(
          ).graph
  return [operation.type for operation in graph.get_operations()]


def _apply(optimizer, variables, steps, wrap):
  """Takes steps; returns all numbers that go on from them."""
  apply = wrap(lambda gradients: optimizer.apply(gradients, variables))
  generator = np.random.default_rng(1)
  for _ in range(steps):
    apply([tf.constant(generator.normal(size=shape), tf.float32)
           for shape in _SHAPES])
  return [v.numpy() for v in (*variables, *optimizer.variables)]


@pytest.mark.parametrize("wrap", [lambda f: f, tf.function])
@pytest.mark.parametrize("kwargs", [
    {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {},
    {"momentum": 0.9, "dtype": "float64"},
    {"momentum": 0.9, "weight_decay": 0.1, "clipnorm": 2.0}])
def test_steps_have_the_bits_of_kerass(kwargs, wrap):
  ours, theirs = (
      _apply(*_build(kind, **kwargs), 12, wrap)
      for kind in (sgd.SGD, keras.optimizers.SGD))
  for array, expected in zip(ours, theirs, strict=True):
    np.testing.assert_array_equal(array, expected)


def test_variables_are_kerass_by_name_order_and_shape():
  ours, theirs = (
      [(v.path, tuple(v.shape), v.dtype) for v in
       _build(kind, momentum=0.9)[0].variables]
      for kind in (sgd.SGD, keras.optimizers.SGD))
  assert ours == theirs


def test_a_step_is_one_operation_a_variable():
  kinds = _operations(*_build(sgd.SGD, momentum=0.9))
  assert kinds.count("ResourceApplyKerasMomentum") == len(_SHAPES)
  assert "Mul" not in kinds
  assert kinds.count("AssignVariableOp") == 1  # The number of steps.


def test_other_backends_have_kerass_operations(monkeypatch):
  monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
  kinds = _operations(*_build(sgd.SGD, momentum=0.9))
  assert "ResourceApplyKerasMomentum" not in kinds
  assert kinds == _operations(*_build(keras.optimizers.SGD, momentum=0.9))

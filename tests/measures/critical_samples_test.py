"""Tests of the critical sample ratio against what linear networks have."""

import keras
import numpy as np
import pytest

from rethink_tf.measures import critical_samples
from rethink_tf.measures import subject as subject_lib
from tests.measures import small

_R = critical_samples.RADIUS


def _make(kernel, bias, inputs):
  """Returns the `Subject` of a linear network on inputs of four pixels."""
  images = keras.Input((2, 2, 1))
  layer = keras.layers.Dense(len(bias))
  model = keras.Model(images, layer(keras.layers.Flatten()(images)))
  layer.set_weights([kernel, np.asarray(bias)])
  inputs = inputs.reshape(-1, 2, 2, 1).astype(np.float32)
  split = small.Split(inputs, np.zeros(len(inputs), int))
  return subject_lib.Subject(model, model, split)


def test_of_two_classes_and_a_linear_network_all_are_found():
  random = np.random.default_rng(3)
  # Twice as large as the change that may be made to them.
  inputs = 2 * _R * random.standard_normal((200, 4))
  kernel, bias = random.standard_normal((4, 2)), _R * np.array([0.1, -0.2])
  across = kernel[:, 0] - kernel[:, 1]
  critical = np.abs(inputs @ across + bias[0] - bias[1]) < (
      _R * np.abs(across).sum())
  assert 0.2 < critical.mean() < 0.8
  assert critical_samples.critical_sample_ratio(
      _make(kernel, bias, inputs)) == critical.mean()


def test_it_is_the_class_seen_that_counts_and_not_the_label():
  # All examples have label 0, and the second half is seen as class 1.
  inputs = np.zeros((20, 4))
  inputs[:, 0] = np.where(np.arange(20) < 10, -5, 5)
  kernel = np.array([[-1.0, 1], [0, 0], [0, 0], [0, 0]])
  assert critical_samples.critical_sample_ratio(
      _make(kernel, [0, 0], inputs)) == 0


@pytest.mark.parametrize("distance, expected", [
    (0.9 * _R, 1), (1.1 * _R, 0)])
def test_the_nearest_of_several_classes_is_found(distance, expected):
  # Class 0 ends at the distance along one axis, toward class 2; class 1 is far.
  inputs = np.zeros((12, 4))
  kernel = np.zeros((4, 3))
  kernel[:, 1] = [0, 0.01, 0, 0]
  kernel[:, 2] = [0, 0, 1, 0]
  assert critical_samples.critical_sample_ratio(
      _make(kernel, [0, -1, -distance], inputs)) == expected


def test_the_network_and_its_inputs_stay_as_they_are():
  subject, flat = small.make_subject()
  inputs = subject.split.inputs.copy()
  ratio = critical_samples.critical_sample_ratio(subject)
  assert critical_samples.critical_sample_ratio(subject) == ratio
  np.testing.assert_array_equal(subject.split.inputs, inputs)
  weights = small.split_weights(flat)
  for now, before in zip(subject.model.get_weights(), weights):
    np.testing.assert_allclose(now, before, rtol=1e-6)

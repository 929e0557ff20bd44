"""Tests of Corollary 1: depth b + 4, width n/b + 8, 2n + d + 15b weights."""

import hypothesis
from hypothesis import strategies as st
import keras
import numpy as np
import pytest

from rethink_tf import streams
from rethink_tf.flags import theory as theory_flags
from rethink_tf.theory import corollary1
from rethink_tf.theory import deep
from rethink_tf.theory import networks


def _problem(n, d=3, seed=1, low=-5):
  points = streams.uniform(n * d, seed, "points").reshape(n, d)
  return points, streams.integers(n, 10, seed, "targets") + low


@pytest.mark.parametrize("blocks", [1, 2, 3, 7, 20])
def test_the_model_takes_the_targets_with_the_stated_constants(blocks):
  points, targets = _problem(200)
  network = deep.fit(points, targets, blocks)
  model = networks.build_deep(network)
  outputs = networks.evaluate(model, points)
  assert np.abs(outputs - targets).max() <= network.error_bound
  np.testing.assert_allclose(outputs, targets, atol=1e-7)
  assert networks.depth(model) == blocks + deep.DEPTH
  assert networks.width(model) <= -(-200 // blocks) + deep.WIDTH
  assert model.count_params() == 2 * 200 + 3 + 15 * blocks


@hypothesis.settings(
    max_examples=25, deadline=None, derandomize=True, database=None)
@hypothesis.given(n=st.integers(1, 40), d=st.integers(1, 4),
                  seed=st.integers(0, 2**31 - 1), data=st.data())
def test_any_sample_in_any_number_of_blocks(n, d, seed, data):
  blocks = data.draw(st.integers(1, min(n, 6)))
  points, targets = _problem(n, d, seed, data.draw(st.sampled_from([-9, 0, 5])))
  network = deep.fit(points, targets, blocks, seed)
  outputs = networks.evaluate(networks.build_deep(network), points)
  assert np.abs(outputs - targets).max() <= network.error_bound
  np.testing.assert_array_equal(np.rint(outputs), targets)


def test_each_layer_takes_inputs_from_the_one_before_and_has_relu_units():
  points, targets = _problem(60)
  model = networks.build_deep(deep.fit(points, targets, 5))
  # Raises where a layer's inputs come from two layers.
  layers = networks.find_layers(model)
  assert sorted(set(layers.values())) == list(range(1, 5 + deep.DEPTH))
  for layer in model.layers:
    assert layer.name in layers or isinstance(
        layer, (keras.layers.InputLayer, keras.layers.Concatenate)
    ) or layer.name == "output"
  assert layers["hidden3"] == 4 and layers["value3"] == 5


def test_a_connection_that_skips_a_layer_is_found():
  x = keras.Input((2,))
  one = keras.layers.Dense(2, activation="relu")(x)
  two = keras.layers.Dense(2, activation="relu")(one)
  skipping = keras.layers.Dense(1)(keras.layers.Concatenate()([one, two]))
  with pytest.raises(ValueError, match=r"from one layer. Received: \[1, 2\]"):
    networks.find_layers(keras.Model(x, skipping))


def test_indicators_are_0_or_1_at_the_points_and_one_is_1():
  points, targets = _problem(90)
  network = deep.fit(points, targets, 6)
  model = networks.build_deep(network)
  outputs = [model.get_layer(f"indicator{j}").output for j in range(1, 7)]
  indicators = keras.Model(model.input, outputs)(points)
  values = np.concatenate([np.asarray(v) for v in indicators], axis=1)
  assert set(np.unique(values)) == {0.0, 1.0}
  np.testing.assert_array_equal(values.sum(axis=1), 1)
  np.testing.assert_array_equal(values.sum(axis=0), 15)


def test_gates_stay_below_the_constant_everywhere_on_the_line():
  # Beyond a block its network would otherwise go on with a slope of 1 / gap.
  points, targets = _problem(80, d=1)
  network = deep.fit(points, targets, 4)
  model = networks.build_deep(network)
  values = [model.get_layer(f"value{j}").output for j in range(1, 5)]
  for value in keras.Model(model.input, values)(points):
    assert float(np.asarray(value).max()) <= network.gate / 2


@pytest.mark.parametrize("blocks", [0, -1, 11])
def test_more_blocks_than_points_are_refused(blocks):
  points, targets = _problem(10)
  with pytest.raises(
      ValueError, match=f"from 1 to 10, .* Received: {blocks}"):
    deep.fit(points, targets, blocks)


def test_the_constants_hold_for_all_rows():
  rows = [
      {"blocks": 2, "n": 10, "depth": 6, "width": 9, "weights": 20 + 3 + 30},
      {"blocks": 3, "n": 10, "depth": 7, "width": 12, "weights": 20 + 3 + 45}]
  assert corollary1.find_constants(rows, 3) == {
      "depth_constant": 4, "width_constant": 8, "weights_per_block": 15}


def test_the_flags_know_the_depth():
  assert theory_flags.COROLLARY_LAYERS == deep.DEPTH

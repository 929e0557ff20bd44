"""Theorem 1 and Corollary 1 as Keras models of ReLU units, in float64."""

import keras
from keras import ops
import numpy as np

# Outputs of the widest layer computed at a time: 16 MB. Larger arrays are
# handed back to the system each time, which took longer than the arithmetic.
_NUMBERS = 2_000_000


@keras.saving.register_keras_serializable("rethink_tf")
class Thresholds(keras.layers.Layer):
  """ReLU units that share their one input: (batch, 1) -> max(z - b, 0).

  A dense layer would have n weights more, all of them 1: the direction a is the
  same for every unit of Theorem 1.

  Args:
    units: n, the number of thresholds b, the layer's only weights.
  """

  def __init__(self, units, **kwargs):
    super().__init__(**kwargs)
    self.units = units

  def build(self, input_shape):
    """Makes the weights."""
    del input_shape
    self.thresholds = self.add_weight(
        name="thresholds", shape=(self.units,), initializer="zeros")

  def call(self, inputs):
    """Returns `(batch, units)`."""
    return ops.relu(inputs - self.thresholds)

  def compute_output_shape(self, input_shape):
    """Returns the shape of what `call` returns."""
    return (*input_shape[:-1], self.units)

  def get_config(self):
    """Returns the arguments that rebuild this layer."""
    return {**super().get_config(), "units": self.units}


def build_two_layer(network):
  """Returns Theorem 1's network as a `keras.Model`, `(m, d)` -> `(m, 1)`.

  `count_params()` is 2n + d.

  Args:
    network: a `theorem1.Network`.
  """
  line = network.line
  inputs = _input(line.direction)
  z = _dense(1, "direction", bias=False)(inputs)
  hidden = Thresholds(len(line.thresholds), name="hidden", dtype="float64")(z)
  outputs = _dense(1, "output", bias=False)(hidden)
  model = keras.Model(inputs, outputs, name="theorem1")
  _assign(model, "direction", line.direction[:, np.newaxis])
  _assign(model, "hidden", line.thresholds)
  _assign(model, "output", network.weights[:, np.newaxis])
  return model


def build_deep(network):
  """Returns Corollary 1's network as a `keras.Model`, `(m, d)` -> `(m, 1)`.

  Strictly layered: each unit takes its inputs from the layer before its own.
  Block j's thresholds and ramps are in layer j + 1, its output and indicator in
  layer j + 2, its gate in layer j + 3, and in layer j + 4 the sum of the gates
  so far.

  Args:
    network: a `deep.DeepNetwork`.
  """
  inputs = _input(network.direction)
  values = {"position1": (network.direction[:, np.newaxis],
                          np.array([-network.origin]))}
  z = _dense(1, "position1", relu=True)(inputs)
  total = None
  for j, block in enumerate(network.blocks, start=1):
    if j > 1:
      z = _dense(1, f"position{j}", bias=False, relu=True)(z)
      values[f"position{j}"] = (np.ones((1, 1)),)
    gate = _add_block(z, j, block, network.gate, values)
    inputs_of_sum = [gate] if total is None else [total, gate]
    joined = _join(inputs_of_sum, f"addends{j}")
    ones = np.ones((len(inputs_of_sum), 1))
    if j < len(network.blocks):
      total = _dense(1, f"sum{j}", bias=False, relu=True)(joined)
      values[f"sum{j}"] = (ones,)
  outputs = _dense(1, "output")(joined)
  values["output"] = (ones, np.array([network.shift]))
  model = keras.Model(inputs, outputs, name="corollary1")
  for name, arrays in values.items():
    _assign(model, name, *arrays)
  return model


def _add_block(z, j, block, gate, values):
  """Adds the layers of block j; returns f_j o_j."""
  hidden = Thresholds(
      len(block.thresholds), name=f"hidden{j}", dtype="float64")(z)
  ramps = _dense(2, f"ramps{j}", relu=True)(z)
  output = _dense(1, f"value{j}", bias=False, relu=True)(hidden)
  indicator = _dense(1, f"indicator{j}", relu=True)(ramps)
  both = _join([output, indicator], f"factors{j}")
  values.update({
      f"hidden{j}": (block.thresholds,),
      f"ramps{j}": (block.scales[np.newaxis], block.offsets),
      f"value{j}": (block.weights[:, np.newaxis],),
      f"indicator{j}": (-np.ones((2, 1)), np.ones(1)),
      f"gate{j}": (np.array([[1.0], [gate]]), np.array([-gate])),
  })
  return _dense(1, f"gate{j}", relu=True)(both)


def evaluate(model, points):
  """Returns a model's outputs, float64 `(m,)`, a few points at a time.

  Args:
    model: of this module.
    points: real `(m, d)`, of any type.
  """
  rows = max(1, min(2000, _NUMBERS // width(model)))
  outputs = np.empty(len(points))
  for start in range(0, len(points), rows):
    chunk = points[start:start + rows].astype(np.float64)
    values = model(ops.convert_to_tensor(chunk, dtype="float64"))
    outputs[start:start + rows] = ops.convert_to_numpy(values)[:, 0]
  return outputs


def accuracy(outputs, labels):
  """Returns the fraction of outputs whose nearest integer is the label."""
  return float(np.mean(np.rint(outputs) == labels))


def depth(model):
  """Returns the layers of weights on the longest path: ReLU layers, plus 1."""
  return 1 + max(find_layers(model).values())


def width(model):
  """Returns the number of units of the widest layer."""
  sizes = {}
  for name, level in find_layers(model).items():
    sizes[level] = sizes.get(level, 0) + model.get_layer(name).units
  return max(sizes.values())


def find_layers(model):
  """Reads off the model's graph which layer each group of ReLU units is in.

  Returns:
    A dict from the Keras layer's name to the layer's number, from 1.

  Raises:
    ValueError: units take inputs from two different layers: not layered.
  """
  levels, of_units = {}, {}
  for layer in model.get_config()["layers"]:
    name = layer["config"]["name"]
    below = {levels[source] for source in _sources(layer["inbound_nodes"])}
    if len(below) > 1:
      raise ValueError(
          f"expected inputs of {name} from one layer. "
          f"Received: {sorted(below)}")
    levels[name] = max(below, default=0)
    if _is_relu(model.get_layer(name)):
      levels[name] += 1
      of_units[name] = levels[name]
  return of_units


def _is_relu(layer):
  return isinstance(layer, Thresholds) or (
      getattr(layer, "activation", None) is keras.activations.relu)


def _sources(node):
  """Yields the names of the layers that a serialized call takes inputs from."""
  if isinstance(node, dict):
    if "keras_history" in node:
      yield node["keras_history"][0]
    for value in node.values():
      yield from _sources(value)
  elif isinstance(node, (list, tuple)):
    for value in node:
      yield from _sources(value)


def _input(direction):
  return keras.Input((len(direction),), dtype="float64", name="point")


def _dense(units, name, bias=True, relu=False):
  return keras.layers.Dense(
      units, activation="relu" if relu else None, use_bias=bias, name=name,
      dtype="float64")


def _join(tensors, name):
  if len(tensors) == 1:
    return tensors[0]
  return keras.layers.Concatenate(name=name, dtype="float64")(tensors)


def _assign(model, name, *arrays):
  model.get_layer(name).set_weights(list(arrays))

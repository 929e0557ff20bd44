"""A model's and its optimizer's state as named arrays, on any backend."""

import keras

from rethink_tf import digests


def weights(model):
  """Returns the model's weights, moving statistics included, by name.

  Returns:
    A dict from "weights/<path>" to a NumPy array, in the model's order.
  """
  return _arrays(_weights(model))


def optimizer(model):
  """Returns the compiled model's optimizer state by name, step included."""
  return _arrays(_optimizer(model))


def of_epoch(model):
  """Returns what only the middle of an epoch has: metrics, dropout's seeds."""
  return _arrays(_of_epoch(model))


def seeds(model):
  """Returns dropout's seeds alone."""
  return _arrays(_seeds(model))


def restore(model, arrays):
  """Assigns what `weights` and `optimizer` returned.

  Raises:
    ValueError: a name or shape differs from the model's.
  """
  _assign({**_weights(model), **_optimizer(model)}, arrays)


def dropouts(model):
  """Returns the model's dropout layers."""
  return [x for x in model.layers if isinstance(x, keras.layers.Dropout)]


def sha256(arrays):
  """Returns a SHA-256, as hex, of named arrays: names, types, shapes, bytes."""
  return digests.of_arrays(arrays)


def _weights(model):
  return _named("weights", model.weights)


def _optimizer(model):
  return _named("optimizer", model.optimizer.variables)


def _of_epoch(model):
  return {**_named("metrics", model.metrics_variables), **_seeds(model)}


def _seeds(model):
  return _named(
      "seeds", [layer.seed_generator.state for layer in dropouts(model)])


def _named(prefix, variables):
  named = {f"{prefix}/{variable.path}": variable for variable in variables}
  if len(named) != len(variables):
    raise ValueError(f"two of the {prefix} share a name")
  return named


def _arrays(variables):
  return {n: keras.ops.convert_to_numpy(v) for n, v in variables.items()}


def _assign(variables, arrays):
  for name, variable in variables.items():
    if name not in arrays or arrays[name].shape != tuple(variable.shape):
      raise ValueError(f"expected {name} of shape {tuple(variable.shape)}")
    variable.assign(arrays[name])

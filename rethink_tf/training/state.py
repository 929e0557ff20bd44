"""A model's and its optimizer's state as named arrays, on any backend."""

import hashlib

import keras
import numpy as np


def weights(model):
  """Returns the model's weights, moving statistics included, by name.

  Returns:
    A dict from "weights/<path>" to a NumPy array, in the model's order.
  """
  return _named("weights", model.weights)


def optimizer(model):
  """Returns the compiled model's optimizer state by name, step included."""
  return _named("optimizer", model.optimizer.variables)


def restore(model, arrays):
  """Assigns what `weights` and `optimizer` returned.

  Raises:
    ValueError: a name or shape differs from the model's.
  """
  for prefix, variables in (
      ("weights", model.weights), ("optimizer", model.optimizer.variables)):
    expected = _named(prefix, variables)
    for (name, array), variable in zip(expected.items(), variables):
      if name not in arrays or arrays[name].shape != array.shape:
        raise ValueError(f"expected {name} of shape {array.shape}")
      variable.assign(arrays[name])


def sha256(arrays):
  """Returns the SHA-256, as hex, of named arrays: names, types, shapes, bytes."""
  digest = hashlib.sha256()
  for name, array in arrays.items():
    digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).tobytes())
  return digest.hexdigest()


def _named(prefix, variables):
  named = {
      f"{prefix}/{v.path}": keras.ops.convert_to_numpy(v) for v in variables}
  if len(named) != len(variables):
    raise ValueError(f"two of the {prefix} share a name")
  return named

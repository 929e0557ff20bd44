"""What a measure of generalization is a function of."""

import dataclasses
import functools

import keras
import numpy as np

from rethink_tf.data import split as split_lib


class UndefinedError(Exception):
  """A measure has no meaning for a network; the message says for what in it."""


@dataclasses.dataclass(frozen=True)
class Kernel:
  """A layer's linear map.

  Attributes:
    name: the layer's.
    values: `(in, out)`, or `(height, width, in, out)` of a convolution.
    initial: its values at initialization.
    size: `(height, width)` of the image that a convolution sees; None else.
    stride: of a convolution, the same along both sides; 1 else.
  """

  name: str
  values: np.ndarray
  initial: np.ndarray
  size: tuple[int, int] | None = None
  stride: int = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
  """A trained network, its weights at initialization, and its training data.

  Attributes:
    model: a `keras.Model` to logits.
    initial: the same, freshly initialized from the same seed.
    split: the training `Split`, with the labels that were fitted.
    seed: the run's, of what measures draw.
    kept: a dict of what measures have in common, by name, filled by them.
  """

  model: keras.Model
  initial: keras.Model
  split: split_lib.Split
  seed: int = 0
  kept: dict = dataclasses.field(default_factory=dict)

  @functools.cached_property
  def kernels(self):
    """A list of `Kernel`, those of all dense and convolutional layers."""
    return [_read_kernel(layer, self.initial.get_layer(layer.name))
            for layer in self.model.layers if hasattr(layer, "kernel")]

  @functools.cached_property
  def margins(self):
    """By how much the label's logit is above all others; float64 `(n,)`."""
    logits = self.model.predict(self.split.evaluation_batches(), verbose=0)
    return find_margins(logits, self.split.labels)

  @functools.cached_property
  def data_norm(self):
    """The square root of the sum of ||x||^2 over training inputs."""
    return float(np.sqrt(sum(
        np.square(keras.ops.convert_to_numpy(inputs), dtype=np.float64).sum()
        for inputs, _ in self.split.evaluation_batches())))

  def refuse_layers(self, *kinds):
    """Raises UndefinedError where a layer is of one of some kinds, by name."""
    for layer in self.model.layers:
      if type(layer).__name__ in kinds:
        raise UndefinedError(f"{layer.name}, a {type(layer).__name__}")


def find_margins(logits, labels):
  """Returns each label's logit less the largest other one; float64 `(n,)`.

  Args:
    logits: `(n, classes)`.
    labels: int `(n,)`.
  """
  others = np.array(logits, np.float64)
  examples = np.arange(len(labels))
  own = others[examples, labels]
  others[examples, labels] = -np.inf
  return own - others.max(axis=1)


def _read_kernel(layer, initial):
  values, start = (
      np.asarray(keras.ops.convert_to_numpy(some.kernel), np.float64)
      for some in (layer, initial))
  if values.ndim == 2:
    return Kernel(layer.name, values, start)
  return Kernel(layer.name, values, start, tuple(layer.input.shape[1:3]),
                layer.strides[0])

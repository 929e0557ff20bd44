"""A split and a network that are small enough to compute with by hand."""

import keras
import numpy as np

from rethink_tf.measures import subject as subject_lib


class Split:
  """A split of arrays, as measures see it."""

  def __init__(self, inputs, labels):
    self.inputs = inputs
    self.labels = labels

  def __len__(self):
    return len(self.labels)

  def evaluation_batches(self):
    return _Batches(self.inputs, self.labels)


class _Batches(keras.utils.PyDataset):

  def __init__(self, inputs, labels):
    super().__init__()
    self._parts = [(inputs[:7], labels[:7]), (inputs[7:], labels[7:])]

  def __len__(self):
    return len(self._parts)

  def __getitem__(self, index):
    return self._parts[index]


def build_mlp(seed):
  """A network of 2x2x1 pixels, 5 hidden units and 3 classes."""
  keras.utils.set_random_seed(seed)
  inputs = keras.Input((2, 2, 1))
  x = keras.layers.Flatten()(inputs)
  x = keras.layers.Dense(5, "relu", name="hidden")(x)
  return keras.Model(inputs, keras.layers.Dense(3, name="logits")(x))


def split_weights(flat):
  """Returns the weights of `build_mlp` from one vector: two layers' pairs."""
  first, bias, second, last = np.split(flat, [20, 25, 40])
  return first.reshape(4, 5), bias, second.reshape(5, 3), last


def find_gradients(flat, inputs, labels):
  """Returns each example's gradient by NumPy's hand: float64 `(n, 43)`.

  Of the cross-entropy of `build_mlp` with respect to all its weights.
  """
  first, bias, second, last = split_weights(flat)
  x = inputs.reshape(len(inputs), 4).astype(np.float64)
  before = x @ first + bias
  hidden = np.maximum(before, 0)
  logits = hidden @ second + last
  powers = np.exp(logits - logits.max(axis=1, keepdims=True))
  errors = powers / powers.sum(axis=1, keepdims=True) - np.eye(3)[labels]
  back = (errors @ second.T) * (before > 0)
  return np.concatenate([
      (x[:, :, None] * back[:, None]).reshape(len(x), -1), back,
      (hidden[:, :, None] * errors[:, None]).reshape(len(x), -1), errors],
      axis=1)


def make_subject(count=40):
  """Returns a `Subject` of `build_mlp` on random data, and its weights.

  Returns:
    `(subject, flat)`: the weights float64 `(43,)`, biases not zero.
  """
  random = np.random.default_rng(5)
  flat = random.standard_normal(43)
  model = build_mlp(1)
  model.set_weights(split_weights(flat))
  split = Split(random.standard_normal((count, 2, 2, 1)).astype(np.float32),
                random.integers(0, 3, count))
  return subject_lib.Subject(model, build_mlp(1), split), flat

"""Images in the memory of a device, and network inputs made of them there.

By JAX, in the place of `pipeline`: pixels are copied to the device once, as
they are stored, and each step takes its windows of them and standardizes these.
"""

import functools

import jax
from jax import lax
from jax import numpy as jnp
import numpy as np

from rethink_tf.data import dataset
from rethink_tf.data import plans
from rethink_tf.data import preprocessing

_SIZE = preprocessing.CROP_SIZE


@functools.lru_cache(maxsize=2)
def put(split):
  """Copies a split to the device, once; returns `(images, labels)` there.

  Args:
    split: `dataset.Split`.
  """
  return jax.device_put(split.images), jax.device_put(split.labels)


def training_plan(count, config, epoch):
  """Returns an epoch's order and windows, as `plans.epoch_plan` does.

  Args:
    count: number of training examples.
    config: the `Config`; without its random crop, windows are the central ones.
    epoch: the epoch, from 0.
  """
  order, windows = plans.epoch_plan(count, config, epoch)
  return order, windows if config.random_crop else _central(count)


def evaluation_plan(count):
  """Returns the official order and central windows, as `training_plan` does."""
  return np.arange(count), _central(count)


def take_inputs(images, order, windows):
  """Returns the network inputs of some examples; may be traced.

  Args:
    images: `(n, 32, 32, 3)`, as `put` has them.
    order: int `(b,)`, which examples.
    windows: int `(b, 2)`, the top and left of each one's window.

  Returns:
    float32 `(b, 28, 28, 3)`.
  """
  def cut(index, window):
    start = index, window[0], window[1], 0
    return lax.dynamic_slice(images, start, (1, _SIZE, _SIZE, 3))[0]

  return standardize(jax.vmap(cut)(order, windows))


def standardize(images):
  """Does what `preprocessing.standardize` does; may be traced."""
  scaled = images.astype(jnp.float32) / 255.0
  axes = 1, 2, 3
  mean = jnp.mean(scaled, axis=axes, keepdims=True)
  deviation = jnp.std(scaled, axis=axes, keepdims=True)
  floor = 1 / np.sqrt(np.prod(images.shape[1:]))
  return (scaled - mean) / jnp.maximum(deviation, np.float32(floor))


def first_examples(split, config, most):
  """Returns what `Split.first_examples` does."""
  order, windows = (
      part[:min(most, config.batch_size)]
      for part in training_plan(len(split), config, 0))
  inputs = take_inputs(split.images[order], np.arange(len(order)), windows)
  return np.asarray(inputs), split.labels[order], order


def _central(count):
  start = (dataset.IMAGE_SHAPE[0] - _SIZE) // 2
  return np.full((count, 2), start)

"""Batches of images in memory as tf.data, network inputs, in order of `plans`.

On JAX no such pipeline is needed: see `device`.
"""

import functools

import numpy as np
import tensorflow as tf

from rethink_tf.data import epochs
from rethink_tf.data import plans
from rethink_tf.data import preprocessing

# Enough to hide one slow batch, and little memory.
_PREFETCH = 8


def training_batches(split, config, start_epoch=0, start_batch=0, shard=None):
  """Returns what `Split.training_batches` does.

  Args:
    split: `dataset.Split` with the labels to train on.
    config: the `Config`.
    start_epoch, start_batch: where to start, each from 0.
    shard: the `Shard` to return; None: all.

  Returns:
    A `tf.data.Dataset` of (float32 `(b, 28, 28, 3)`, int32 `(b,)`); of a shard
    with sample weights, float32 `(b,)`.
  """
  def cut(order, windows, done):
    examples = tf.data.Dataset.from_tensor_slices((order, windows))
    return examples.batch(config.batch_size).skip(tf.cast(done, tf.int64))

  planned = epochs.chain(
      functools.partial(plans.epoch_plan, len(split), config),
      tf.TensorSpec([len(split), 2], tf.int64),
      config, start_epoch, start_batch, cut)
  to_batch = _cropped(split) if config.random_crop else _central(split)
  if shard:
    batches = planned.flat_map(shard.share).map(
        lambda order, windows, weights: (*to_batch(order, windows), weights))
  else:
    batches = planned.map(to_batch)
  return batches.prefetch(_PREFETCH)


def evaluation_batches(split, shard=None):
  """Returns what `Split.evaluation_batches` does.

  Args:
    split: `dataset.Split`.
    shard: the `Shard` to return; None: all.
  """
  images, labels = _central_images(split), tf.constant(split.labels)
  count, size = len(split), split.evaluation_batch
  if shard:
    slices = shard.slices(count, split.evaluation_steps(shard.total))
  else:
    slices = tf.data.Dataset.range(0, count, size).map(
        lambda start: (start, start + size))

  def to_batch(start, stop):
    central = _pick(
        lambda start, stop: images[start:stop], [start, stop], images.dtype)
    return central, labels[start:stop]

  return slices.map(to_batch).prefetch(_PREFETCH)


@functools.lru_cache(maxsize=2)
def _central_images(split):
  """Standardizes a split once; float32 `(n, 28, 28, 3)`, 9.4 kB an image.

  In NumPy's memory: TensorFlow keeps what it has once used, the parts that a
  whole is joined of, and each pipeline copies a tensor that it is given.
  """
  shape = (len(split), preprocessing.CROP_SIZE, preprocessing.CROP_SIZE, 3)
  images = np.empty(shape, np.float32)
  for start in range(0, len(split), 1000):
    part = slice(start, start + 1000)
    images[part] = preprocessing.standardize(
        preprocessing.center_crop(split.images[part])).numpy()
  return images


def _central(split):
  images, labels = _central_images(split), tf.constant(split.labels)

  def to_batch(order, windows):
    del windows  # Without random crop every window is the central one.
    central = _pick(lambda order: images[order], [order], images.dtype)
    return central, tf.gather(labels, order)

  return to_batch


def _cropped(split):
  labels = tf.constant(split.labels)

  def cut(order, windows):
    return preprocessing.crop(split.images[order], windows)

  def to_batch(order, windows):
    cropped = _pick(cut, [order, windows], split.images.dtype)
    return preprocessing.standardize(cropped), tf.gather(labels, order)

  return to_batch


def _pick(pick, where, dtype):
  """Returns the windows `(b, 28, 28, 3)` that a function of arrays returns."""
  shape = [None, preprocessing.CROP_SIZE, preprocessing.CROP_SIZE, 3]
  return tf.ensure_shape(tf.numpy_function(pick, where, dtype), shape)

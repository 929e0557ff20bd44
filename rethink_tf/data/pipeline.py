"""tf.data pipelines: batches of network inputs, in a reproducible order.

The batches of epoch e are a function of (seed, e), so a run that starts again
at epoch e sees what the first one would have seen.
"""

import functools

import tensorflow as tf

from rethink_tf import streams
from rethink_tf.data import preprocessing
from rethink_tf.data.imagenet import batches as photograph_batches
from rethink_tf.data.imagenet import photographs

# Evaluation has no gradient to hold, so it fits larger batches.
EVALUATION_BATCH = 500
# Enough to hide one slow batch, and little memory.
_PREFETCH = 8


def training_batches(split, config, start_epoch=0, start_batch=0, shard=None):
  """Returns all batches from one of an epoch's to the last of the run.

  Every example comes once an epoch, in an order drawn anew for each; the last
  batch of an epoch holds what is left over.

  Args:
    split: `dataset.Split` or `photographs.Split` with the labels to train on.
    config: the `Config`.
    start_epoch: the epoch to start at, from 0.
    start_batch: the batch of that epoch to start at, from 0.
    shard: the `Shard` to return, part after part of each batch; None: all.

  Returns:
    A `tf.data.Dataset` of (float32 `(b, 28, 28, 3)`, int32 `(b,)`), or of
    photographs of the config's size; of a shard with sample weights, float32
    `(b,)`, that make the mean over replicas of their mean losses the mean over
    the whole batch.
  """
  if isinstance(split, photographs.Split):
    return photograph_batches.training(
        split, config, start_epoch, start_batch, shard)
  count = len(split)

  def plan(epoch):
    return epoch_plan(count, config, int(epoch))

  def batches_of(epoch):
    order, offsets = tf.numpy_function(plan, [epoch], [tf.int64, tf.int64])
    plans = tf.data.Dataset.from_tensor_slices(
        (tf.ensure_shape(order, [count]), tf.ensure_shape(offsets, [count, 2])))
    done = tf.where(tf.equal(epoch, start_epoch), start_batch, 0)
    return plans.batch(config.batch_size).skip(tf.cast(done, tf.int64))

  to_batch = _cropped(split) if config.random_crop else _central(split)
  plans = tf.data.Dataset.range(start_epoch, config.epochs).flat_map(batches_of)
  if not shard:
    return plans.map(to_batch).prefetch(_PREFETCH)

  def parts_of(order, offsets):
    size = tf.size(order, tf.int64)
    return shard.parts(size).map(lambda start, stop: (
        order[start:stop], offsets[start:stop], tf.fill(
            [stop - start],
            tf.cast(shard.total * (stop - start) / size, tf.float32))))

  def to_part(order, offsets, weights):
    return *to_batch(order, offsets), weights

  return plans.flat_map(parts_of).map(to_part).prefetch(_PREFETCH)


def first_examples(split, config, most):
  """Returns the examples that training begins with.

  Args:
    split: `dataset.Split` or `photographs.Split` with the labels to train on.
    config: the `Config`.
    most: how many at most; there are none beyond the first batch.

  Returns:
    `(inputs, labels, indices)`: float32 `(m, 28, 28, 3)`, or photographs of the
    config's size; int32 `(m,)`; int64 `(m,)`, which examples of the split.
  """
  inputs, labels = next(iter(training_batches(split, config)))
  order, _ = epoch_plan(len(split), config, 0)  # Photographs have the same one.
  inputs, labels = inputs[:most].numpy(), labels[:most].numpy()
  return inputs, labels, order[:len(labels)]


def evaluation_batches(split, shard=None):
  """Returns every example once, centrally cropped, in official order.

  Args:
    split: `dataset.Split` or `photographs.Split`.
    shard: the `Shard` to return; None: all. Each replica has a slice of the
      split, in as many batches as any other has.
  """
  if isinstance(split, photographs.Split):
    return photograph_batches.evaluation(split, shard)
  images, labels = _central_images(split), tf.constant(split.labels)

  def batch_at(start):
    stop = start + EVALUATION_BATCH
    return images[start:stop], labels[start:stop]

  starts = tf.data.Dataset.range(0, len(split), EVALUATION_BATCH)
  if not shard:
    return starts.map(batch_at).prefetch(_PREFETCH)
  slices = shard.slices(len(split), evaluation_steps(split, shard.total))
  return slices.map(lambda start, stop: (
      images[start:stop], labels[start:stop])).prefetch(_PREFETCH)


def epoch_plan(count, config, epoch):
  """Draws the order and windows of one epoch.

  Args:
    count: number of training examples.
    config: the `Config`; its seed is used.
    epoch: the epoch, from 0.

  Returns:
    `(order, offsets)`: int64 `(count,)`, example indices in the order of
    training, and int64 `(count, 2)`, row j the window of example order[j].
  """
  order = streams.permutation(count, config.seed, "order", epoch)
  offsets = preprocessing.crop_offsets(count, 32, config.seed, epoch)
  return order, offsets[order]


def steps_per_epoch(count, batch_size):
  """Returns the number of batches, the last partial one included."""
  return -(-count // batch_size)


def evaluation_steps(split, replicas=1):
  """Returns the number of batches in which each replica evaluates its part."""
  if isinstance(split, photographs.Split):
    return photograph_batches.evaluation_steps(split, replicas)
  return -(-len(split) // (replicas * EVALUATION_BATCH))


@functools.lru_cache(maxsize=2)
def _central_images(split):
  """Standardizes a split once; float32 `(n, 28, 28, 3)`, 9.4 kB an image."""
  chunks = [
      preprocessing.standardize(
          preprocessing.center_crop(split.images[start:start + 1000]))
      for start in range(0, len(split), 1000)
  ]
  return tf.concat(chunks, axis=0)


def _central(split):
  images, labels = _central_images(split), tf.constant(split.labels)

  def to_batch(order, offsets):
    del offsets  # Without random crop every window is the central one.
    return tf.gather(images, order), tf.gather(labels, order)

  return to_batch


def _cropped(split):
  labels = tf.constant(split.labels)
  shape = [None, preprocessing.CROP_SIZE, preprocessing.CROP_SIZE, 3]

  def cut(order, offsets):
    return preprocessing.crop(split.images[order], offsets)

  def to_batch(order, offsets):
    windows = tf.numpy_function(cut, [order, offsets], split.images.dtype)
    images = preprocessing.standardize(tf.ensure_shape(windows, shape))
    return images, tf.gather(labels, order)

  return to_batch

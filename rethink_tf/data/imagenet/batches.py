"""Batches of photographs: read, decoded and distorted as they are needed."""

import tensorflow as tf

from rethink_tf import streams
from rethink_tf.data import shard as shard_lib
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing

# A photograph at 299x299 is a megabyte.
EVALUATION_BATCH = 50
_PREFETCH = 2


def training(split, config, start_epoch=0, start_batch=0, shard=None):
  """Returns what `pipeline.training_batches` does, for a `photographs.Split`.

  Returns:
    A `tf.data.Dataset` of (float32 `(b, s, s, 3)` in [-1, 1], int32 `(b,)`);
    of a shard with sample weights, float32 `(b,)`.
  """
  parts = shard or shard_lib.Shard(0, 1, 1)
  count = len(split)
  left = count % config.batch_size

  def plan(epoch):
    return epoch_plan(count, config, int(epoch))

  def distort(encoded, draws):
    if config.data_augmentation:
      return imagenet_preprocessing.for_training(
          encoded, config.image_size, draws)
    return imagenet_preprocessing.for_evaluation(encoded, config.image_size)

  def batches(order, draws, size, weight):
    plans = tf.data.Dataset.from_tensor_slices((order, draws))
    made = _inputs(plans, split, distort).batch(size)
    if not shard:
      return made
    return made.map(lambda images, labels: (
        images, labels, tf.fill(tf.shape(labels), weight)))

  def batches_of(epoch):
    order, draws = tf.numpy_function(plan, [epoch], [tf.int64, tf.float64])
    order = tf.ensure_shape(order, [count])
    draws = tf.ensure_shape(draws, [count, imagenet_preprocessing.DRAWS])
    done = tf.where(tf.equal(epoch, start_epoch), start_batch, 0)
    # Whole batches are one data set, whose photographs are prepared without a
    # pause between batches; the last, smaller one follows.
    made = batches(
        _of_parts(order, parts, config.batch_size, done),
        _of_parts(draws, parts, config.batch_size, done),
        config.batch_size // parts.total, 1.0)
    for start, stop in parts.bounds(left) if left else ():
      place = slice(count - left + start, count - left + stop)
      made = made.concatenate(batches(
          order[place], draws[place], stop - start,
          parts.total * (stop - start) / left))
    return made

  epochs = tf.data.Dataset.range(start_epoch, config.epochs)
  return epochs.flat_map(batches_of).prefetch(_PREFETCH)


def evaluation(split, shard=None):
  """Returns every photograph once, its central part, in official order.

  Args:
    split: `photographs.Split`.
    shard: the `Shard` to return; None: all.
  """

  def center(encoded, draws):
    del draws
    return imagenet_preprocessing.for_evaluation(encoded, split.image_size)

  def batches(start, stop, size):
    plans = tf.data.Dataset.range(start, stop).map(lambda index: (index, ()))
    return _inputs(plans, split, center).batch(size)

  if not shard:
    return batches(0, len(split), EVALUATION_BATCH).prefetch(_PREFETCH)
  slices = shard.slices(len(split), evaluation_steps(split, shard.total))
  return slices.flat_map(
      lambda start, stop: batches(start, stop, stop - start)).prefetch(_PREFETCH)


def evaluation_steps(split, replicas):
  """Returns the number of batches in which each replica evaluates its part."""
  return -(-len(split) // (replicas * EVALUATION_BATCH))


def epoch_plan(count, config, epoch):
  """Draws the order of one epoch, and how its photographs are distorted.

  Args:
    count: number of training examples.
    config: the `Config`; its seed is used.
    epoch: the epoch, from 0.

  Returns:
    `(order, draws)`: int64 `(count,)`, example indices in the order of
    training, and float64 `(count, DRAWS)`, row j for example order[j].
  """
  order = streams.permutation(count, config.seed, "order", epoch)
  draws = imagenet_preprocessing.example_draws(count, config.seed, epoch)
  return order, draws[order]


def _of_parts(values, shard, batch_size, done):
  """Returns a shard's values of all whole batches but the first ones done."""
  whole = values.shape[0] // batch_size * batch_size
  size = batch_size // shard.total
  of_batches = tf.reshape(
      values[:whole], [-1, shard.total, size, *values.shape[1:]])
  mine = of_batches[done:, shard.first:shard.stop]
  return tf.reshape(mine, [-1, *values.shape[1:]])


def _inputs(plans, split, to_input):
  """Turns a data set of (index, draws) into one of (input, label)."""
  labels = tf.constant(split.labels)

  def read(index, draws):
    # A function of its own: being deterministic, TensorFlow calls Python for
    # one example at a time, and the rest should be done for several at once.
    record = tf.numpy_function(
        lambda i: split.record(int(i)), [index], tf.string)
    return tf.ensure_shape(record, []), draws, tf.gather(labels, index)

  def prepare(record, draws, label):
    return to_input(split.encoded(record), draws), label

  return plans.map(read).map(
      prepare, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

"""Batches of photographs: read, decoded and distorted as they are needed."""

import functools

import tensorflow as tf

from rethink_tf.data import epochs
from rethink_tf.data import shard as shard_lib
from rethink_tf.data import split as split_lib
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing

_PREFETCH = 2


def training_batches(split, config, start_epoch=0, start_batch=0, shard=None):
  """Returns what `Split.training_batches` does.

  Args:
    split: `photographs.Split` with the labels to train on.
    config: the `Config`.
    start_epoch, start_batch: where to start, each from 0.
    shard: the `Shard` to return; None: all.

  Returns:
    A `tf.data.Dataset` of (float32 `(b, s, s, 3)` in [-1, 1], int32 `(b,)`);
    of a shard with sample weights, float32 `(b,)`.
  """
  return epochs.chain(
      functools.partial(epoch_plan, len(split), config),
      tf.TensorSpec([len(split), imagenet_preprocessing.DRAWS], tf.float64),
      config, start_epoch, start_batch,
      functools.partial(_epoch_batches, split, config, shard),
  ).prefetch(_PREFETCH)


def _epoch_batches(split, config, shard, order, draws, done):
  """Returns an epoch's batches but for those that are done.

  Whole batches are one data set, whose photographs are prepared without a
  pause between batches; the last, smaller one follows.
  """
  sharers = shard or shard_lib.Shard(0, 1, 1)
  left = len(split) % config.batch_size

  def prepare(order, draws, size, weight):
    plans = tf.data.Dataset.from_tensor_slices((order, draws))
    batches = _inputs(plans, split, _training_input(config)).batch(size)
    if not shard:
      return batches
    return batches.map(lambda images, labels: (
        images, labels, tf.fill(tf.shape(labels), weight)))

  batches = prepare(
      _shared(order, sharers, config.batch_size, done),
      _shared(draws, sharers, config.batch_size, done),
      config.batch_size // sharers.total, 1.0)
  for start, stop in sharers.bounds(left) if left else ():
    place = slice(len(split) - left + start, len(split) - left + stop)
    batches = batches.concatenate(prepare(
        order[place], draws[place], stop - start,
        sharers.total * (stop - start) / left))
  return batches


def _training_input(config):
  """Returns the function of (JPEG, draws) that makes a network's input."""
  def to_input(encoded, draws):
    if config.data_augmentation:
      return imagenet_preprocessing.for_training(
          encoded, config.image_size, draws)
    return imagenet_preprocessing.for_evaluation(encoded, config.image_size)

  return to_input


def evaluation_batches(split, shard=None):
  """Returns what `Split.evaluation_batches` does.

  Args:
    split: `photographs.Split`.
    shard: the `Shard` to return; None: all.
  """

  def center(encoded, draws):
    del draws
    return imagenet_preprocessing.for_evaluation(encoded, split.image_size)

  def prepare(start, stop, size):
    plans = tf.data.Dataset.range(start, stop).map(lambda index: (index, ()))
    return _inputs(plans, split, center).batch(size)

  if shard:
    slices = shard.slices(len(split), split.evaluation_steps(shard.total))
    batches = slices.flat_map(
        lambda start, stop: prepare(start, stop, stop - start))
  else:
    batches = prepare(0, len(split), split.evaluation_batch)
  return batches.prefetch(_PREFETCH)


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
  order = split_lib.draw_order(count, config, epoch)
  draws = imagenet_preprocessing.example_draws(count, config.seed, epoch)
  return order, draws[order]


def _shared(values, shard, batch_size, done):
  """Returns a shard's values of all whole batches but the first ones done."""
  whole = values.shape[0] // batch_size * batch_size
  size = batch_size // shard.total
  batches = tf.reshape(
      values[:whole], [-1, shard.total, size, *values.shape[1:]])
  parts = batches[done:, shard.first:shard.stop]
  return tf.reshape(parts, [-1, *values.shape[1:]])


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

"""Batches of photographs: read, decoded and distorted as they are needed."""

import tensorflow as tf

from rethink_tf import streams
from rethink_tf.data import imagenet_preprocessing

# A photograph at 299x299 is a megabyte.
EVALUATION_BATCH = 50
_PREFETCH = 2


def training(split, config, start_epoch=0, start_batch=0):
  """Returns what `pipeline.training_batches` does, for a `photographs.Split`.

  Returns:
    A `tf.data.Dataset` of (float32 `(b, s, s, 3)` in [-1, 1], int32 `(b,)`).
  """
  count = len(split)

  def plan(epoch):
    return epoch_plan(count, config, int(epoch))

  def batches_of(epoch):
    order, draws = tf.numpy_function(plan, [epoch], [tf.int64, tf.float64])
    done = tf.where(tf.equal(epoch, start_epoch), start_batch, 0)
    plans = tf.data.Dataset.from_tensor_slices(
        (tf.ensure_shape(order, [count]),
         tf.ensure_shape(draws, [count, imagenet_preprocessing.DRAWS])))
    plans = plans.skip(tf.cast(done, tf.int64) * config.batch_size)
    return _inputs(plans, split, distort).batch(config.batch_size)

  def distort(encoded, draws):
    if config.data_augmentation:
      return imagenet_preprocessing.for_training(
          encoded, config.image_size, draws)
    return imagenet_preprocessing.for_evaluation(encoded, config.image_size)

  epochs = tf.data.Dataset.range(start_epoch, config.epochs)
  return epochs.flat_map(batches_of).prefetch(_PREFETCH)


def evaluation(split):
  """Returns every photograph once, its central part, in official order."""

  def center(encoded, draws):
    del draws
    return imagenet_preprocessing.for_evaluation(encoded, split.image_size)

  plans = tf.data.Dataset.range(len(split)).map(lambda index: (index, ()))
  return _inputs(plans, split, center).batch(EVALUATION_BATCH).prefetch(_PREFETCH)


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

"""Epochs one after the other as a tf.data pipeline, begun anywhere.

What an epoch holds is a function of (seed, epoch), so that a run which starts
again in the middle of one sees what the first would have seen.
"""

import tensorflow as tf


def chain(plan, drawn, config, start_epoch, start_batch, cut):
  """Returns the batches from one of an epoch's to the last of the run.

  Args:
    plan: a function of an epoch, from 0, that returns arrays `(order, draws)`:
      int64 `(n,)`, indices in the order of training, and `(n, k)`, what is
      drawn for each.
    drawn: the `tf.TensorSpec` of the draws.
    config: the `Config`; its number of epochs is used.
    start_epoch, start_batch: where to start, each from 0.
    cut: a function of (order, draws, number of batches done) that returns the
      epoch's other batches, a `tf.data.Dataset`.
  """
  def cut_epoch(epoch):
    order, draws = tf.numpy_function(
        lambda e: plan(int(e)), [epoch], [tf.int64, drawn.dtype])
    done = tf.where(tf.equal(epoch, start_epoch), start_batch, 0)
    return cut(tf.ensure_shape(order, drawn.shape[:1]),
               tf.ensure_shape(draws, drawn.shape), done)

  return tf.data.Dataset.range(start_epoch, config.epochs).flat_map(cut_epoch)

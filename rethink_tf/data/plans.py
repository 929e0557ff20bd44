"""Which example an epoch shows when, and through which window.

A function of (seed, epoch) alone, in NumPy: every backend trains on the same
examples in the same order, and a run that starts again at epoch e sees what the
first one would have seen.
"""

from rethink_tf.data import preprocessing
from rethink_tf.data import split as split_lib


def epoch_plan(count, config, epoch):
  """Draws the order and windows of one epoch.

  Args:
    count: number of training examples.
    config: the `Config`; its seed is used.
    epoch: the epoch, from 0.

  Returns:
    `(order, windows)`: int64 `(count,)`, example indices in the order of
    training, and int64 `(count, 2)`, row j the top and left of the window of
    example order[j].
  """
  order = split_lib.draw_order(count, config, epoch)
  windows = preprocessing.crop_offsets(count, 32, config.seed, epoch)
  return order, windows[order]


def steps_per_epoch(count, batch_size):
  """Returns the number of batches, the last partial one included."""
  return -(-count // batch_size)

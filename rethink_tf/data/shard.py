"""Which part of each batch one worker feeds."""

import dataclasses

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Shard:
  """The replicas, of all that share each batch, that one worker feeds.

  Attributes:
    first, stop: the worker's replicas are range(first, stop).
    total: replicas on all workers.
  """

  first: int
  stop: int
  total: int

  def bounds(self, count):
    """Returns a list of (start, stop), one a replica of here.

    Args:
      count: how many examples all replicas share, as equally as can be.
    """
    return [(r * count // self.total, (r + 1) * count // self.total)
            for r in range(self.first, self.stop)]

  def parts(self, count):
    """Returns `bounds` of an int64 tensor, as a `tf.data.Dataset`."""
    replicas = tf.data.Dataset.range(self.first, self.stop)
    return replicas.map(
        lambda r: (r * count // self.total, (r + 1) * count // self.total))

  def share(self, order, draws):
    """Cuts a batch into the parts of the replicas of here.

    Args:
      order: int64 `(b,)`, the indices of its examples.
      draws: `(b, k)`, what is drawn for each.

    Returns:
      A `tf.data.Dataset` of (order, draws, weights), one a replica; the sample
      weights, float32, make the mean over all replicas of their mean losses
      the mean over the batch.
    """
    size = tf.size(order, tf.int64)

    def cut(start, stop):
      weight = tf.cast(self.total * (stop - start) / size, tf.float32)
      return order[start:stop], draws[start:stop], tf.fill(
          [stop - start], weight)

    return self.parts(size).map(cut)

  def slices(self, count, steps):
    """Cuts each replica's part into as many slices, for evaluation.

    Args:
      count: how many examples all replicas share.
      steps: the number of slices of a part.

    Returns:
      A `tf.data.Dataset` of (start, stop), the first slice of each part, then
      the second of each, and so on.
    """
    count = tf.constant(count, tf.int64)

    def slices_of(step):
      return self.parts(count).map(lambda start, stop: (
          start + step * (stop - start) // steps,
          start + (step + 1) * (stop - start) // steps))

    return tf.data.Dataset.range(steps).flat_map(slices_of)

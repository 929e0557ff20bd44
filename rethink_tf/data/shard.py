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

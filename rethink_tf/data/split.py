"""What every split of a dataset offers, in memory or in record files."""

import abc

from rethink_tf import streams


class Split(abc.ABC):
  """Examples in official order, and batches of them; example i's index is i.

  Attributes:
    labels: int32 `(n,)`.
    keys: str `(n,)`, by which randomness is drawn for an example; None where
      its index is the key.
    evaluation_batch: how many examples are evaluated at a time.
  """

  keys = None

  def __len__(self):
    return len(self.labels)

  def first(self, count):
    """Returns the first `count` examples; all of them for 0."""
    return self.select(slice(count)) if count else self

  @abc.abstractmethod
  def select(self, which):
    """Returns some examples as a split of their own, in this one's order.

    Args:
      which: a slice, or a bool array `(n,)`.
    """

  @abc.abstractmethod
  def training_batches(self, config, start_epoch=0, start_batch=0, shard=None):
    """Returns all batches from one of an epoch's to the last of the run.

    Every example comes once an epoch, in an order drawn anew for each; the
    last batch of an epoch holds what is left over.

    Args:
      config: the `Config`.
      start_epoch: the epoch to start at, from 0.
      start_batch: the batch of that epoch to start at, from 0.
      shard: the `Shard` to return, part after part of each batch; None: all.

    Returns:
      A `tf.data.Dataset` of (float32 `(b, s, s, 3)`, int32 `(b,)`), s being 28
      or the config's image size; of a shard with sample weights, float32
      `(b,)`, that make the mean over replicas of their mean losses the mean
      over the whole batch.
    """

  @abc.abstractmethod
  def evaluation_batches(self, shard=None):
    """Returns every example once, centrally cropped, in official order.

    Args:
      shard: the `Shard` to return; None: all. Each replica has a slice of the
        split, in as many batches as any other has.

    Returns:
      A `tf.data.Dataset` of (float32 `(b, s, s, 3)`, int32 `(b,)`).
    """

  def evaluation_steps(self, replicas=1):
    """Returns in how many batches each replica evaluates its part."""
    return -(-len(self) // (replicas * self.evaluation_batch))

  def first_examples(self, config, most):
    """Returns the examples that training begins with.

    Args:
      config: the `Config`.
      most: how many at most; there are none beyond the first batch.

    Returns:
      `(inputs, labels, indices)`: float32 `(m, s, s, 3)`; int32 `(m,)`; int64
      `(m,)`, which examples of the split.
    """
    inputs, labels = next(iter(self.training_batches(config)))
    order = draw_order(len(self), config, 0)
    inputs, labels = inputs[:most].numpy(), labels[:most].numpy()
    return inputs, labels, order[:len(labels)]


def draw_order(count, config, epoch):
  """Returns the indices of all examples in an epoch's order; int64 `(count,)`.

  Args:
    count: number of training examples.
    config: the `Config`; its seed is used.
    epoch: the epoch, from 0.
  """
  return streams.permutation(count, config.seed, "order", epoch)

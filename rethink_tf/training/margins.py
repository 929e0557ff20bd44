"""Each training example's margin, as the step that trains on it sees it.

No pass over the data is made for it: what is recorded are the predictions that
the step computes anyway, with the weights before it, with dropout and on the
window that the network is shown, as Toneva et al. (2019) do.
"""

import contextlib

import keras
from keras import ops

from rethink_tf.training import losses

_paused = False


class Margins(keras.metrics.Metric):
  """A queue of the last n examples' margins; after an epoch, of all in order.

  A margin is the label's logit less the largest other one: the example is
  fitted where it is above zero.

  Attributes:
    values: the variable with the queue, float32 `(n,)`, the oldest first.

  Args:
    count: n, the number of training examples.
    config: the `Config`.
  """

  def __init__(self, count, config):
    super().__init__(name="margins", dtype="float32")
    self._config = config
    self.values = self.add_variable((count,), "zeros", name="values")

  def update_state(self, labels, outputs, sample_weight=None):
    if _paused:
      return
    logits = ops.cast(losses.select_logits(outputs, self._config), "float32")
    is_own = ops.one_hot(
        ops.reshape(labels, (-1,)), logits.shape[-1], dtype="bool")
    own = ops.sum(ops.where(is_own, logits, 0.0), axis=-1)
    margins = own - ops.max(
        ops.where(is_own, -float("inf"), logits), axis=-1)
    self.values.assign(ops.concatenate(
        [self.values[ops.shape(margins)[0]:], margins]))

  def reset_state(self):
    """Keeps the queue, which an epoch replaces as a whole."""

  def result(self):
    return 0.0  # Keras shows every metric's; this one's are in the queue.


@contextlib.contextmanager
def paused():
  """Has a test, whose function is traced in the block, record nothing."""
  global _paused  # noqa: PLW0603
  before, _paused = _paused, True
  try:
    yield
  finally:
    _paused = before

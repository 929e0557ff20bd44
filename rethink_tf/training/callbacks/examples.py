"""What --record_examples keeps of an epoch."""

import keras
import numpy as np

from rethink_tf.data import split as split_lib
from rethink_tf.runs import examples as examples_lib


class ExampleRecorder(keras.callbacks.Callback):
  """Writes each example's margin at each epoch's end, before it is saved.

  It stands before what tests the network: an epoch whose test was stopped ends
  again when the run goes on.

  Args:
    margins: the `Margins` of the model.
    task: the `Task`.
    directory: the `RunDirectory`.
  """

  def __init__(self, margins, task, directory):
    super().__init__()
    self._margins = margins
    self._task = task
    self._directory = directory

  def restore(self, epochs, arrays):
    """Goes on after so many epochs, and with what a checkpoint has of the next.

    Raises:
      StorageError: what was recorded of the epochs is gone or damaged.
    """
    examples_lib.require_epochs(self._directory, epochs)
    variable = self._margins.values
    saved = arrays.get(f"metrics/{variable.path}")
    if saved is not None:
      variable.assign(saved)

  def on_epoch_end(self, epoch, logs=None):
    count = len(self._task.train)
    margins = np.empty(count, np.float32)
    order = split_lib.draw_order(count, self._task.config, epoch)
    margins[order] = keras.ops.convert_to_numpy(self._margins.values)
    examples_lib.write_epoch(
        self._directory, epoch + 1, margins, self._task.seen)

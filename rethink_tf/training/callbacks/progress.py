"""What a run shows while it trains."""

import os
import sys

import keras
import tqdm

# tqdm gives the bar what is left of the width, and cuts the end where nothing
# is: so loss and accuracy come first, and the speed where there is room.
_BAR = "{desc} {percentage:3.0f}% {bar} {remaining} left"
_SPEED = " {rate_noinv_fmt}"
_WIDE = 100  # Columns.


class Progress(keras.callbacks.Callback):
  """A line that stays in place in a terminal; elsewhere a line an epoch.

  In a terminal it has the running loss and accuracy of the epoch, the last test
  accuracy, a bar over all epochs and the time left.

  Args:
    rows: the recorder's rows, read at each epoch's end.
    config: the `Config`.
    position: the `Position`.
    train_count: number of training examples.
  """

  def __init__(self, rows, config, position, train_count):
    super().__init__()
    self._rows = rows
    self._config = config
    self._position = position
    self._train_count = train_count
    self._bar = None

  def on_train_begin(self, logs=None):
    if sys.stdout.isatty() and self._bar is None:
      is_wide = os.get_terminal_size(sys.stdout.fileno()).columns >= _WIDE
      self._bar = tqdm.tqdm(
          total=self._config.epochs * self._train_count,
          initial=self._seen(), desc=self._describe(), unit=" images",
          unit_scale=True, file=sys.stdout, dynamic_ncols=True,
          bar_format=_BAR + _SPEED * is_wide)

  def on_train_batch_end(self, batch, logs=None):
    if self._bar is not None:
      self._bar.set_description_str(self._describe(logs), refresh=False)
      self._bar.update(self._seen() - self._bar.n)

  def on_epoch_end(self, epoch, logs=None):
    if self._bar is None:
      print(_line(self._rows[-1], self._config.epochs), flush=True)
    else:
      self._bar.set_description_str(self._describe(logs))

  def close(self):
    """Leaves the line as it is, and what is printed next below it."""
    if self._bar is not None:
      self._bar.close()
      self._bar = None

  def _seen(self):
    """Returns how many images training has seen."""
    in_epoch = self._position.batch * self._config.batch_size
    epochs = self._position.epoch * self._train_count
    return epochs + min(in_epoch, self._train_count)

  def _describe(self, logs=None):
    """Returns what stands before the bar; `logs` are the epoch's so far."""
    text = _epoch(self._position.epoch + 1, self._config.epochs)
    if logs:
      text += (f"  loss {logs['cross_entropy']:.4f}"
               f"  accuracy {logs['accuracy']:.2%}")
    tests = [row["test_accuracy"] for row in self._rows
             if row.get("test_accuracy") is not None]
    return text + (f"  test {tests[-1]:.2%}" if tests else "")


def _line(row, epochs):
  text = (f"{_epoch(row['epoch'], epochs)}  loss {row['train_loss']:.4f}  "
          f"training accuracy {row['train_accuracy']:.2%}")
  if row["test_accuracy"] is not None:
    text += f"  test accuracy {row['test_accuracy']:.2%}"
  return f"{text}  {row['images_per_second']:,.0f} images/s"


def _epoch(epoch, epochs):
  return f"epoch {epoch:>{len(str(epochs))}}/{epochs}"

"""What a run shows while it trains."""

import sys

import keras
import tqdm


class Progress(keras.callbacks.Callback):
  """A bar with images/s and time left in a terminal; elsewhere a line an epoch.

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
    if sys.stdout.isatty():
      self._bar = tqdm.tqdm(
          total=self._config.epochs * self._train_count,
          initial=self._seen(),
          unit=" images", unit_scale=True, file=sys.stdout)

  def on_train_batch_end(self, batch, logs=None):
    if self._bar is not None:
      self._bar.update(self._seen() - self._bar.n)

  def on_epoch_end(self, epoch, logs=None):
    row = self._rows[-1]
    if self._bar is None:
      print(_line(row, self._config.epochs), flush=True)
    else:
      self._bar.set_description(f"epoch {row['epoch']}/{self._config.epochs}")
      self._bar.set_postfix_str(_accuracies(row))

  def _seen(self):
    """Returns how many images training has seen."""
    in_epoch = self._position.batch * self._config.batch_size
    epochs = self._position.epoch * self._train_count
    return epochs + min(in_epoch, self._train_count)

  def on_train_end(self, logs=None):
    if self._bar is not None:
      self._bar.close()


def _line(row, epochs):
  return (f"epoch {row['epoch']:>{len(str(epochs))}}/{epochs}  "
          f"loss {row['train_loss']:.4f}  {_accuracies(row)}  "
          f"{row['images_per_second']:,.0f} images/s")


def _accuracies(row):
  text = f"training accuracy {row['train_accuracy']:.2%}"
  if row["test_accuracy"] is not None:
    text += f"  test accuracy {row['test_accuracy']:.2%}"
  return text

"""A run for TensorBoard: curves, configuration, HParams and example images.

Every point comes from the rows of metrics.csv, and stands at its step. A run
that goes on adds to what it finds: a point that is there is never written
again, nor is a file replaced, as a TensorBoard that stays open would show a
step twice. All is in one folder, which TensorBoard takes for one run.
"""

import contextlib
import io

import keras
import numpy as np
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import metadata
import tensorflow as tf

from rethink_tf.runs import ownership
from rethink_tf.runs import storage
from rethink_tf.runs import wording

_GRID = (2, 5)
_PATTERN = "events.out.tfevents.*"
# Column of metrics.csv: tag. TensorBoard sorts them by name.
_CURVES = {
    "train_accuracy": "accuracy/train",
    "test_accuracy": "accuracy/test",
    "test_top5": "accuracy/test_top5",
    "corrupted_accuracy": "accuracy/train_corrupted_labels",
    "untouched_accuracy": "accuracy/train_untouched_labels",
    "drawn_equal_accuracy": "accuracy/train_labels_drawn_to_be_true",
    "drawn_accuracy": "accuracy/train_all_drawn_labels",
    "train_loss": "loss/train",
    "test_loss": "loss/test",
    "learning_rate": "optimizer/learning_rate",
    "images_per_second": "speed/images_per_second",
}
# With the weights fixed, where training accuracy above is a running average.
_FINAL = {
    "test_accuracy": "result/test_accuracy",
    "train_accuracy": "result/train_accuracy"}
# What tells runs apart in the HParams tab; the text has the whole config.
_HPARAMS = (
    "dataset", "model", "label_corruption", "pixel_randomization",
    "train_examples", "random_crop", "weight_decay", "seed")
# Where versions before had the curves, each against epochs and against steps.
_OLD_FOLDERS = (
    "train", "test", "corrupted labels", "labels drawn to be the true ones",
    "untouched labels", "all drawn labels")


class TensorBoard(keras.callbacks.Callback):
  """Writes each epoch's row.

  Args:
    folder: `pathlib.Path` for the event files, where those of an earlier start
      of the same run may be.
    rows: the recorder's rows; those there are written at once, and the last at
      each epoch's end.
  """

  def __init__(self, folder, rows):
    super().__init__()
    self._rows = rows
    self._writer = _Writer(folder)
    for row in rows:
      self._write(row)
    self._writer.flush()
    _remove_old_curves(folder)

  def on_epoch_end(self, epoch, logs=None):
    self._write(self._rows[-1])
    # Leaves nothing to be written as the process ends.
    self._writer.flush()

  def write_start(self, config, examples):
    """Writes the configuration as text, and the example images.

    Args:
      config: the `Config`.
      examples: a matplotlib figure, as `example_grid` makes it.
    """
    png = io.BytesIO()
    examples.savefig(png, format="png")
    image = tf.image.decode_png(png.getvalue(), channels=3)
    self._writer.add("config", 0, lambda: tf.summary.text(
        "config", _describe(config), 0))
    self._writer.add("training examples", 0, lambda: tf.summary.image(
        "training examples", image[tf.newaxis], 0))
    self._writer.flush()

  def _write(self, row):
    for column, tag in _CURVES.items():
      if row.get(column) is not None:
        self._writer.add_scalar(tag, row[column], row["step"])


def _describe(config):
  """Returns Markdown: a sentence, and a table of all flags."""
  fields = config.as_dict()
  return "\n".join([
      f"{config.model} on {config.dataset}, "
      f"{wording.name_modifications(config)}", "",
      "| flag | value |", "| --- | --- |",
      *(f"| `{name}` | {value} |" for name, value in fields.items())])


class _Writer:
  """Adds to the event files of a folder what is not there.

  Args:
    folder: `pathlib.Path`, made, with a file of this process's own, when
      something is written.
  """

  def __init__(self, folder):
    self._folder = folder
    self._writer = None
    self._written = set(_read_points(folder))

  def add(self, tag, step, write):
    """Calls a function that writes, unless the tag has something at the step.

    Args:
      tag: as TensorBoard calls it.
      step: int.
      write: a function that writes a summary of this tag and step.
    """
    if (tag, step) in self._written:
      return
    # A new writer would make its file in whoever's folder; one whose file is
    # gone says nothing, and what it writes is lost.
    ownership.require(self._folder)
    if self._writer is None:
      storage.make_folder(self._folder)
      self._writer = tf.summary.create_file_writer(str(self._folder))
    with self._writer.as_default():
      write()
    self._written.add((tag, step))

  def add_scalar(self, tag, value, step):
    self.add(tag, step, lambda: tf.summary.scalar(tag, value, step))

  def flush(self):
    if self._writer is not None:
      ownership.require(self._folder)
      self._writer.flush()


def _read_points(folder):
  """Yields each (tag, step) of the event files of a folder.

  As TensorBoard's own reader sees them: it leaves a file where a record is
  damaged, or half there, as a kill may leave the last one.
  """
  for path in sorted(folder.glob(_PATTERN)):
    for event in event_file_loader.EventFileLoader(str(path)).Load():
      for value in event.summary.value:
        yield value.tag, event.step


def _remove_old_curves(folder):
  """Removes the curves of an earlier version, once all of them are here."""
  for name in _OLD_FOLDERS:
    old = folder / name
    if old.is_symlink() or not old.is_dir():
      continue
    for path in old.glob(_PATTERN):
      if path.is_file() and not path.is_symlink():
        storage.remove(path)
    with contextlib.suppress(OSError):  # Others' files are in it.
      old.rmdir()


def write_end(folder, config, result):
  """Writes the final accuracies, and the flags for HParams.

  Args:
    folder: `pathlib.Path` for the event files.
    config: the `Config`.
    result: the dict of result.json.
  """
  given = {**config.as_dict(), "train_examples": result["train_examples"]}
  writer = _Writer(folder)
  writer.add(metadata.EXPERIMENT_TAG, 0, lambda: hparams.hparams_config(
      hparams=[hparams.HParam(key) for key in _HPARAMS],
      metrics=[
          hparams.Metric(tag, display_name=key.replace("_", " "))
          for key, tag in _FINAL.items()]))
  # Without an ID the tab names a trial by its folder. It takes those of one
  # ID for repetitions of one trial, and a hash of the flags for the default.
  writer.add(metadata.SESSION_START_INFO_TAG, 0, lambda: hparams.hparams(
      {key: given[key] for key in _HPARAMS}, trial_id=""))
  for key, tag in _FINAL.items():
    writer.add_scalar(tag, result[key], result["steps"])
  writer.flush()


def example_grid(inputs, assigned, true, label_names):
  """Draws training examples as the network sees them.

  Args:
    inputs: float `(n, 28, 28, 3)`, standardized; each is scaled to its own
      range for display.
    assigned: int `(n,)`, the labels trained on.
    true: int `(n,)`, the labels of the dataset.
    label_names: a name a class.

  Returns:
    A matplotlib figure of up to 10 images, each with its label above it, and in
    red, where another was assigned, that too. It has the shape in which
    TensorBoard shows it, so that its letters have their size there.
  """
  # Imported here: on a first start it writes notes about a font cache, which
  # should not stand before an error's one line.
  import matplotlib.figure  # noqa: PLC0415

  rows, columns = _GRID
  figure = matplotlib.figure.Figure(
      figsize=(3.8, 2.2), dpi=200, layout="constrained")
  axes = figure.subplots(rows, columns).ravel()
  for axis in axes:
    axis.set_axis_off()
  for axis, image, new, old in zip(axes, inputs, assigned, true):
    spread = np.ptp(image)
    axis.imshow((image - image.min()) / (spread if spread else 1))
    if new == old:
      axis.set_title(f"{label_names[old]}\n", fontsize=8)
    else:
      axis.set_title(
          f"{label_names[old]}\n\N{RIGHTWARDS ARROW} {label_names[new]}",
          fontsize=8, color="tab:red")
  figure.suptitle("red: true label \N{RIGHTWARDS ARROW} assigned", fontsize=8)
  return figure

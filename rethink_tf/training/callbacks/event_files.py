"""A run for TensorBoard: curves, configuration, HParams and example images.

Every point comes from the rows of metrics.csv. A run that goes on adds to what
it finds: a point that is there is never written again, nor is a file replaced,
as a TensorBoard that stays open would show a step twice.
"""

import io
import json

import keras
import numpy as np
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import metadata
import tensorflow as tf

from rethink_tf.runs import ownership
from rethink_tf.runs import storage

_GRID = (3, 4)
# The columns of the HParams tab. It shows five hyperparameters, sorted by name,
# unless told otherwise: those that tell the rows of Table 1 and Table 2 apart.
_HPARAMS = ("data_augmentation", "dropout", "label_corruption", "label_noise",
            "labels_file", "model", "random_crop", "seed", "weight_decay")
_FINAL = (
    "train_accuracy", "test_accuracy", "best_test_accuracy", "train_loss",
    "test_loss", "train_top5", "test_top5", "best_test_top5")
# Column of metrics.csv: (writer, tag).
_CURVES = {
    "train_loss": ("train", "loss"),
    "train_accuracy": ("train", "accuracy"),
    "test_loss": ("test", "loss"),
    "test_accuracy": ("test", "accuracy"),
    "test_top5": ("test", "top-5 accuracy"),
    "learning_rate": ("train", "learning_rate"),
    "images_per_second": ("train", "images_per_second"),
    "corrupted_accuracy": ("corrupted labels", "accuracy"),
    "drawn_equal_accuracy": ("labels drawn to be the true ones", "accuracy"),
    "untouched_accuracy": ("untouched labels", "accuracy"),
    "drawn_accuracy": ("all drawn labels", "accuracy"),
}


class TensorBoard(keras.callbacks.Callback):
  """Writes each epoch's row, once against the epoch and once against the step.

  Args:
    folder: `pathlib.Path` for the event files, where those of an earlier start
      of the same run may be.
    rows: the recorder's rows; those there are written at once, and the last at
      each epoch's end.
  """

  def __init__(self, folder, rows):
    super().__init__()
    self._rows = rows
    self._writers = {
        name: _Writer(folder / name)
        for name in sorted({name for name, _ in _CURVES.values()})}
    for row in rows:
      self._write(row)
    self._flush()

  def on_epoch_end(self, epoch, logs=None):
    self._write(self._rows[-1])
    self._flush()

  def _flush(self):
    """Leaves nothing to be written by a writer as the process ends."""
    for writer in self._writers.values():
      writer.flush()

  def write_start(self, config, examples):
    """Writes the configuration as text, and the example images.

    Args:
      config: the `Config`.
      examples: a matplotlib figure, as `example_grid` makes it.
    """
    lines = json.dumps(config.as_dict(), indent=4).splitlines()
    png = io.BytesIO()
    examples.savefig(png, format="png")
    image = tf.image.decode_png(png.getvalue(), channels=3)
    writer = self._writers["train"]
    writer.add("config", 0, lambda: tf.summary.text(
        "config", "\n".join("    " + line for line in lines), 0))
    writer.add("training examples", 0, lambda: tf.summary.image(
        "training examples", image[tf.newaxis], 0))
    writer.flush()

  def _write(self, row):
    for column, (name, tag) in _CURVES.items():
      if row.get(column) is not None:
        for against in ("epoch", "step"):
          self._writers[name].add_scalar(
              f"by_{against}/{tag}", row[column], row[against])


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
  for path in sorted(folder.glob("events.out.tfevents.*")):
    for event in event_file_loader.EventFileLoader(str(path)).Load():
      for value in event.summary.value:
        yield value.tag, event.step


def write_end(folder, config, result):
  """Writes the final metrics, and the flags as hyperparameters for HParams.

  Args:
    folder: `pathlib.Path` for the event files.
    config: the `Config`.
    result: the dict of result.json.
  """
  given = config.as_dict()
  shown = [key for key in _FINAL if result.get(key) is not None]
  writer = _Writer(folder)
  writer.add(metadata.EXPERIMENT_TAG, 0, lambda: hparams.hparams_config(
      hparams=[hparams.HParam(key) for key in _HPARAMS if key in given],
      metrics=[
          hparams.Metric(f"final/{key}", display_name=key.replace("_", " "))
          for key in shown]))
  # Without an ID the tab names a trial by its folder. It takes those of one
  # ID for repetitions of one trial, and a hash of the flags for the default.
  writer.add(metadata.SESSION_START_INFO_TAG, 0, lambda: hparams.hparams(
      given, trial_id=""))
  for key in shown:
    writer.add_scalar(f"final/{key}", result[key], result["epochs"])
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
    A matplotlib figure of up to 12 images, captioned "true -> assigned".
  """
  # Imported here: on a first start it writes notes about a font cache, which
  # should not stand before an error's one line.
  import matplotlib.figure  # noqa: PLC0415

  rows, columns = _GRID
  figure = matplotlib.figure.Figure(figsize=(8, 6.8), layout="constrained")
  axes = figure.subplots(rows, columns).ravel()
  for axis in axes:
    axis.set_axis_off()
  for axis, image, new, old in zip(axes, inputs, assigned, true):
    spread = np.ptp(image)
    axis.imshow((image - image.min()) / (spread if spread else 1))
    changed = new != old
    axis.set_title(
        f"{label_names[old]} \N{RIGHTWARDS ARROW} {label_names[new]}",
        fontsize=12, color="tab:red" if changed else "black")
  figure.suptitle("true label \N{RIGHTWARDS ARROW} assigned label "
                  "(red: changed)", fontsize=13)
  return figure

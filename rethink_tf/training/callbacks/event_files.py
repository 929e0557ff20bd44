"""A run for TensorBoard: curves, configuration, HParams and example images.

Every point comes from the rows of metrics.csv, and stands at its step. A run
that goes on adds to what it finds: a point that is there is never written
again, nor is a file replaced, as a TensorBoard that stays open would show a
step twice. All is in one folder, which TensorBoard takes for one run.

TensorBoard's own messages and records are written, which need no TensorFlow.
"""

import contextlib
import io
import itertools
import os
import socket
import struct
import time

import keras
import numpy as np
from tensorboard.compat.proto import event_pb2
from tensorboard.compat.proto import summary_pb2
from tensorboard.compat.tensorflow_stub import errors as record_errors
from tensorboard.compat.tensorflow_stub import pywrap_tensorflow
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import summary_v2 as scalars
from tensorboard.plugins.text import summary_v2 as texts
from tensorboard.summary.writer import record_writer
from tensorboard.util import tensor_util

from rethink_tf.runs import storage
from rethink_tf.runs import wording

_GRID = (2, 5)
_PREFIX = "events.out.tfevents."
_PATTERN = f"{_PREFIX}*"
# The first record of a file; where a width stands in a PNG, and a height.
_VERSION = "brain.Event:2"
_PNG_SIZE = slice(16, 24)
_counter = itertools.count()
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
    self._writer.add("config", 0, lambda: texts.text_pb(
        "config", _describe(config)))
    self._writer.add("training examples", 0, lambda: _image(
        "training examples", png.getvalue()))
    self._writer.flush()

  def _write(self, row):
    for column, tag in _CURVES.items():
      if row.get(column) is not None:
        self._writer.add_scalar(tag, row[column], row["step"])


def _image(tag, png):
  """Returns a summary of one image, given as PNG."""
  width, height = struct.unpack(">II", png[_PNG_SIZE])
  tensor = tensor_util.make_tensor_proto(
      [str(width).encode(), str(height).encode(), png], dtype=np.object_)
  summary = summary_pb2.Summary()
  summary.value.add(
      tag=tag, tensor=tensor,
      metadata=image_metadata.create_summary_metadata(None, None))
  return summary


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
    self._path = None
    self._pending = io.BytesIO()
    self._written = set(_read_points(folder))

  def add(self, tag, step, summarize):
    """Adds a summary, unless the tag has something at the step.

    Args:
      tag: as TensorBoard calls it.
      step: int.
      summarize: a function that returns the summary of this tag.
    """
    if (tag, step) in self._written:
      return
    if self._path is None:
      self._path = self._folder / _name_file()
      self._add(event_pb2.Event(file_version=_VERSION))
    self._add(event_pb2.Event(step=step, summary=summarize()))
    self._written.add((tag, step))

  def add_scalar(self, tag, value, step):
    self.add(tag, step, lambda: scalars.scalar_pb(tag, value))

  def flush(self):
    """Writes what was added.

    Raises:
      StorageError: it cannot be written, or the folder is no longer this
        process's.
    """
    if self._pending.tell():
      storage.make_folder(self._folder)
      storage.append_bytes(self._path, self._pending.getvalue())
      self._pending = io.BytesIO()

  def _add(self, event):
    event.wall_time = time.time()
    record_writer.RecordWriter(self._pending).write(event.SerializeToString())


def _name_file():
  """Returns a name that no other has: of this second, machine and process."""
  return (f"{_PREFIX}{int(time.time()):010}.{socket.gethostname()}."
          f"{os.getpid()}.{next(_counter)}")


def _read_points(folder):
  """Yields each (tag, step) of the event files of a folder.

  As TensorBoard's own reader sees them: it leaves a file where a record is
  damaged, or half there, as a kill may leave the last one.
  """
  for path in sorted(folder.glob(_PATTERN)):
    for record in _read_records(path):
      event = event_pb2.Event.FromString(record)
      for value in event.summary.value:
        yield value.tag, event.step


def _read_records(path):
  """Yields a file's records, bytes, to its end or to a damaged one."""
  reader = pywrap_tensorflow.PyRecordReader_New(str(path))
  with contextlib.suppress(
      record_errors.OutOfRangeError, record_errors.DataLossError):
    while True:
      reader.GetNext()
      yield reader.record()


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
  writer.add(metadata.EXPERIMENT_TAG, 0, lambda: hparams.hparams_config_pb(
      hparams=[hparams.HParam(key) for key in _HPARAMS],
      metrics=[
          hparams.Metric(tag, display_name=key.replace("_", " "))
          for key, tag in _FINAL.items()]))
  # Without an ID the tab names a trial by its folder. It takes those of one
  # ID for repetitions of one trial, and a hash of the flags for the default.
  writer.add(metadata.SESSION_START_INFO_TAG, 0, lambda: hparams.hparams_pb(
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

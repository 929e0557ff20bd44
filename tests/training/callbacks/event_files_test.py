"""Tests that no reader of TensorBoard's shows a step twice."""

import collections
import shutil
import time

import matplotlib.figure
import pytest
from tensorboard import context
from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

from rethink_tf.flags import training as training_flags
from rethink_tf.training.callbacks import event_files

_COLUMNS = (
    "train_loss", "train_accuracy", "test_loss", "test_accuracy", "test_top5",
    "learning_rate", "images_per_second", "corrupted_accuracy",
    "untouched_accuracy")
# How many curves each run has, against epochs and again against steps.
_CURVES = {"train": 4, "test": 3, "corrupted labels": 1, "untouched labels": 1}
_CONFIG, _ = training_flags.parse(["--dataset=digits"])


class _SlowLoader:
  """What `tensorboard --load_fast=false` reads with."""

  def __init__(self, folder):
    self._folder = str(folder)
    self._multiplexer = plugin_event_multiplexer.EventMultiplexer()
    self._provider = data_provider.MultiplexerDataProvider(
        self._multiplexer, self._folder)

  def read(self):
    self._multiplexer.AddRunsFromDirectory(self._folder)
    self._multiplexer.Reload()
    return _read(self._provider)


class _FastLoader:
  """What `tensorboard` reads with by default: a server, in its own time."""

  def __init__(self, folder):
    self._ingester = server_ingester.SubprocessServerDataIngester(
        server_binary=server_ingester.get_server_binary(), logdir=str(folder),
        reload_interval=1, channel_creds_type=grpc_util.ChannelCredsType.LOCAL)
    self._ingester.start()

  def read(self):
    return _read(self._ingester.data_provider)


def _read(provider):
  """Returns {run: {tag: [(step, value)]}} of all scalars."""
  read = provider.read_scalars(
      context.RequestContext(), experiment_id="", plugin_name="scalars",
      downsample=1000)
  return {
      run: {tag: [(point.step, point.value) for point in points]
            for tag, points in tags.items()}
      for run, tags in read.items()}


def _row(epoch, speed):
  """Returns a row of metrics.csv; how fast an epoch was is never the same."""
  row = {"epoch": epoch, "step": 10 * epoch}
  row.update({name: epoch / 8 for name in _COLUMNS})
  return {**row, "images_per_second": speed}


def _train(folder, done, epochs, speed=100.0):
  """Goes on from some epochs, and is killed when there are so many."""
  rows = [_row(epoch + 1, speed) for epoch in range(done)]
  board = event_files.TensorBoard(folder, rows)
  board.write_start(_CONFIG, matplotlib.figure.Figure())
  for epoch in range(done, epochs):
    rows.append(_row(epoch + 1, speed))
    board.on_epoch_end(epoch)
  # A file's name begins with the second in which it was made.
  time.sleep(1.1)


def _assert_shows(reader, *epochs):
  """Waits until each curve has so many epochs, and sees that it stays so."""
  deadline = time.monotonic() + 120
  while (lengths := _count_points(reader.read())) != set(epochs):
    assert time.monotonic() < deadline, lengths
    time.sleep(0.5)
  time.sleep(2.5)  # A server looks each second.
  assert _count_points(reader.read()) == set(epochs)


def _count_points(read):
  """Returns the lengths of all curves, each with every epoch once."""
  lengths = set()
  for run, curves in _CURVES.items():
    tags = read.get(run, {})
    lengths.add(0 if len(tags) < 2 * curves else max(map(len, tags.values())))
    for tag, points in tags.items():
      unit = 1 if tag.startswith("by_epoch/") else 10
      assert [step for step, _ in points] == [
          unit * epoch for epoch in range(1, len(points) + 1)], tag
      lengths.add(len(points))
  return lengths


def _train_and_cut(folder, aside, done, epochs):
  """Trains, and leaves half of each run's last record, as a kill may."""
  shutil.copytree(folder, aside)
  _train(aside, done, epochs)
  for run in _CURVES:
    newest = max((aside / run).iterdir())
    (folder / run / newest.name).write_bytes(newest.read_bytes()[:-9])


@pytest.mark.parametrize("loader", [_SlowLoader, _FastLoader])
def test_a_reader_that_stays_open_sees_no_step_twice(tmp_path, loader):
  folder = tmp_path / "tensorboard"
  _train(folder, done=0, epochs=3)
  reader = loader(folder)
  _assert_shows(reader, 3)
  # As from a checkpoint before the last point.
  _train(folder, done=2, epochs=5, speed=90.0)
  _assert_shows(reader, 5)
  _train_and_cut(folder, tmp_path / "aside", done=5, epochs=7)
  _assert_shows(reader, 6, 7)
  _train(folder, done=7, epochs=8)
  _assert_shows(reader, 8)
  _assert_shows(loader(folder), 8)


def test_a_start_that_adds_nothing_makes_no_file(tmp_path):
  _train(tmp_path, done=0, epochs=2)
  before = sorted(tmp_path.rglob("events*"))
  _train(tmp_path, done=2, epochs=2)
  assert sorted(tmp_path.rglob("events*")) == before


def test_a_point_that_is_there_stays_and_one_that_is_not_is_written(tmp_path):
  _train(tmp_path, done=0, epochs=2, speed=100.0)
  _train(tmp_path, done=3, epochs=4, speed=90.0)
  speeds = _SlowLoader(tmp_path).read()["train"]["by_epoch/images_per_second"]
  assert speeds == [(1, 100.0), (2, 100.0), (3, 90.0), (4, 90.0)]


def test_text_images_and_the_end_are_written_once(tmp_path):
  result = {"test_accuracy": 0.5, "epochs": 2}
  for _ in range(2):
    _train(tmp_path, done=0, epochs=2)
    event_files.write_end(tmp_path, _CONFIG, result)
    time.sleep(1.1)
  tags = collections.Counter(
      (path.parent.name, value.tag)
      for path in tmp_path.rglob("events*")
      for event in event_file_loader.EventFileLoader(str(path)).Load()
      for value in event.summary.value if "by_" not in value.tag)
  assert tags == {key: 1 for key in [
      ("train", "config"), ("train", "training examples"),
      (tmp_path.name, "_hparams_/experiment"),
      (tmp_path.name, "_hparams_/session_start_info"),
      (tmp_path.name, "final/test_accuracy")]}

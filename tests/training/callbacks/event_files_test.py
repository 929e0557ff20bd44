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
import tensorflow as tf

from rethink_tf.flags import training as training_flags
from rethink_tf.training.callbacks import event_files

_COLUMNS = (
    "train_loss", "train_accuracy", "test_loss", "test_accuracy", "test_top5",
    "learning_rate", "images_per_second", "corrupted_accuracy",
    "untouched_accuracy")
_TAGS = {
    "accuracy/train", "accuracy/test", "accuracy/test_top5",
    "accuracy/train_corrupted_labels", "accuracy/train_untouched_labels",
    "loss/train", "loss/test", "optimizer/learning_rate",
    "speed/images_per_second"}
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
  """Returns the lengths of all curves of the one run, each with every step."""
  if not read:
    return {0}
  assert len(read) == 1
  tags, = read.values()
  if set(tags) != _TAGS:  # Not all are read yet.
    return {0, *map(len, tags.values())}
  for tag, points in tags.items():
    assert [step for step, _ in points] == [
        10 * epoch for epoch in range(1, len(points) + 1)], tag
  return set(map(len, tags.values()))


def _train_and_cut(folder, aside, done, epochs):
  """Trains, and leaves half of the last record, as a kill may."""
  shutil.copytree(folder, aside)
  _train(aside, done, epochs)
  newest = max(aside.iterdir())
  (folder / newest.name).write_bytes(newest.read_bytes()[:-9])


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
  run, = _SlowLoader(tmp_path).read().values()
  assert run["speed/images_per_second"] == [
      (10, 100.0), (20, 100.0), (30, 90.0), (40, 90.0)]


_OLD_RUNS = {
    "train": ("loss", "accuracy", "learning_rate", "images_per_second"),
    "test": ("loss", "accuracy", "top-5 accuracy"),
    "corrupted labels": ("accuracy",), "untouched labels": ("accuracy",)}


def _write_as_before(folder, epochs):
  """Leaves what a version with a folder for each of five runs left."""
  for run, tags in _OLD_RUNS.items():
    with tf.summary.create_file_writer(str(folder / run)).as_default() as old:
      for epoch in range(1, epochs + 1):
        for tag in tags:
          tf.summary.scalar(f"by_epoch/{tag}", epoch / 8, epoch)
          tf.summary.scalar(f"by_step/{tag}", epoch / 8, 10 * epoch)
      old.close()


@pytest.mark.parametrize("loader", [_SlowLoader, _FastLoader])
def test_a_run_begun_with_a_folder_a_curve_goes_on_in_one(tmp_path, loader):
  folder = tmp_path / "tensorboard"
  _write_as_before(folder, 3)
  (folder / "train" / "notes.txt").write_text("mine")
  assert set(_SlowLoader(folder).read()) == set(_OLD_RUNS)
  for done, epochs in ((3, 4), (4, 5)):
    _train(folder, done, epochs)
    _assert_shows(loader(folder), epochs)
  assert [path.name for path in folder.rglob("*") if path.is_dir()] == ["train"]
  assert [path.name for path in folder.glob("*/*")] == ["notes.txt"]


def test_text_images_and_the_end_are_written_once(tmp_path):
  result = {"test_accuracy": 0.5, "train_accuracy": 1.0, "epochs": 2,
            "steps": 20, "train_examples": 1297}
  for _ in range(2):
    _train(tmp_path, done=0, epochs=2)
    event_files.write_end(tmp_path, _CONFIG, result)
    time.sleep(1.1)
  tags = collections.Counter(
      value.tag for path in tmp_path.rglob("events*")
      for event in event_file_loader.EventFileLoader(str(path)).Load()
      for value in event.summary.value if value.tag not in _TAGS)
  assert tags == dict.fromkeys([
      "config", "training examples", "_hparams_/experiment",
      "_hparams_/session_start_info", "result/test_accuracy",
      "result/train_accuracy"], 1)

"""Tests of stopping and saving in the middle of an epoch, at every batch."""

import os
import signal

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import randomization
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals
from rethink_tf.training import checkpoints
from rethink_tf.training import fit
from rethink_tf.training import task
from rethink_tf.training.callbacks import saver

_STEPS = 3  # An epoch: batches of 16, 16 and 8 images.
_TESTED = 2  # Batches of the test set.


def _split(count, seed):
  generator = np.random.default_rng(seed)
  images = generator.integers(0, 256, (count, 32, 32, 3), np.uint8)
  return dataset.Split(images, generator.integers(0, 10, count, np.int32))


_TRAIN, _TEST = _split(40, 1), _split(510, 2)


def _train(folder, model_name="mlp_1x512", train=_TRAIN, labels=None,
           **arguments):
  """Trains two epochs; returns the hashes of what is left, and the rows."""
  config = training_flags.Config(
      dataset="digits", model=model_name, batch_size=16, epochs=2,
      learning_rate=0.01, random_crop=True, dropout=0.5, weight_decay=0.001)
  keras.backend.clear_session()
  folder.mkdir(exist_ok=True)
  model = registry.build(
      model_name, weight_decay=config.weight_decay, dropout=config.dropout)
  rows = fit.train(
      model, task.Task(config, train, _TEST, labels), task.Setting(
          run_directory.RunDirectory(folder), **arguments))
  times = ("seconds", "images_per_second")
  return (state.sha256(state.weights(model)),
          state.sha256(state.optimizer(model)),
          [{k: v for k, v in row.items() if k not in times} for row in rows])


def _stop_at(monkeypatch, number):
  """Makes a real SIGTERM arrive when it is asked for the n-th time."""
  asked = []
  asked_to_stop = saver.Saver.asked_to_stop

  def ask(self):
    asked.append(number)
    if len(asked) == number:
      os.kill(os.getpid(), signal.SIGTERM)
    return asked_to_stop(self)

  monkeypatch.setattr(saver.Saver, "asked_to_stop", ask)
  return asked


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
  return _train(tmp_path_factory.mktemp("whole"))


# After each batch of an epoch, after each of the test that ends it, after that
# test, and when the epoch is saved.
_ASKED = _STEPS + _TESTED + 2


@pytest.mark.parametrize(
    "number", [n for n in range(1, 2 * _ASKED) if n % _ASKED])
def test_a_run_stopped_anywhere_ends_as_if_it_never_was(
    tmp_path, monkeypatch, whole, number):
  stop = signals.Stop()
  with monkeypatch.context() as patch, stop.on_signals():
    _stop_at(patch, number)
    with pytest.raises(
        errors.StoppedError, match="SIGTERM.* goes on from epoch"):
      _train(tmp_path, stop=stop)
  epoch, place = divmod(number - 1, _ASKED)
  batch = min(place + 1, _STEPS)
  _, saved = checkpoints.latest(tmp_path / "checkpoints")
  assert (len(saved["rows"]), saved["epoch"]["batch"]) == (epoch, batch)

  done = []
  with monkeypatch.context() as patch:
    take = fit.position_lib.Position.on_train_batch_end

    def count(self, batch, logs=None):
      take(self, batch, logs)
      done.append(self.step)

    patch.setattr(fit.position_lib.Position, "on_train_batch_end", count)
    assert _train(tmp_path) == whole
  # No step that was saved is taken again, and none is left out.
  assert done == list(range(epoch * _STEPS + batch + 1, 2 * _STEPS + 1))


def test_a_run_stopped_while_kinds_of_labels_are_measured_goes_on(
    tmp_path, monkeypatch):
  train = _split(510, 3)  # Two batches of an evaluation, and 32 steps.
  labels = randomization.Labels(
      (train.labels + 1) % 10, train.labels, np.arange(510) < 99,
      np.ones(510, bool))
  whole = _train(tmp_path / "whole", train=train, labels=labels)
  stop = signals.Stop()
  with monkeypatch.context() as patch, stop.on_signals():
    _stop_at(patch, 32 + _TESTED + 2)
    with pytest.raises(errors.StoppedError, match="goes on from epoch 1"):
      _train(tmp_path / "run", train=train, labels=labels, stop=stop)
  assert _train(tmp_path / "run", train=train, labels=labels) == whole


@pytest.mark.parametrize(
    "name", ["alexnet_small", "inception_small", "inception_small_no_bn"])
def test_the_other_models_go_on_in_an_epoch_too(tmp_path, monkeypatch, name):
  stop = signals.Stop()
  with monkeypatch.context() as patch, stop.on_signals():
    _stop_at(patch, _STEPS + _TESTED + 1)
    with pytest.raises(errors.StoppedError):
      _train(tmp_path / "run", name, stop=stop)
  assert _train(tmp_path / "run", name) == _train(tmp_path / "whole", name)


def test_checkpoints_in_an_epoch_come_after_so_many_minutes(
    tmp_path, monkeypatch):
  steps = []
  save = checkpoints.save

  def note(folder, step, arrays, saved, *others):
    steps.append((step, "epoch" in saved))
    save(folder, step, arrays, saved, *others)

  monkeypatch.setattr(checkpoints, "save", note)
  now = [0.0]  # Seconds; each question takes 30.

  def monotonic():
    now[0] += 30
    return now[0]

  monkeypatch.setattr(saver.time, "monotonic", monotonic)
  _train(tmp_path, checkpoint_minutes=1.5)
  # It is asked after each batch, and once more before the test: the third time
  # 90 seconds have passed. Saving starts the count anew, at 30.
  assert steps == [(3, True), (3, False), (6, True), (6, False)]


def test_without_a_reason_only_the_ends_of_epochs_are_saved(tmp_path):
  _train(tmp_path)
  assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == [
      "step-00000003.npz", "step-00000006.npz"]


def test_a_signal_before_there_is_work_to_save_stops_at_once():
  stop = signals.Stop()
  with pytest.raises(errors.StoppedError, match="its last checkpoint"):
    with stop.on_signals():
      os.kill(os.getpid(), signal.SIGTERM)
      signal.pause()


def test_a_signal_that_waits_stops_when_there_is_nothing_left_to_save():
  stop = signals.Stop()
  with stop.on_signals():
    stop.defer()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.requested
    with pytest.raises(errors.StoppedError):
      stop.end_deferral()

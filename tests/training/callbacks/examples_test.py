"""Tests of recording examples: the same after any interruption."""

import os
import signal

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import examples as examples_lib
from rethink_tf.runs import signals
from rethink_tf.training import fit
from rethink_tf.training import task
from rethink_tf.training.callbacks import examples
from rethink_tf.training.callbacks import saver

_STEPS = 3  # An epoch: batches of 16, 16 and 8 images.
_TESTED = 2  # Batches of the test set.
_EPOCHS = 2
_SEEN = np.arange(50) % 5 != 0


def _split(count, seed):
  generator = np.random.default_rng(seed)
  images = generator.integers(0, 256, (count, 32, 32, 3), np.uint8)
  return dataset.Split(images, generator.integers(0, 10, count, np.int32))


_TRAIN, _TEST = _split(40, 1), _split(510, 2)


def _train(folder, **arguments):
  """Trains a linear layer and ends the run; returns what was recorded."""
  config = training_flags.Config(
      dataset="digits", batch_size=16, epochs=_EPOCHS, record_examples=True)
  keras.backend.clear_session()
  inputs = keras.Input((28, 28, 3))
  outputs = keras.layers.Dense(
      10, kernel_initializer=keras.initializers.GlorotUniform(seed=3),
      name="logits")(keras.layers.Flatten()(inputs))
  folder.mkdir(exist_ok=True)
  directory = run_directory.RunDirectory(folder)
  rows = fit.train(
      keras.Model(inputs, outputs),
      task.Task(config, _TRAIN, _TEST, seen=_SEEN),
      task.Setting(directory, **arguments))
  examples_lib.finish(directory, len(rows))
  np.testing.assert_allclose(
      examples_lib.load(folder).fitted.mean(axis=1),
      [row["train_accuracy"] for row in rows], atol=1e-6)
  return (folder / examples_lib.NAME).read_bytes()


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
  return _train(tmp_path_factory.mktemp("whole"))


# After each batch of an epoch, after each of the test that ends it, after that
# test, and when the epoch is saved.
_ASKED = _STEPS + _TESTED + 2


@pytest.mark.parametrize(
    "number", [n for n in range(1, _EPOCHS * _ASKED) if n % _ASKED])
def test_a_run_stopped_anywhere_has_what_it_would_have_had(
    tmp_path, monkeypatch, whole, number):
  asked, stop = [], signals.Stop()

  def ask(self, asked_to_stop=saver.Saver.asked_to_stop):
    asked.append(number)
    if len(asked) == number:
      os.kill(os.getpid(), signal.SIGTERM)
    return asked_to_stop(self)

  with monkeypatch.context() as patch, stop.on_signals():
    patch.setattr(saver.Saver, "asked_to_stop", ask)
    with pytest.raises(errors.StoppedError):
      _train(tmp_path, stop=stop)
  assert not (tmp_path / examples_lib.NAME).exists()
  assert _train(tmp_path) == whole


def test_a_run_killed_between_what_it_recorded_and_its_checkpoint_goes_on(
    tmp_path, monkeypatch, whole):
  def die_after_2(directory, epoch, *rest, write=examples_lib.write_epoch):
    write(directory, epoch, *rest)
    if epoch == 2:
      raise ZeroDivisionError

  with monkeypatch.context() as patch:
    patch.setattr(examples.examples_lib, "write_epoch", die_after_2)
    with pytest.raises(ZeroDivisionError):
      _train(tmp_path)
  made = examples_lib.load(tmp_path)  # A notebook's, of a run not done.
  assert made.margins.shape == (2, 40)
  np.testing.assert_array_equal(made.example, np.flatnonzero(_SEEN))
  assert _train(tmp_path) == whole


def test_a_run_does_not_go_on_without_what_it_recorded(
    tmp_path, monkeypatch, whole):
  with monkeypatch.context() as patch:
    patch.setattr(examples_lib, "finish", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
      _train(tmp_path)
  part = tmp_path / "checkpoints/examples-000002.npz"
  content = part.read_bytes()
  part.write_bytes(content[:-1] + b"x")
  with pytest.raises(errors.StorageError, match="000002.npz is damaged"):
    _train(tmp_path)
  part.unlink()
  with pytest.raises(errors.StorageError, match="in epoch 2 is missing"):
    _train(tmp_path)
  part.write_bytes(content)
  assert _train(tmp_path) == whole
  # What is done is done once more, as where it was killed after that.
  assert not part.exists()
  assert _train(tmp_path) == whole

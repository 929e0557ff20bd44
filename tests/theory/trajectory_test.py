"""Tests of measured training: the paper's step, and an exact resume."""

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.theory import trajectory
from rethink_tf.training import checkpoints
from rethink_tf.training import fit
from rethink_tf.training import task

_CONFIG = training_flags.Config(
    dataset="digits", batch_size=32, epochs=5, lr_decay_examples=100)


@pytest.fixture(name="split", scope="module")
def _split():
  return digits.load()[0].first(80)


def _train(split, folder, interrupt_at=None, enough=None, minutes=0.0):
  """Trains; returns the measurements and the last weights."""
  keras.backend.clear_session()
  model = registry.build("mlp_1x512", seed=3)
  fit.compile_model(model, _CONFIG, len(split))
  predict = trajectory.make_predictor(split)
  count = 0

  def measure(trained):
    nonlocal count
    if count == interrupt_at:
      raise errors.StoppedError("now")
    count += 1
    return {"logits": predict(trained), "norm": float(
        np.linalg.norm(trained.get_weights()[0]))}

  measured = trajectory.train(
      model, _CONFIG, split, folder, measure, enough=enough, minutes=minutes)
  return measured, model.get_weights()


def test_an_entry_before_training_and_one_after_each_epoch(split, tmp_path):
  measured, weights = _train(split, tmp_path / "a")
  assert measured["logits"].shape == (6, 80, 10)
  assert len(set(measured["norm"])) == 6
  assert measured["norm"][-1] == np.linalg.norm(weights[0])
  untrained = registry.build("mlp_1x512", seed=3).get_weights()
  assert measured["norm"][0] == np.linalg.norm(untrained[0])


def test_it_is_the_training_of_the_paper(split, tmp_path):
  keras.backend.clear_session()
  model = registry.build("mlp_1x512", seed=3)

  class Directory:
    path, checkpoints, tensorboard = (
        tmp_path, tmp_path / "checkpoints", tmp_path / "tensorboard")
    identity = None

    def write_metrics(self, rows):
      del rows

  fit.train(model, task.Task(_CONFIG, split, split), task.Setting(Directory()))
  _, weights = _train(split, tmp_path / "b")
  for one, other in zip(model.get_weights(), weights):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_stopped_and_started_again_it_measures_the_same(
    split, tmp_path, epoch):
  whole, _ = _train(split, tmp_path / "whole")
  with pytest.raises(errors.StoppedError):
    _train(split, tmp_path / "part", interrupt_at=epoch)
  resumed, _ = _train(split, tmp_path / "part")
  for name, values in whole.items():
    np.testing.assert_array_equal(resumed[name], values)


def test_what_is_done_is_not_trained_again(split, tmp_path):
  whole, _ = _train(split, tmp_path / "a")
  # The first measurement would raise.
  again, _ = _train(split, tmp_path / "a", interrupt_at=0)
  np.testing.assert_array_equal(again["logits"], whole["logits"])
  assert len(list((tmp_path / "a").iterdir())) == 1


def test_a_damaged_checkpoint_is_named_and_the_one_before_used(
    split, tmp_path, capsys):
  whole, _ = _train(split, tmp_path / "whole")
  with pytest.raises(errors.StoppedError):
    _train(split, tmp_path / "part", interrupt_at=4)
  last = sorted((tmp_path / "part").glob("*.npz"))[-1]
  content = bytearray(last.read_bytes())
  content[len(content) // 2] ^= 1
  last.write_bytes(content)
  resumed, _ = _train(split, tmp_path / "part")
  assert last.name in capsys.readouterr().err
  np.testing.assert_array_equal(resumed["logits"], whole["logits"])


def test_it_stops_when_that_is_enough(split, tmp_path):
  limit = _train(split, tmp_path / "whole")[0]["norm"][2]
  measured, _ = _train(
      split, tmp_path / "a", enough=lambda m: m["norm"] == limit)
  assert len(measured["norm"]) == 3


def test_weights_that_are_not_finite_are_not_saved(split, tmp_path):
  keras.backend.clear_session()
  model = registry.build("mlp_1x512", seed=3)
  fit.compile_model(model, _CONFIG, len(split))
  count = 0

  def measure(trained):
    nonlocal count
    if count == 2:  # After the second epoch.
      trained.set_weights([w + np.inf for w in trained.get_weights()])
    count += 1
    return {"nothing": 0.0}

  with pytest.raises(
      errors.DivergedError, match="no longer finite after epoch 2$"):
    trajectory.train(
        model, _CONFIG, split, tmp_path / "a", measure, minutes=0.0)
  arrays, _ = checkpoints.latest(tmp_path / "a")
  assert all(np.isfinite(array).all() for array in arrays.values())
  assert len(arrays["measured/nothing"]) == 2


def test_outputs_that_are_not_finite_are_not_measured(split):
  model = registry.build("mlp_1x512", seed=3)
  weights = model.get_weights()
  weights[-2] += 3e38  # Of the last layer, whose sums are not finite.
  model.set_weights(weights)
  with pytest.raises(errors.DivergedError, match="outputs are not finite"):
    trajectory.make_predictor(split)(model)


def test_a_loss_that_is_not_finite_is_said_at_once(split, tmp_path):
  keras.backend.clear_session()
  model = registry.build("mlp_1x512", seed=3)
  fit.compile_model(model, _CONFIG, len(split))
  weights = model.get_weights()
  # Of the last layer: behind another, some processors' ReLU makes 0 of NaN.
  weights[-2][:] = np.inf
  model.set_weights(weights)
  with pytest.raises(errors.DivergedError, match="in epoch 1, step 1 of it"):
    trajectory.train(
        model, _CONFIG, split, tmp_path / "a", lambda m: {"nothing": 0.0})

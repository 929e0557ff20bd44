"""Tests of fit and schedule: each step against NumPy, each failure on time."""

import json

import keras
import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import plans
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import checkpoints
from rethink_tf.training import evaluation
from rethink_tf.training import fit
from rethink_tf.training import schedule
from rethink_tf.training import task


def _rates(steps, train_count, **fields):
  config = training_flags.Config(**{"learning_rate": 0.1, **fields})
  rate = schedule.learning_rate(config, train_count)
  return [float(keras.ops.convert_to_numpy(rate(step))) for step in steps]


def test_the_rate_falls_by_5_percent_at_each_start_of_an_epoch():
  # 50,000 images in batches of 128 are 390 full ones and one of 80.
  for epoch in (0, 1, 2, 50, 99):
    first, last = 391 * epoch, 391 * (epoch + 1) - 1
    np.testing.assert_allclose(
        _rates([first, first + 1, last], 50_000, batch_size=128),
        0.1 * 0.95**epoch, rtol=1e-5)


def test_the_rate_of_a_smaller_set_falls_once_in_50000_examples():
  # 1,000 images are 8 steps, and 50 epochs of them 50,000 examples.
  rates = _rates([0, 399, 400, 799, 800], 1000, batch_size=128)
  np.testing.assert_allclose(
      rates, [0.1, 0.1, 0.095, 0.095, 0.09025], rtol=1e-6)


def test_the_examples_between_decays_are_a_flag():
  rates = _rates([0, 9, 10, 20], 100, batch_size=10, lr_decay=0.5,
                 lr_decay_examples=100)
  np.testing.assert_allclose(rates, [0.1, 0.1, 0.05, 0.025], rtol=1e-6)


def test_the_rate_falls_at_most_once_a_step():
  rates = _rates([0, 1, 2], 1000, batch_size=1000, lr_decay=0.5,
                 lr_decay_examples=10)
  np.testing.assert_allclose(rates, [0.1, 0.05, 0.025], rtol=1e-6)


def _softmax(logits):
  shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
  return shifted / shifted.sum(axis=1, keepdims=True)


def test_three_steps_are_those_of_momentum_worked_out_by_hand():
  generator = np.random.default_rng(0)
  x = generator.normal(size=(2, 4)).astype(np.float32)
  y = np.array([0, 2])
  kernel = generator.normal(size=(4, 3)).astype(np.float32)
  penalty, rate = 0.03, 0.5
  inputs = keras.Input((4,))
  layer = keras.layers.Dense(
      3, use_bias=False, kernel_regularizer=keras.regularizers.L2(penalty))
  model = keras.Model(inputs, layer(inputs))
  layer.set_weights([kernel])
  # An epoch is one step, after which the rate halves.
  config = training_flags.Config(
      learning_rate=rate, lr_decay=0.5, lr_decay_examples=2, batch_size=2)
  fit.compile_model(model, config, train_count=2)

  weights, velocity = kernel.astype(np.float64), 0.0
  for step in range(3):
    error = (_softmax(x @ weights) - np.eye(3)[y]) / 2
    gradient = x.T @ error + 2 * penalty * weights
    velocity = 0.9 * velocity - rate * 0.5**step * gradient
    weights = weights + velocity
    model.train_on_batch(x, y)
    np.testing.assert_allclose(layer.get_weights()[0], weights, atol=1e-5)


def _split(count, seed=0):
  generator = np.random.default_rng(seed)
  return dataset.Split(
      generator.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8),
      generator.integers(0, 10, count).astype(np.int32))


def _forward(model, split):
  """An MLP's logits on a split's centre crops, in NumPy."""
  x = split.images[:, 2:30, 2:30].reshape(len(split), -1) / 255
  x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
  layers = [layer.get_weights() for layer in model.layers if layer.weights]
  for kernel, bias in layers[:-1]:
    x = np.maximum(x @ kernel.astype(np.float64) + bias, 0)
  return x @ layers[-1][0].astype(np.float64) + layers[-1][1]


def _measured(model, split):
  """Accuracy and cross-entropy of `_forward`."""
  logits = _forward(model, split)
  right = logits.argmax(axis=1) == split.labels
  chosen = _softmax(logits)[np.arange(len(split)), split.labels]
  return right.mean(), -np.log(chosen).mean()


def _config(**fields):
  return training_flags.Config(**{
      "dataset": "digits", "model": "mlp_1x512", "batch_size": 16, "epochs": 2,
      "learning_rate": 0.01, **fields})


def _train(folder, config, train_split, test_split=None):
  folder.mkdir(exist_ok=True)
  model = registry.build(
      config.model, weight_decay=config.weight_decay, dropout=config.dropout,
      seed=config.seed)
  rows = fit.train(
      model, task.Task(config, train_split, test_split or _split(20, seed=9)),
      task.Setting(run_directory.RunDirectory(folder)))
  return model, rows


def test_evaluation_is_over_every_example_without_penalty_or_dropout():
  config = _config(weight_decay=0.1, dropout=0.5)
  model = registry.build("mlp_1x512", weight_decay=0.1, dropout=0.5, seed=3)
  split = _split(503)  # More than a batch of 500, and none of its multiples.
  fit.compile_model(model, config, 503)
  measured = evaluation.evaluate(model, split)
  accuracy, cross_entropy = _measured(model, split)
  assert set(measured) >= {"accuracy", "cross_entropy"}
  assert measured["accuracy"] == pytest.approx(accuracy, abs=1e-6)
  assert measured["cross_entropy"] == pytest.approx(cross_entropy, rel=1e-4)


def test_top5_is_measured_for_more_than_ten_classes_only():
  split = _split(60)
  for classes in (10, 20):
    model = registry.build("mlp_1x512", num_classes=classes)
    fit.compile_model(model, _config(), 60)
    measured = evaluation.evaluate(model, split)
    logits = _forward(model, split)
    rank = (logits > logits[np.arange(60), split.labels][:, None]).sum(axis=1)
    if classes == 10:
      assert "top5" not in measured
    else:
      assert measured["top5"] == pytest.approx((rank < 5).mean(), abs=1e-6)


def test_an_evaluation_that_is_not_finite_is_divergence():
  model = registry.build("mlp_1x512")
  fit.compile_model(model, _config(), 20)
  model.layers[-1].bias.assign(np.full(10, np.nan))
  with pytest.raises(errors.DivergedError):
    evaluation.evaluate(model, _split(20))


def test_a_rows_training_loss_is_the_running_one_without_the_penalty(tmp_path):
  # With one step an epoch, what an epoch measures is the weights before it.
  split, config = _split(40), _config(batch_size=64, epochs=1, weight_decay=0.1)
  before = registry.build("mlp_1x512", weight_decay=0.1, seed=config.seed)
  model, rows = _train(tmp_path, config, split)
  accuracy, cross_entropy = _measured(before, split)
  assert rows[0]["train_accuracy"] == pytest.approx(accuracy, abs=1e-6)
  assert rows[0]["train_loss"] == pytest.approx(cross_entropy, rel=1e-4)
  accuracy, cross_entropy = _measured(model, _split(20, seed=9))
  assert rows[0]["test_accuracy"] == pytest.approx(accuracy, abs=1e-6)
  assert rows[0]["test_loss"] == pytest.approx(cross_entropy, rel=1e-4)


def test_an_epoch_takes_the_steps_that_numpy_takes(tmp_path):
  # Two epochs of a partial batch each, in the pipeline's order and with its
  # windows, by a linear layer's hand-written gradient in NumPy.
  split = _split(20)
  config = _config(batch_size=16, learning_rate=0.05, lr_decay_examples=20,
                   random_crop=True)
  inputs = keras.Input((28, 28, 3))
  dense = keras.layers.Dense(10)
  model = keras.Model(inputs, dense(keras.layers.Flatten()(inputs)))
  kernel, bias = (w.astype(np.float64) for w in dense.get_weights())
  fit.train(model, task.Task(config, split, _split(5)),
            task.Setting(run_directory.RunDirectory(tmp_path)))

  velocities = [0.0, 0.0]
  for epoch in range(2):
    order, offsets = plans.epoch_plan(20, config, epoch)
    for batch in (slice(0, 16), slice(16, 20)):
      x = np.stack([
          split.images[i, top:top + 28, left:left + 28].ravel() / 255
          for i, (top, left) in zip(order[batch], offsets[batch])])
      x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
      chosen = np.eye(10)[split.labels[order[batch]]]
      error = _softmax(x @ kernel + bias) - chosen
      gradients = x.T @ error / len(x), error.mean(axis=0)
      rate = 0.05 * 0.95**epoch
      velocities = [0.9 * v - rate * g for v, g in zip(velocities, gradients)]
      kernel, bias = kernel + velocities[0], bias + velocities[1]
  trained = dense.get_weights()
  np.testing.assert_allclose(trained[0], kernel, atol=1e-4)
  np.testing.assert_allclose(trained[1], bias, atol=1e-4)


def test_the_test_set_is_measured_every_so_often_and_after_the_last(tmp_path):
  _, rows = _train(tmp_path, _config(epochs=5, eval_every=2), _split(20))
  measured = [row["epoch"] for row in rows if row["test_accuracy"] is not None]
  assert measured == [2, 4, 5]
  assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5]
  assert [row["step"] for row in rows] == [2, 4, 6, 8, 10]


@pytest.mark.parametrize("after, accuracies, last", [
    (None, [1.0] * 9, 30), (0, [0.99, 0.99991], 2), (3, [0.5, 1.0, 0.2], 5),
    (3, [0.5, 0.9999, 0.2], 30), (40, [1.0], 30), (2, [], 30)])
def test_the_last_epoch_is_so_many_after_the_first_that_is_fitted(
    after, accuracies, last):
  config = _config(epochs=30, stop_when_fitted=after)
  assert schedule.last_epoch(config, accuracies) == last


def test_training_stops_when_fitted_and_is_the_first_part_of_a_longer_run(
    tmp_path):
  model, rows = _train(
      tmp_path / "stops", _config(epochs=60, stop_when_fitted=2, eval_every=50),
      _split(20))
  fitted = [row["train_accuracy"] > schedule.FITTED for row in rows]
  assert fitted.index(True) == len(rows) - 3 and len(rows) < 60
  # As the last epoch, it is the one that is tested.
  assert [row["epoch"] for row in rows if row["test_accuracy"] is not None] == [
      len(rows)]
  longer, _ = _train(
      tmp_path / "goes_on", _config(epochs=len(rows)), _split(20))
  assert state.sha256(state.weights(model)) == state.sha256(
      state.weights(longer))
  # Started again, it has nothing more to do.
  again, same_rows = _train(
      tmp_path / "stops", _config(epochs=60, stop_when_fitted=2, eval_every=50),
      _split(20))
  assert same_rows == rows
  assert state.sha256(state.weights(again)) == state.sha256(
      state.weights(model))


def test_a_loss_that_is_not_finite_stops_with_a_finite_checkpoint(tmp_path):
  train_split = _split(40)
  config = _config(epochs=50, learning_rate=1e6)
  with pytest.raises(errors.DivergedError, match="learning rate"):
    _train(tmp_path, config, train_split)
  saved = checkpoints.latest(tmp_path / "checkpoints")
  arrays = saved[0] if saved else {}
  assert all(np.isfinite(array).all() for array in arrays.values())


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_that_diverges_in_the_last_step_of_an_epoch_says_so(
    tmp_path, epochs):
  # The loss before the only step is finite; the weights after it are not.
  config = _config(epochs=epochs, batch_size=64, learning_rate=3e38)
  with pytest.raises(errors.DivergedError):
    _train(tmp_path, config, _split(40))
  assert checkpoints.latest(tmp_path / "checkpoints") is None


def test_each_epoch_leaves_a_checkpoint_of_its_rows_and_weights(tmp_path):
  model, rows = _train(tmp_path, _config(), _split(20))
  arrays, saved = checkpoints.latest(tmp_path / "checkpoints")
  assert saved["rows"] == json.loads(json.dumps(rows))
  assert state.sha256(arrays) == state.sha256(
      {**state.weights(model), **state.optimizer(model)})


def test_a_finished_training_is_restored_and_not_trained_on(tmp_path):
  model, rows = _train(tmp_path, _config(), _split(20))
  again, same_rows = _train(tmp_path, _config(), _split(20))
  assert same_rows == rows
  assert state.sha256(state.weights(again)) == state.sha256(
      state.weights(model))
  assert state.sha256(state.optimizer(again)) == state.sha256(
      state.optimizer(model))


@pytest.mark.parametrize("fields", [
    {"eval_every": 3}, {"moving_average_decay": 0.9},
    {"stop_when_fitted": 1}, {"lr_decay": 0.5, "lr_decay_examples": 30},
    {"dropout": 0.5, "random_crop": True, "weight_decay": 0.1}])
def test_more_epochs_go_on_from_fewer_as_if_they_had_been_asked_for(
    tmp_path, fields):
  results = []
  for folder, lengths in (("whole", [5]), ("extended", [2, 5])):
    for epochs in lengths:
      keras.backend.clear_session()
      model, rows = _train(
          tmp_path / folder, _config(epochs=epochs, **fields), _split(20))
    for row in rows:
      del row["seconds"], row["images_per_second"]
    results.append((rows, state.sha256(state.weights(model)),
                    state.sha256(state.optimizer(model))))
  assert results[0] == results[1]


def test_dropout_is_drawn_anew_in_each_epoch(tmp_path):
  # At this learning rate nothing moves but what dropout draws: the loss of
  # the same weights on the same examples.
  config = _config(dropout=0.5, learning_rate=1e-30, epochs=3, batch_size=64)
  _, rows = _train(tmp_path, config, _split(40))
  assert len({row["train_loss"] for row in rows}) == 3
  assert len({row["test_loss"] for row in rows}) == 1

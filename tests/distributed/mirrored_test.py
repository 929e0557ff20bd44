"""Tests of `--strategy=mirrored`: two replicas on a processor made two devices.

What it computes where no layer sees the batch as a whole is in strategy_test.
Here it is held, for the networks of Table 1, against what needs no strategy:
the network that a run leaves, and a step worked out on one device.
"""

import json

import keras
import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.data import preprocessing
from rethink_tf.programs import export
from tests import launch

_TABLE_1 = ("inception_small", "inception_small_no_bn", "alexnet_small",
            "mlp_3x512", "mlp_1x512")
# TensorFlow has its devices once and for all: each time a process of its own.
_TWO_DEVICES = """
import pathlib, runpy, sys
import keras, numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
from rethink_tf.data import dataset
from rethink_tf.distributed import strategy
from rethink_tf.flags import training as training_flags
from rethink_tf.models import layers
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import fit
from rethink_tf.training import task
def train(team, config, model, split):
  pathlib.Path("run").mkdir()
  directory = run_directory.RunDirectory(pathlib.Path("run"))
  return fit.train(model, task.Task(config, split, split),
                   task.Setting(directory, team=team))
"""
# Small parts, so that a split is evaluated in several that differ in size: 21
# examples as 5 + 5 on one replica and 5 + 6 on the other.
_PROGRAM = _TWO_DEVICES + """
dataset.Split.evaluation_batch = 8
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""
# One step on a batch of five, and what it should do: each replica's part, 2 and
# 3 examples, goes through a network of its own with no strategy. The rate is 1,
# so that the weights' own rounding is little beside their step.
_STEP = _TWO_DEVICES + """
name = sys.argv[1]
config = training_flags.Config(
    dataset="digits", model=name, batch_size=6, epochs=1, learning_rate=1.0,
    weight_decay=0.01)
drawn = np.random.default_rng(1)
split = dataset.Split(drawn.integers(0, 256, (5, 32, 32, 3), np.uint8),
                      drawn.integers(0, 10, 5, np.int32))
def build():
  return registry.build(name, weight_decay=0.01)
def differentiate(images, labels):
  model = build()
  with tf.GradientTape() as tape:
    loss = len(labels) / 5 * tf.reduce_mean(
        keras.losses.sparse_categorical_crossentropy(
            labels, model(images, training=True), from_logits=True))
    penalized = loss + sum(model.losses) / 2
  slopes = tape.gradient(penalized, model.trainable_weights)
  measured = {f"weights/{variable.path}": variable.numpy()
              for variable in model.non_trainable_weights}
  return loss, slopes, measured
(images, labels), = split.training_batches(config).take(1)
parts = [differentiate(images[cut], labels[cut])
         for cut in (slice(0, 2), slice(2, 5))]
before = build()
expected = {
    f"weights/{variable.path}": -sum(slopes).numpy()
    for variable, *slopes in zip(
        before.trainable_weights, *(slopes for _, slopes, _ in parts))}
before = state.weights(before)
for path in parts[0][2]:
  expected[path] = sum(part[path] for _, _, part in parts) / 2 - before[path]
team = strategy.make("mirrored")
assert team.replicas == 2
model = team.build(build)
row, = train(team, config, model, split)
np.savez("expected", loss=sum(loss for loss, *_ in parts), **{
    path.replace("/", "|"): array for path, array in expected.items()})
np.savez("moved", loss=row["train_loss"], **{
    path.replace("/", "|"): array - before[path]
    for path, array in state.weights(model).items()})
"""
# The same image twice, an example a replica, before logits that start at zero:
# their kernel's first gradient is a unit's value as often as it was kept.
_DROPOUT = _TWO_DEVICES + """
config = training_flags.Config(
    dataset="digits", batch_size=2, epochs=1, learning_rate=1.0, dropout=0.5)
image = np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8)
split = dataset.Split(image.repeat(2, axis=0), np.zeros(2, np.int32))
def build():
  inputs = keras.Input((28, 28, 3))
  units = layers.dropout(keras.layers.Flatten()(inputs), 0.5, seed=1)
  logits = keras.layers.Dense(10, kernel_initializer="zeros", name="logits")
  return keras.Model(inputs, logits(units))
team = strategy.make(sys.argv[1])
model = team.build(build)
train(team, config, model, split)
(images, _), = split.training_batches(config).take(1)
np.savez("dropped", units=images[0].numpy().ravel(), replicas=team.replicas,
         kernel=model.get_layer("logits").kernel.numpy())
"""


def _arrays(folder, code, *arguments, names):
  """Runs code; returns the dicts of arrays that it wrote under these names."""
  done = launch.preloaded_python(code, *arguments, folder=folder)
  assert done.returncode == 0, done.stderr
  found = []
  for name in names:
    with np.load(folder / f"{name}.npz") as file:
      found.append(dict(file))
  return found


def _measure(model, split):
  """Returns a model's accuracy and cross-entropy, by NumPy; its logits too."""
  inputs = preprocessing.standardize(preprocessing.center_crop(split.images))
  logits = model.predict(np.asarray(inputs), batch_size=100, verbose=0)
  likely = logits - logits.max(axis=1, keepdims=True)
  likely -= np.log(np.exp(likely).sum(axis=1, keepdims=True))
  own = likely[np.arange(len(split)), split.labels]
  return np.mean(logits.argmax(axis=1) == split.labels), -own.mean(), logits


# 21 examples in batches of 8 leave 5: 2 on one replica and 3 on the other.
@pytest.mark.parametrize("name", _TABLE_1)
def test_a_run_measures_what_its_network_gives_without_a_strategy(
    tmp_path, name):
  done = launch.preloaded_python(
      _PROGRAM, "--strategy=mirrored", "--dataset=digits", f"--model={name}",
      "--train_examples=21", "--batch_size=8", "--epochs=1", "--logdir=run",
      folder=tmp_path)
  assert done.returncode == 0, done.stderr
  shared = json.loads((tmp_path / "run/environment.json").read_text())
  assert (shared["replicas"], shared["steps"]) == (2, 3)
  run = rethink_tf.load_run(tmp_path / "run")
  model = run.model()
  train, test, _ = digits.load()
  for split, which in ((train.first(21), "train"), (test, "test")):
    accuracy, loss, logits = _measure(model, split)
    assert run.result[f"{which}_accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert run.result[f"{which}_loss"] == pytest.approx(loss, rel=1e-5)
  out = tmp_path / "network.keras"
  assert errors.exit_code_of(
      export.main, ["export", f"--logdir={tmp_path}/run", f"--out={out}"]) == 0
  exported = keras.saving.load_model(out)
  np.testing.assert_array_equal(_measure(exported, test)[2], logits)


@pytest.mark.parametrize("name", _TABLE_1)
def test_examples_of_an_uneven_batch_weigh_alike(tmp_path, name):
  expected, moved = _arrays(tmp_path, _STEP, name, names=("expected", "moved"))
  assert set(expected) == set(moved)
  for path, array in expected.items():
    scale = np.abs(array).max()
    assert scale > 0, path
    np.testing.assert_allclose(
        moved[path], array, atol=1e-5 * scale, err_msg=path)


@pytest.mark.parametrize("name, replicas", [("mirrored", 2), ("one_device", 1)])
def test_every_replica_drops_units_of_its_own(tmp_path, name, replicas):
  (dropped,) = _arrays(tmp_path, _DROPOUT, name, names=("dropped",))
  assert dropped["replicas"] == replicas
  units, kernel = dropped["units"], dropped["kernel"][:, 0]
  seen = np.abs(units) > 0.1
  # The rate is 1, a kept unit's value twice its own, and a mean's half of it;
  # the label's probability is 0.1.
  kept = kernel[seen] / units[seen] / 0.9
  np.testing.assert_allclose(kept, kept.round(), atol=1e-4)
  shares = np.bincount(kept.round().astype(int), minlength=3) / len(kept)
  # Five standard deviations; the same mask on both would leave none in between.
  np.testing.assert_allclose(
      shares, [0.25, 0.5, 0.25], atol=5 * (0.25 / len(kept)) ** 0.5)

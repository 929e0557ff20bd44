"""Tests of the repairs of Keras, and of whether it still needs each of them.

And of what Keras itself does on two replicas of one process, which is why
`strategy.Team` feeds, seeds and averages as it does.
"""

import functools
import json

import pytest

from tests import launch

# Two workers train the same model with all repairs, and without one at a time.
_WORKER = """
import json
import keras, numpy as np, tensorflow as tf
from rethink_tf.distributed import keras_repairs
strategy = tf.distribute.MultiWorkerMirroredStrategy()
worker = strategy.cluster_resolver.task_id

class NoBuild(keras_repairs.Model):
  _maybe_symbolic_build = keras.Model._maybe_symbolic_build

class NoReduction(keras_repairs.Model):
  def _reducible(self, measured):
    return measured

class NoAverage(keras_repairs.Model):
  def train_step(self, data):
    return self._reducible(keras.Model.train_step(self, data))

def train(kind):
  with strategy.scope():
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization()(inputs)
    x = keras.layers.Dense(3, kernel_initializer="ones")(x)
    model = kind(inputs, x)
    model.several_workers = True
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"])
  x = np.random.default_rng(worker).normal(size=(6, 4)).astype(np.float32)
  y = np.arange(6) % 3
  batches = strategy.distribute_datasets_from_function(
      lambda _: tf.data.Dataset.from_tensor_slices((x, y)).batch(3).repeat())
  try:
    model.fit(batches, epochs=1, steps_per_epoch=4, verbose=0)
  except (TypeError, ValueError) as error:
    return {"failed": repr(error)[:300]}
  return {"moving": model.layers[1].moving_mean.numpy().tolist(),
          "kernel": model.layers[2].kernel.numpy().tolist(),
          "accuracy": float(model.get_metrics_result()["accuracy"])}

print(json.dumps({kind.__name__: train(kind) for kind in (
    keras_repairs.Model, NoAverage, NoReduction, NoBuild)}))
"""


@functools.cache
def _trained(folder):
  addresses = launch.free_addresses(2)
  workers = [
      launch.start_python(
          _WORKER, folder=folder,
          TF_CONFIG=launch.tf_config(addresses, index),
          TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
      for index in range(2)]
  ends = [(*worker.communicate(timeout=250), worker) for worker in workers]
  assert not any(worker.returncode for _, _, worker in ends), ends[0][1]
  return [json.loads(out.splitlines()[-1]) for out, _, _ in ends]


@pytest.fixture(name="trained", scope="module")
def _fixture(tmp_path_factory):
  return _trained(tmp_path_factory.mktemp("workers"))


def test_with_the_repairs_workers_end_alike(trained):
  first, second = (worker["Model"] for worker in trained)
  assert "failed" not in first
  assert first == second
  assert 0 <= first["accuracy"] <= 1


def test_keras_still_reduces_a_batch_as_one_value(trained):
  # When this fails, _maybe_symbolic_build need not be overridden any more.
  assert all("failed" in worker["NoBuild"] for worker in trained), trained


def test_keras_still_reduces_scalars_along_an_axis(trained):
  # When this fails, train_step and test_step need not return vectors.
  assert all("failed" in worker["NoReduction"] for worker in trained), trained


def test_keras_still_leaves_moving_averages_to_each_replica(trained):
  # When this fails, train_step need not average them.
  first, second = (worker["NoAverage"] for worker in trained)
  assert first["kernel"] == second["kernel"]
  assert first["moving"] != second["moving"]


# Keras alone, none of our code: two replicas in one process.
_REPLICAS = """
import json
import keras, numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
strategy = tf.distribute.MirroredStrategy()
parts = strategy.experimental_local_results

def build(*layers):
  model = keras.Sequential([keras.Input((4,)), *layers])
  model.compile(keras.optimizers.SGD(0.5), "mse")
  return model

def batches(x, y, size):
  return tf.data.Dataset.from_tensor_slices((x, y)).batch(size)

def linear():
  return keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

# Rows that grow: the replicas' halves of a batch have other statistics.
x = np.arange(32, dtype=np.float32).reshape(8, 4) ** 2 / 1000
y = np.zeros((8, 1), np.float32)
with strategy.scope():
  norm = keras.layers.BatchNormalization(momentum=0.5)
  normalized = build(norm, linear())
  dropout = keras.layers.Dropout(0.5, seed=1)
  dropout.build((1, 100))
  weighed, unequal = build(linear()), build(linear())
normalized.fit(batches(x, y, 4), verbose=0)
normalized.save("saved.keras")
saved = keras.saving.load_model("saved.keras")
masks = strategy.run(lambda: dropout(tf.ones((1, 100)), training=True))
# Six rows of zeros, then a batch of five whose last row alone is not.
last = np.eye(11, 4, -10, np.float32), np.zeros((11, 1))
weighed.fit(batches(*last, 6), verbose=0)
try:
  unequal.fit(batches(*last, 11), verbose=0)
  refused = None
except tf.errors.InvalidArgumentError as error:
  refused = error.message
print(json.dumps({
    "moving": [part.numpy().tolist() for part in parts(norm.moving_mean.value)],
    "got": normalized.get_weights()[2].tolist(),
    "saved": saved.layers[0].moving_mean.numpy().tolist(),
    "evaluated": normalized.evaluate(batches(x, y, 4), verbose=0),
    "saved_evaluated": saved.evaluate(batches(x, y, 4), verbose=0),
    "masks": [part.numpy().tolist() for part in parts(masks)],
    "refused": refused,
    "kernel": weighed.get_weights()[0].ravel().tolist()}))
"""


@functools.cache
def _trained_by_keras(folder):
  done = launch.preloaded_python(_REPLICAS, folder=folder)
  assert done.returncode == 0, done.stderr
  return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(name="keras_alone", scope="module")
def _keras_alone(tmp_path_factory):
  return _trained_by_keras(tmp_path_factory.mktemp("replicas"))


def test_keras_still_gives_and_saves_the_first_replicas_averages(keras_alone):
  # When one of these fails, train_step need not average them.
  first, second = keras_alone["moving"]
  assert max(first) < min(second)
  assert keras_alone["got"] == keras_alone["saved"] == first


def test_keras_still_evaluates_otherwise_than_what_it_saves(keras_alone):
  # By the moving averages of both replicas, each its half of a batch.
  assert keras_alone["evaluated"] < 0.8 * keras_alone["saved_evaluated"]


def test_keras_still_draws_the_same_mask_on_every_replica(keras_alone):
  # When this fails, Team.seed_dropout need not tell replicas apart.
  first, second = keras_alone["masks"]
  assert {*first[0]} == {0, 2}
  assert first == second


def test_keras_still_weighs_replicas_alike(keras_alone):
  # When this fails, Shard.share need not give weights: the example's gradient
  # of 2 is 1/2 of 1/2 of the loss here, and 1/5 where examples weigh alike.
  assert keras_alone["kernel"] == [0.75, 1, 1, 1]


def test_keras_still_refuses_a_first_batch_of_unequal_parts(keras_alone):
  # When this fails, _maybe_symbolic_build is for several workers alone.
  assert "must have the same size" in keras_alone["refused"]

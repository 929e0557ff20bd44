"""Tests of the repairs of Keras, and of whether it still needs each of them."""

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

"""A test of Inception V3 on two replicas in one process, beside one.

Skips where TFDS_DATA_DIR has no imagenet2012.
"""

import os
import pathlib

import numpy as np
import pytest

from tests import launch

_CONFIGS = pathlib.Path("configs").resolve()
_DATA = os.environ.get("TFDS_DATA_DIR")
_FLAGS = (
    f"--flagfile={_CONFIGS}/table2_row1.flags", "--allow_sample",
    "--image_size=107", "--label_corruption=0.5", "--train_examples=8",
    "--batch_size=4", "--epochs=2", "--batch_norm_decay=0.5",
    "--moving_average_decay=0.9", "--dropout=0", "--learning_rate=1e-5",
    "--logdir=run")
# Without what draws for each replica, or measures its part of a batch: without
# dropout, and batch normalization by its averages. Four steps, in float64: in
# float32 rounding, through so many rectifiers, moves a weight by a tenth more.
_FROZEN = """
import pathlib, sys
import keras, numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
tf.config.experimental.enable_op_determinism()
from rethink_tf.distributed import strategy
from rethink_tf.flags import training as training_flags
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import experiment
from rethink_tf.training import fit
from rethink_tf.training import task
keras.config.set_floatx("float64")
# TensorFlow's top five are of float32; they are not what is compared.
keras.metrics.sparse_top_k_categorical_accuracy = (
    keras.metrics.sparse_categorical_accuracy)
replicas = int(sys.argv[1])
config, _ = training_flags.parse(sys.argv[2:])
data, train = experiment.load_data(config, None, True)
team = strategy.Team(tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"])) if replicas == 2 else strategy.ALONE
# Averages that the batch normalization of this network could have.
measured = experiment.build_model(config, data)
photographs = next(iter(train.evaluation_batches()))[0]
for _ in range(10):
  measured(photographs, training=True)
weights = measured.get_weights()
def frozen():
  model = experiment.build_model(config, data)
  model.set_weights(weights)
  for layer in model.layers:
    layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
  return model
model = team.build(frozen)
before = state.weights(model)
pathlib.Path("run").mkdir()
fit.train(
    model, task.Task(config, train, data.test.first(4)), task.Setting(
        run_directory.RunDirectory(pathlib.Path("run")), team=team))
np.savez("moved", **{
    name.replace("/", "|"): after - before[name]
    for name, after in state.weights(model).items()})
"""


@pytest.mark.skipif(
    not (pathlib.Path(_DATA or "absent") / "imagenet2012").is_dir(),
    reason="no imagenet2012 in TFDS_DATA_DIR")
def test_inception_v3_moves_on_two_replicas_as_on_one(tmp_path):
  moved = []
  for replicas in (1, 2):
    folder = tmp_path / str(replicas)
    folder.mkdir()
    done = launch.preloaded_python(_FROZEN, replicas, *_FLAGS, folder=folder)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "moved.npz") as arrays:
      moved.append({name: arrays[name] for name in arrays.files})
  one, two = moved
  assert max(np.abs(array).max() for array in one.values()) > 1e-5
  for name, array in one.items():
    np.testing.assert_allclose(
        two[name], array, atol=1e-6 * np.abs(array).max() + 1e-12, err_msg=name)

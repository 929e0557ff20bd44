"""Tests of several workers with all that the paper's networks have.

With batch normalization, which sees each worker's part of a batch, two workers
do not compute what one device does: they reach the same, and agree. Inception V3
is left out where TFDS_DATA_DIR has no imagenet2012.
"""

import os
import pathlib
import signal

import numpy as np
import pytest

from tests import programs
from tests import workers

_CONFIGS = pathlib.Path("configs").resolve()
_DATA = os.environ.get("TFDS_DATA_DIR")
# Augmentation, dropout, weight decay, the auxiliary head, smoothed labels, and
# averaged weights; the last batch of an epoch holds two photographs.
_PHOTOGRAPHS = (
    f"--flagfile={_CONFIGS}/table2_row1.flags", "--allow_sample",
    "--image_size=107", "--label_corruption=0.5", "--train_examples=10",
    "--batch_size=4", "--epochs=2", "--batch_norm_decay=0.5",
    "--moving_average_decay=0.9", "--logdir=run")
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
from rethink_tf import config as config_lib, run_directory
from rethink_tf.data import pipeline
from rethink_tf.training import experiment, fit, state, strategy
keras.config.set_floatx("float64")
# TensorFlow's top five are of float32; they are not what is compared.
keras.metrics.sparse_top_k_categorical_accuracy = (
    keras.metrics.sparse_categorical_accuracy)
replicas = int(sys.argv[1])
config, _ = config_lib.parse(sys.argv[2:])
data, train = experiment.load_data(config, None, True)
team = strategy.Team(tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"])) if replicas == 2 else strategy.ALONE
# Averages that the batch normalization of this network could have.
measured = experiment.build_model(config, data)
photographs = next(iter(pipeline.evaluation_batches(train)))[0]
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
fit.train(model, config, train, data.test.first(4),
          run_directory.RunDirectory(pathlib.Path("run")), fit.Clock(),
          team=team)
np.savez("moved", **{
    name.replace("/", "|"): after - before[name]
    for name, after in state.weights(model).items()})
"""
_DIGITS = (
    "--dataset=digits", "--model=inception_small", "--batch_size=64",
    "--epochs=4", "--eval_every=4", "--random_crop", "--weight_decay=2e-5",
    "--dropout=0.1", "--logdir=run")


def test_two_workers_reach_what_one_device_reaches(tmp_path):
  together = workers.train(tmp_path / "two", *_DIGITS)
  (tmp_path / "one").mkdir()
  done = programs.run("train", *_DIGITS, folder=tmp_path / "one")
  assert done.returncode == 0, done.stderr
  alone = workers.result(tmp_path / "one")
  assert alone["test_accuracy"] > 0.93
  # Of 500 images; two standard deviations of a difference are 3 points.
  assert together["test_accuracy"] == pytest.approx(
      alone["test_accuracy"], abs=0.04)


@pytest.mark.skipif(
    not (pathlib.Path(_DATA or "absent") / "imagenet2012").is_dir(),
    reason="no imagenet2012 in TFDS_DATA_DIR")
def test_inception_v3_goes_on_on_two_workers_as_if_never_stopped(tmp_path):
  whole = workers.train(tmp_path / "whole", *_PHOTOGRAPHS)
  assert whole["steps"] == 6 and whole["params"] > 23_817_352
  stopped = tmp_path / "stopped"
  stopped.mkdir()
  _, processes = programs.start_workers("train", _PHOTOGRAPHS, stopped)
  workers.wait_for_a_checkpoint(stopped, processes)
  processes[1].send_signal(signal.SIGTERM)
  assert [code for code, _, _ in workers.ends(processes)] == [75, 75]
  assert not (stopped / "run/result.json").exists()
  assert workers.train(stopped, *_PHOTOGRAPHS) == whole


@pytest.mark.skipif(
    not (pathlib.Path(_DATA or "absent") / "imagenet2012").is_dir(),
    reason="no imagenet2012 in TFDS_DATA_DIR")
def test_inception_v3_moves_on_two_replicas_as_on_one(tmp_path):
  moved = []
  for replicas in (1, 2):
    folder = tmp_path / str(replicas)
    folder.mkdir()
    done = programs.preloaded_python(
        _FROZEN, replicas, *_PHOTOGRAPHS, "--train_examples=8", "--dropout=0",
        "--learning_rate=1e-5",
        folder=folder)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "moved.npz") as arrays:
      moved.append({name: arrays[name] for name in arrays.files})
  one, two = moved
  assert max(np.abs(array).max() for array in one.values()) > 1e-5
  for name, array in one.items():
    np.testing.assert_allclose(
        two[name], array, atol=1e-6 * np.abs(array).max() + 1e-12, err_msg=name)

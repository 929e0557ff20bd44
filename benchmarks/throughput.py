"""Images a second of each model: the training step alone, and the whole loop.

(a) the training step alone, on one batch that stays in memory;
(b) `fit.train`: the step with its input pipeline, shuffling, recording,
    TensorBoard and checkpoints, as a run has them; without and with random
    crop.

The machine's float32 matrix-product rate is measured between them, so that
every ratio is of figures taken within a minute of each other. Each figure is
the median over rounds. The images are noise: what they show does not change
what they cost.
"""

import contextlib
import io
import os
import pathlib
import statistics
import sys
import tempfile
import time

# TensorFlow's notes about its own build would stand among the figures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import fit
from rethink_tf.training import task

_ROUNDS = 3
_BATCH = 128
# Batches a measurement, so that each takes a few seconds on 2 cores.
_BATCHES = {
    "inception_small": 6, "inception_small_no_bn": 6, "alexnet_small": 40,
    "mlp_3x512": 250, "mlp_1x512": 400,
}
# Forward and backward: three times the forward pass's 0.41.
_INCEPTION_GFLOP = 1.23
_MATRIX_SIZE = 2048


def main(argv):
  """Measures the models named as arguments, or all."""
  names = argv[1:] or list(_BATCHES)
  for name in names:
    if name not in _BATCHES:
      raise errors.UsageError(
          f"expected models of {', '.join(_BATCHES)}. Received: {name!r}")
  tf.config.experimental.enable_op_determinism()
  print(f"median of {_ROUNDS} rounds, batch {_BATCH}; images/s\n")
  print(f"{'model':22} {'(a) step':>9} {'(b) loop':>9} {'b/a':>5} "
        f"{'(b) crop':>9} {'b/a':>5} {'GFLOP/s of matrix product':>26}")
  for name in names:
    _print_row(name, *_measure(name))


def _print_row(name, step, loop, crop, matrix):
  note = ""
  if name.startswith("inception"):
    share = step * _INCEPTION_GFLOP / matrix
    note = f"   (a) is {share:.0%} of it"
  print(f"{name:22} {step:9,.0f} {loop:9,.0f} {loop / step:5.2f} "
        f"{crop:9,.0f} {crop / step:5.2f} {matrix:26,.0f}{note}", flush=True)


def _measure(name):
  """Returns the medians of (a), (b), (b) with crop, and the matrix rate."""
  split = _noise(_BATCHES[name] * _BATCH)
  model = registry.build(name)
  fit.compile_model(model, training_flags.Config(model=name), len(split))
  model.make_train_function()
  rounds = [
      (_step_rate(model, split), _loop_rate(name, split, False),
       _loop_rate(name, split, True), _matrix_rate())
      for _ in range(_ROUNDS)]
  return [statistics.median(column) for column in zip(*rounds)]


def _noise(count):
  generator = np.random.default_rng(0)
  images = generator.integers(0, 256, (count, *dataset.IMAGE_SHAPE), np.uint8)
  return dataset.Split(images, generator.integers(0, 10, count, np.int32))


def _step_rate(model, split):
  inputs = tf.random.stateless_normal((_BATCH, 28, 28, 3), seed=(0, 0))
  batch = tf.data.Dataset.from_tensors((inputs, split.labels[:_BATCH]))
  iterator = iter(batch.repeat())
  steps = len(split) // _BATCH
  float(model.train_function(iterator)["loss"])
  start = time.perf_counter()
  for _ in range(steps):
    # Reading the loss waits for the step, as every training loop does.
    float(model.train_function(iterator)["loss"])
  return steps * _BATCH / (time.perf_counter() - start)


def _loop_rate(name, split, random_crop):
  """Trains for two epochs; returns the second one's images/s."""
  keras.backend.clear_session()
  config = training_flags.Config(model=name, random_crop=random_crop, epochs=2)
  test = split.first(_BATCH)
  with tempfile.TemporaryDirectory() as folder:
    directory = run_directory.RunDirectory(pathlib.Path(folder))
    # The run's own lines stay out of the table.
    with contextlib.redirect_stdout(io.StringIO()):
      rows = fit.train(
          registry.build(name), task.Task(config, split, test),
          task.Setting(directory))
  return rows[1]["images_per_second"]


@tf.function
def _product(a, b):
  return tf.matmul(a, b)


def _matrix_rate():
  """Returns the median GFLOP/s of ten float32 products of 2048 x 2048."""
  a = tf.random.stateless_normal((_MATRIX_SIZE, _MATRIX_SIZE), seed=(0, 1))
  _product(a, a).numpy()
  seconds = []
  for _ in range(10):
    start = time.perf_counter()
    _product(a, a).numpy()
    seconds.append(time.perf_counter() - start)
  return 2 * _MATRIX_SIZE**3 / statistics.median(seconds) / 1e9


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

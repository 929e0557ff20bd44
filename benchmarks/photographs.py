"""Images a second of ImageNet's input pipeline alone, without a network.

What a training step waits for: records read and checked, photographs decoded,
distorted or cropped to the center, and put into batches, on all cores. It needs
photographs that TensorFlow Datasets has prepared, all of them or a sample.
"""

import os
import statistics
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.training import experiment

_ROUNDS = 3
_BATCH = 64
_BATCHES = 6
_SIZES = (299, 96)
_FLAGS = ("--dataset=imagenet2012", "--model=inception_v3",
          f"--batch_size={_BATCH}", f"--train_examples={_BATCH * _BATCHES}",
          "--epochs=1")


def main(argv):
  del argv
  tf.config.experimental.enable_op_determinism()
  cores = len(os.sched_getaffinity(0))
  print(f"median of {_ROUNDS} rounds on {cores} cores; images/s\n")
  print(f"{'pixels':>9} {'distorted':>10} {'central':>8} {'evaluation':>11}")
  for size in _SIZES:
    rates = [statistics.median(column) for column in zip(
        *(_rates(size) for _ in range(_ROUNDS)))]
    print(f"{size}x{size}".rjust(9), "{:10,.0f} {:8,.0f} {:11,.0f}".format(
        *rates), flush=True)


def _rates(size):
  """Returns images/s of training with and without distortion, and of tests."""
  flags = (*_FLAGS, f"--image_size={size}")
  plain, _ = training_flags.parse(flags)
  distorted, _ = training_flags.parse([*flags, "--data_augmentation"])
  _, split = experiment.load_data(plain, None, allow_sample=True)
  return (_rate(split.training_batches(distorted)),
          _rate(split.training_batches(plain)),
          _rate(split.evaluation_batches()))


def _rate(batches):
  """Returns images/s from the second batch on; the first one has the start."""
  start, count = None, 0
  for images, _ in batches:
    if start is None:
      start = time.perf_counter()
    else:
      count += len(images)
  return count / (time.perf_counter() - start)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

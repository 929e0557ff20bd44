"""What it costs a network that its images went through JPEG once more.

The results of this project come from a copy of CIFAR-10 whose pixels went once
through JPEG. How much that lowered test accuracies cannot be measured without
the originals; how much a second pass of the same quality lowers them can, and
is an estimate of the first. A second pass on the same grid of 8x8 blocks would
find nearly nothing left to round, so that the images are moved by half a block
before it, and back afterwards.

    scripts/bazel run //benchmarks:jpeg -- alexnet_small 5000 60 3

trains a model on the first n images with true labels, for as many epochs, on
both, with seeds from 1 on.
"""

import contextlib
import dataclasses
import io
import pathlib
import statistics
import sys
import tempfile

import numpy as np
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import evaluation
from rethink_tf.training import fit
from rethink_tf.training import task as task_lib

_QUALITY = 75
_HALF_BLOCK = 4


def main(argv):
  """Trains with `[model, n, epochs, seeds]`; prints test accuracies."""
  if len(argv) != 5 or not all(word.isdecimal() for word in argv[2:]):
    raise errors.UsageError(
        "expected a model, and numbers of examples, epochs and seeds. "
        f"Received: {' '.join(argv[1:]) or 'nothing'}")
  name, (examples, epochs, seeds) = argv[1], map(int, argv[2:])
  if name not in registry.names():
    raise errors.UsageError(
        f"expected a model of {', '.join(registry.names())}. Received: "
        f"{name!r}")
  tf.config.experimental.enable_op_determinism()
  data = datasets.load("cifar10")
  train, test = data.train.first(examples), data.test
  again = [dataclasses.replace(split, images=_compress(split.images))
           for split in (train, test)]
  print(f"between the images as they are and once more through JPEG of quality "
        f"{_QUALITY}: {_psnr(test.images, again[1].images):.1f} dB")
  losses = []
  for seed in range(1, seeds + 1):
    config = training_flags.Config(
        model=name, seed=seed, epochs=epochs, eval_every=epochs)
    before, after = (_test_accuracy(config, *splits)
                     for splits in ((train, test), again))
    losses.append(100 * (before - after))
    print(f"seed {seed}: test accuracy {before:.2%} as they are, {after:.2%} "
          "once more", flush=True)
  spread = (f" ± {statistics.stdev(losses):.2f} (standard deviation)"
            if seeds > 1 else "")
  print(f"lost: {statistics.mean(losses):.2f} points{spread}")


def _compress(images):
  """Passes uint8 `(n, h, w, 3)` through JPEG, on blocks of another place."""
  pad = [(0, 0), (_HALF_BLOCK, _HALF_BLOCK), (_HALF_BLOCK, _HALF_BLOCK), (0, 0)]
  moved = tf.data.Dataset.from_tensor_slices(np.pad(images, pad, mode="edge"))
  passed = moved.map(lambda image: tf.io.decode_jpeg(
      tf.io.encode_jpeg(image, quality=_QUALITY)))
  inner = slice(_HALF_BLOCK, -_HALF_BLOCK)
  return np.stack([image[inner, inner] for image in passed.as_numpy_iterator()])


def _psnr(one, other):
  error = np.mean((one.astype(np.float64) - other) ** 2)
  return 10 * np.log10(255**2 / error)


def _test_accuracy(config, train, test):
  model = registry.build(config.model, seed=config.seed)
  with tempfile.TemporaryDirectory() as folder:
    directory = run_directory.RunDirectory(pathlib.Path(folder))
    with contextlib.redirect_stdout(io.StringIO()):
      fit.train(model, task_lib.Task(config, train, test),
                task_lib.Setting(directory))
  return evaluation.evaluate(model, test)["accuracy"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

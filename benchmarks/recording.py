"""What --record_examples costs: its part of the step, and of an epoch's end.

MLP 1x512 on 50,000 images, for which it costs the most of a step. The step with
and without it is measured in turns, so that whatever else the machine does is
the same for both; each figure is the median over rounds. The images are noise:
what they show does not change what they cost.
"""

import os
import pathlib
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import fit
from rethink_tf.training import margins
from rethink_tf.training import task
from rethink_tf.training.callbacks import examples

_COUNT, _BATCH = 50_000, 128
_STEPS, _ROUNDS = 25, 13


class _Labels:
  """A split of which the cost of an epoch's end depends on its length alone."""

  def __len__(self):
    return _COUNT


def main(argv):
  """Measures and prints; takes no arguments."""
  if argv[1:]:
    raise errors.UsageError(f"expected no arguments. Received: {argv[1]!r}")
  tf.config.experimental.enable_op_determinism()
  config = training_flags.Config(record_examples=True)
  metric = margins.Margins(_COUNT, config)
  plain, recording = _Step([]), _Step([metric])
  rounds = [[*plain.seconds(), *recording.seconds()] for _ in range(_ROUNDS)]
  for name, column in (("processor", 0), ("wall", 1)):
    ratios = [round_[column + 2] / round_[column] for round_ in rounds]
    step = statistics.median(round_[column] for round_ in rounds)
    print(f"{name} time of a step: {1e3 * step:.2f} ms without; with it "
          f"{statistics.median(ratios):.4f} times that (quartiles "
          f"{_quartiles(ratios)})")
  end = _end_of_epoch(config, metric)
  epoch = (_COUNT // _BATCH) * statistics.median(r[0] for r in rounds)
  print(f"end of an epoch: {1e3 * end:.1f} ms of processor time, "
        f"{end / epoch:.4f} of its steps'")
  return 0


def _quartiles(values):
  low, _, high = statistics.quantiles(values, n=4)
  return f"{low:.4f} to {high:.4f}"


class _Step:
  """The training step of a network of its own, on a batch in memory.

  Args:
    more: metrics to measure besides.
  """

  def __init__(self, more):
    model = registry.build("mlp_1x512")
    fit.compile_model(model, training_flags.Config(), _COUNT, more)
    model.make_train_function()
    inputs = tf.random.stateless_normal((_BATCH, 28, 28, 3), seed=(0, 0))
    labels = np.arange(_BATCH, dtype=np.int32) % 10
    self._batches = iter(
        tf.data.Dataset.from_tensors((inputs, labels)).repeat())
    self._run = model.train_function
    self._run(self._batches)

  def seconds(self):
    """Returns the seconds of a step: the processor's, and those that passed."""
    start = time.process_time(), time.perf_counter()
    for _ in range(_STEPS):
      # Reading the loss waits for the step, as every training loop does.
      float(self._run(self._batches)["loss"])
    return ((time.process_time() - start[0]) / _STEPS,
            (time.perf_counter() - start[1]) / _STEPS)


def _end_of_epoch(config, metric):
  """Returns the median processor seconds of what is done after an epoch."""
  learned = task.Task(config, _Labels(), _Labels(), seen=np.ones(_COUNT, bool))
  seconds = []
  with tempfile.TemporaryDirectory() as folder:
    one = examples.ExampleRecorder(
        metric, learned, run_directory.RunDirectory(pathlib.Path(folder)))
    for epoch in range(10):
      start = time.process_time()
      one.on_epoch_end(epoch)
      seconds.append(time.process_time() - start)
  return statistics.median(seconds)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

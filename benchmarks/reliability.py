"""What exact and safe runs cost: checkpoints, determinism, starting again.

- a checkpoint, against an epoch of small Inception on CIFAR-10;
- a training step with `--deterministic` and without, in processes of their
  own, by turns, since TensorFlow cannot turn it off again;
- the first step of a run that goes on, against that of a fresh one.

Each figure is a median, and each ratio of figures taken one after the other.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from rethink_tf import errors

_ROUNDS = 3
_EPOCH = 50_000
_BATCH = 128
# Steps a measurement: some seconds on 2 cores.
_STEPS = {"inception_small": 6, "alexnet_small": 40, "mlp_1x512": 400}

# Prints the seconds of a step, and of a checkpoint.
_MEASURE = """
import os, pathlib, sys, tempfile, time
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.training import checkpoints
from rethink_tf.training import fit

name, deterministic, steps, batch = sys.argv[1:]
if deterministic == "True":
  tf.config.experimental.enable_op_determinism()
model = registry.build(name)
fit.compile_model(model, training_flags.Config(model=name), 50_000)
generator = np.random.default_rng(0)
inputs = generator.normal(size=(int(batch), 28, 28, 3)).astype(np.float32)
labels = generator.integers(0, 10, int(batch))
model.train_on_batch(inputs, labels)
start = time.perf_counter()
for _ in range(int(steps)):
  model.train_on_batch(inputs, labels)
print((time.perf_counter() - start) / int(steps))
with tempfile.TemporaryDirectory() as folder:
  start = time.perf_counter()
  arrays = {**state.weights(model), **state.optimizer(model)}
  checkpoints.save(pathlib.Path(folder), 1, arrays, {"rows": []})
  print(time.perf_counter() - start)
"""
# Runs `train` to its first step, and prints when that was done.
_FIRST_STEP = """
import os, runpy, sys, time
from rethink_tf.training.callbacks import position
def end(self, batch, logs=None):
  print("first", time.time(), flush=True)
  os._exit(0)
position.Position.on_train_batch_end = end
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""


def main(argv):
  del argv
  _print_costs()
  _print_starts()


def _print_costs():
  for name, steps in _STEPS.items():
    pairs = [(_measure(name, True, steps), _measure(name, False, steps))
             for _ in range(_ROUNDS)]
    ratio = statistics.median(on[0] / off[0] for on, off in pairs)
    print(f"{name}: a deterministic step takes {ratio:.3f} times as long as "
          f"another (wanted: less than 1.10)", flush=True)
    share = statistics.median(
        on[1] / (on[0] * _EPOCH / _BATCH) for on, _ in pairs)
    save = statistics.median(on[1] for on, _ in pairs)
    print(f"{name}: a checkpoint takes {save:.3f} s, {share:.2%} of an epoch "
          "(wanted: less than 3% for inception_small)", flush=True)


def _measure(name, deterministic, steps):
  """Returns the seconds of a step and of a checkpoint."""
  out = _python(_MEASURE, name, deterministic, steps, _BATCH)
  return [float(line) for line in out.split()]


def _print_starts():
  fresh, again = [], []
  with tempfile.TemporaryDirectory() as folder:
    flags = ("--dataset=digits", "--model=inception_small", "--batch_size=32",
             "--train_examples=64", "--eval_every=9", "--random_crop")
    stopped = pathlib.Path(folder) / "stopped"
    _train(*flags, "--epochs=2", f"--logdir={stopped}")
    # One that had more epochs to come, as far as it can tell.
    config = stopped / "config.json"
    config.write_text(
        config.read_text().replace('"epochs": 2', '"epochs": 9'))
    (stopped / "result.json").unlink()
    for number in range(_ROUNDS):
      fresh.append(_until_first_step(
          *flags, "--epochs=9", f"--logdir={folder}/fresh{number}"))
      again.append(_until_first_step(
          *flags, "--epochs=9", f"--logdir={stopped}"))
  more = statistics.median(b - a for a, b in zip(fresh, again))
  print(f"inception_small: a fresh run takes its first step after "
        f"{statistics.median(fresh):.1f} s, one that goes on {more:+.1f} s "
        "later (wanted: less than 5)")


def _until_first_step(*flags):
  start = time.time()
  line, = [x for x in _python(_FIRST_STEP, *flags).splitlines()
           if x.startswith("first")]
  return float(line.split()[1]) - start


def _train(*flags):
  _python('import runpy\nrunpy.run_module("rethink_tf.programs.train", '
          'run_name="__main__")', *flags)


def _python(code, *arguments):
  done = subprocess.run(
      [sys.executable, "-c", code, *map(str, arguments)],
      capture_output=True, text=True, check=False)
  if done.returncode:
    raise RuntimeError(done.stderr)
  return done.stdout


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

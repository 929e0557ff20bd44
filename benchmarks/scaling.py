"""Images a second of two workers on one core each, against one on two cores.

Both train the same network on the same global batch with //rethink_tf:train,
pinned to the same two cores, by turns; each ratio is of runs taken one after
the other, and each figure a median. Small Inception trains on digits, Inception
V3 on photographs of ImageNet, where TensorFlow Datasets has them prepared: at
its own 299x299 pixels, and at 96x96, where a step is a tenth of the work and
moving its 24 million gradients and weights is as much as ever.
"""

import contextlib
import functools
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import pandas as pd

from rethink_tf import errors
from rethink_tf.data import datasets

_ROUNDS = 3
# The first epoch has the compilation in it; the others are measured.
_EPOCHS = 4
# One more, in which the run is ended: to test it would take longer than it did.
_SHARED = (f"--epochs={_EPOCHS + 1}", f"--eval_every={_EPOCHS + 1}")
_FLAGS = {
    "inception_small": (
        "--dataset=digits", "--model=inception_small", "--batch_size=128",
        "--train_examples=1024"),
    "inception_v3": (
        "--dataset=imagenet2012", "--model=inception_v3", "--allow_sample",
        "--batch_size=32", "--train_examples=64"),
    "inception_v3_96": (
        "--dataset=imagenet2012", "--model=inception_v3", "--allow_sample",
        "--image_size=96", "--batch_size=32", "--train_examples=160"),
}
_PROGRAM = ('import runpy\nrunpy.run_module("rethink_tf.programs.train", '
            'run_name="__main__")')


def main(argv):
  """Measures the models named as arguments, or all."""
  cores = sorted(os.sched_getaffinity(0))[:2]
  if len(cores) < 2:
    raise errors.UsageError("expected two cores. Received: one")
  # Else the workers would outlive it.
  signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
  for name in argv[1:] or _FLAGS:
    if name not in _FLAGS:
      raise errors.UsageError(
          f"expected models of {', '.join(_FLAGS)}. Received: {name!r}")
    if "--dataset=imagenet2012" in _FLAGS[name] and not _has_imagenet():
      print(f"{name}: no photographs of ImageNet found, not measured")
      continue
    pairs = []
    for _ in range(_ROUNDS):
      pairs.append(
          (_rate(name, [cores]), _rate(name, [[core] for core in cores])))
      print(f"{name}: {pairs[-1][0]:.1f} and {pairs[-1][1]:.1f} images/s",
            flush=True)
    one, two = (statistics.median(rates) for rates in zip(*pairs))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"{name}: {one:.1f} images/s with one worker on two cores, {two:.1f} "
          f"with two workers on one core each, {ratio:.2f} times as many "
          "(wanted: at least 0.85)", flush=True)


def _has_imagenet():
  try:
    datasets.check_available("imagenet2012", None)
  except errors.DataError:
    return False
  return True


def _rate(name, cores_of_workers):
  """Trains with a worker for each list of cores; returns images/s."""
  with tempfile.TemporaryDirectory() as folder:
    addresses = _free_addresses(len(cores_of_workers))
    workers = [
        _start(name, folder, cores, addresses, index)
        for index, cores in enumerate(cores_of_workers)]
    try:
      rates = _wait_for_rates(pathlib.Path(folder) / "run/metrics.csv", workers)
    finally:
      for worker in workers:
        worker.kill()
        worker.communicate()
  return statistics.median(rates[1:])


def _wait_for_rates(path, workers):
  """Waits for so many epochs; returns each one's images/s."""
  rates = []
  while len(rates) < _EPOCHS:
    ended = [worker for worker in workers if worker.poll() is not None]
    if ended:
      raise RuntimeError(ended[0].communicate()[1])
    time.sleep(1)
    if path.exists():
      rates = pd.read_csv(path)["images_per_second"].tolist()
  return rates


def _start(name, folder, cores, addresses, index):
  strategy = "multi_worker" if len(addresses) > 1 else "one_device"
  task = {"cluster": {"worker": addresses},
          "task": {"type": "worker", "index": index}}
  return subprocess.Popen(
      [sys.executable, "-c", _PROGRAM, *_FLAGS[name], *_SHARED,
       f"--strategy={strategy}", f"--logdir={folder}/run"],
      env={**os.environ, "TF_CONFIG": json.dumps(task)},
      preexec_fn=functools.partial(os.sched_setaffinity, 0, cores),
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _free_addresses(count):
  with contextlib.ExitStack() as stack:
    sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
    for one in sockets:
      one.bind(("127.0.0.1", 0))
    return ["%s:%d" % one.getsockname() for one in sockets]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Tests of what SIGTERM and Ctrl-C do to a run: 75, one line, nothing lost."""

import json
import os
import signal
import time

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.runs import signals
from tests import launch

_FLAGS = (
    "--dataset=digits", "--batch_size=16", "--epochs=15", "--eval_every=15",
    "--random_crop", "--dropout=0.2", "--logdir=run")
_STEPS = 82  # An epoch.


def _wait_for_checkpoints(folder, process):
  """Waits until two epochs are done."""
  deadline = time.monotonic() + 200
  while len(list((folder / "run").glob("checkpoints/step-*.npz"))) < 2:
    assert process.poll() is None and time.monotonic() < deadline
    time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_once_and_is_the_default_afterwards(number):
  stop = signals.Stop()
  with pytest.raises(errors.StoppedError, match=number.name):
    with stop.on_signals():
      before = signal.getsignal(number)
      try:
        os.kill(os.getpid(), number)
        time.sleep(5)  # The handler ends this early.
      finally:
        assert signal.getsignal(number) is signal.SIG_DFL != before


def test_handlers_from_before_are_back_after_the_block():
  before = signal.getsignal(signal.SIGTERM)
  with signals.Stop().on_signals():
    assert signal.getsignal(signal.SIGTERM) != before
  assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_saves_the_step_it_took_and_exits_75_in_one_line(
    tmp_path, number):
  process = launch.start("train", *_FLAGS, folder=tmp_path)
  _wait_for_checkpoints(tmp_path, process)
  process.send_signal(number)
  _, err = process.communicate(timeout=30)  # The promise's half a minute.
  assert process.returncode == 75
  line, = launch.error_lines(err)
  assert line.startswith(f"error: stopped by {number.name}; ")
  step = int(line.rpartition("step ")[2])
  newest = max((tmp_path / "run/checkpoints").iterdir())
  assert newest.name == f"step-{step:08d}.npz"
  with np.load(newest) as file:
    saved = json.loads(file["manifest.json"].tobytes())["state"]
  assert f"from epoch {-(-step // _STEPS)}, step {step}" in line
  rows = step // _STEPS - (step % _STEPS == 0 and "epoch" in saved)
  assert len(saved["rows"]) == rows


def test_a_second_ctrl_c_ends_the_process_at_once(tmp_path):
  process = launch.start("train", *_FLAGS, folder=tmp_path)
  _wait_for_checkpoints(tmp_path, process)
  # The process cannot act on the first while it is not running.
  for number in (signal.SIGSTOP, signal.SIGINT):
    process.send_signal(number)
  process.send_signal(signal.SIGCONT)
  time.sleep(0.002)
  process.send_signal(signal.SIGINT)
  process.communicate(timeout=30)
  # Killed by the second, or, had the first been quicker, stopped by it.
  assert process.returncode in (-signal.SIGINT, 75)
  done = launch.run("train", *_FLAGS, folder=tmp_path)
  assert done.returncode == 0, done.stderr
  assert "epoch  1/15" not in done.stdout  # It went on.
  assert json.loads(
      (tmp_path / "run/result.json").read_text())["status"] == "done"

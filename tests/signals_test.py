"""Tests of what SIGTERM and Ctrl-C do to a run."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from rethink_tf import errors
from rethink_tf import signals

_COMMAND = [
    sys.executable, "-m", "rethink_tf.train", "--dataset=digits",
    "--train_examples=256", "--epochs=400", "--eval_every=400", "--logdir=run"]


def _start(folder):
  # With a handler of its own, or a test runner's ignored SIGINT is inherited.
  return subprocess.Popen(
      _COMMAND, cwd=folder, env={**os.environ, "HOME": str(folder)},
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for_checkpoint(folder, process):
  deadline = time.monotonic() + 120
  while not list((folder / "run").glob("checkpoints/epoch-*.npz")):
    assert process.poll() is None and time.monotonic() < deadline
    time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_raises_once_and_is_the_default_afterwards(number):
  with pytest.raises(errors.StoppedError, match=number.name):
    with signals.raising():
      before = signal.getsignal(number)
      try:
        os.kill(os.getpid(), number)
        time.sleep(5)  # The handler ends this early.
      finally:
        assert signal.getsignal(number) is signal.SIG_DFL != before


def test_handlers_from_before_are_back_after_the_block():
  before = signal.getsignal(signal.SIGTERM)
  with signals.raising():
    assert signal.getsignal(signal.SIGTERM) != before
  assert signal.getsignal(signal.SIGTERM) == before


def test_a_stopped_run_says_so_in_one_line_exits_75_and_goes_on(tmp_path):
  process = _start(tmp_path)
  _wait_for_checkpoint(tmp_path, process)
  process.send_signal(signal.SIGTERM)
  _, err = process.communicate(timeout=30)
  assert process.returncode == 75
  assert err.splitlines()[-1].startswith("error: stopped by SIGTERM")
  assert "Traceback" not in err

  again = _start(tmp_path)
  out, err = again.communicate(timeout=200)
  assert again.returncode == 0, err
  assert "epoch   1/400" not in out  # It went on, and not from the start.
  result = json.loads((tmp_path / "run" / "result.json").read_text())
  assert result["status"] == "done"

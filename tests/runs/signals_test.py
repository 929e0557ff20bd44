"""Tests of what signals to stop do to a run: 75, one line, nothing lost."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
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
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)


def _wait_for_checkpoints(folder, process, terminal=None):
  """Waits until two epochs are done, and reads what the terminal shows."""
  deadline = time.monotonic() + 200
  while len(list((folder / "run").glob("checkpoints/step-*.npz"))) < 2:
    assert process.poll() is None and time.monotonic() < deadline
    time.sleep(0.05)
    if terminal is not None:
      with contextlib.suppress(BlockingIOError):
        os.read(terminal, 1 << 16)  # A full one would hold the process.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_once_and_is_the_default_afterwards(number):
  stop = signals.Stop()
  with pytest.raises(
      errors.AskedToStopError, match=f"stopped by {signals.name_of(number)};"):
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


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_that_comes_again_does_not_end_the_save(number):
  before = signal.getsignal(number)
  stop = signals.Stop()
  with stop.on_signals():
    stop.defer()
    for _ in range(2):
      os.kill(os.getpid(), number)
    assert stop.reason == number.name
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
  assert signal.getsignal(number) == before


def test_a_hangup_that_was_ignored_stays_ignored():
  before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
  try:
    stop = signals.Stop()
    with stop.on_signals():
      stop.install()
      os.kill(os.getpid(), signal.SIGHUP)
      assert not stop.requested
      stop.defer()
      os.kill(os.getpid(), signal.SIGUSR1)
      assert stop.reason == "SIGUSR1"
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
  finally:
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", _SIGNALS)
def test_a_stopped_run_saves_the_step_it_took_and_exits_75_in_one_line(
    tmp_path, number):
  process = launch.start("train", *_FLAGS, folder=tmp_path)
  _wait_for_checkpoints(tmp_path, process)
  process.send_signal(number)
  _, err = process.communicate(timeout=30)  # The promise's half a minute.
  assert process.returncode == 75
  line, = launch.error_lines(err)
  assert line.startswith(f"stopped by {signals.name_of(number)}; ")
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


def _start_in_a_terminal(folder, code, *arguments):
  """Returns `(terminal, process)`: what the user holds, and what runs in it."""
  terminal, own = pty.openpty()
  code = ("import fcntl, runpy, termios, time\n"
          f"fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{code}")
  process = subprocess.Popen(
      [sys.executable, "-c", code, *arguments], cwd=folder, stdin=own,
      stdout=own, stderr=own, start_new_session=True,
      env=launch.environment_in(folder))
  os.close(own)
  os.set_blocking(terminal, False)
  return terminal, process


def test_a_run_whose_terminal_closes_saves_and_exits_75(tmp_path):
  terminal, process = _start_in_a_terminal(
      tmp_path,
      "runpy.run_module('rethink_tf.programs.train', run_name='__main__')",
      *_FLAGS, "--checkpoint_minutes=100")
  _wait_for_checkpoints(tmp_path, process, terminal)
  time.sleep(0.2)  # Into an epoch.
  os.close(terminal)
  assert process.wait(timeout=30) == 75
  newest = max((tmp_path / "run/checkpoints").iterdir())
  assert int(newest.stem.removeprefix("step-")) % _STEPS  # Of no epoch's end.


def test_output_to_a_closed_terminal_is_a_stop_without_a_traceback(tmp_path):
  terminal, process = _start_in_a_terminal(tmp_path, """
import signal, sys
from rethink_tf import errors
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def main(argv):
  while True:
    print("still here", flush=True)
    time.sleep(0.01)
sys.exit(errors.exit_code_of(main, sys.argv))
""")
  while not select.select([terminal], [], [], 0)[0]:
    time.sleep(0.01)
  os.close(terminal)
  assert process.wait(timeout=30) == 75

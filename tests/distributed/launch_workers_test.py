"""Tests of scripts/launch_workers, with small programs in place of train."""

import json
import pathlib
import shlex
import signal
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).parent.parent.parent
_SCRIPT = _ROOT / "scripts" / "launch_workers"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
_START = "import json, os, signal, sys, time; " \
    "config = json.loads(os.environ['TF_CONFIG']); " \
    "own = config['task']['index']; "


def _command(code, workers=2, flags=(), servers=0):
  train = shlex.join([sys.executable, "-u", "-c", _START + code])
  return [sys.executable, str(_SCRIPT), f"--workers={workers}",
          f"--parameter_servers={servers}", f"--train={train}", "--", *flags]


def _run(code, workers=2, flags=(), servers=0):
  return subprocess.run(
      _command(code, workers, flags, servers), capture_output=True, text=True,
      check=False, timeout=100)


def test_each_worker_gets_its_place_and_the_flags_and_its_lines_a_prefix():
  done = _run("print(json.dumps([config, sys.argv[1:]])); "
              "print('a warning', file=sys.stderr)", 3, ["--epochs=2"])
  assert done.returncode == 0
  told = dict(line.split("] ", 1) for line in done.stdout.splitlines())
  assert set(told) == {"[worker 0", "[worker 1", "[worker 2"}
  addresses = set()
  for index in range(3):
    config, flags = json.loads(told[f"[worker {index}"])
    assert flags == ["--epochs=2", "--strategy=multi_worker"]
    assert config["task"] == {"type": "worker", "index": index}
    addresses.add(tuple(config["cluster"]["worker"]))
  (three,) = addresses  # All were told the same.
  assert len(set(three)) == 3
  assert all(address.startswith("127.0.0.1:") for address in three)
  assert sorted(done.stderr.splitlines()) == [
      f"[worker {index}] a warning" for index in range(3)]


def test_the_first_failures_code_is_the_exit_code():
  # The second follows with another, as a worker does that lost one.
  done = _run("time.sleep(2 * own); sys.exit(4 if own == 0 else 75)")
  assert done.returncode == 4


def test_a_worker_that_a_signal_killed_counts_as_failed():
  done = _run("own or os.kill(os.getpid(), signal.SIGKILL)")
  assert done.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("number", _SIGNALS)
def test_signals_are_passed_on_to_each(number):
  code = (f"\nfor n in {[int(n) for n in _SIGNALS]}:\n"
          "  signal.signal(n, lambda n, _: (print('got', n), sys.exit(75)))\n"
          "print('there'); time.sleep(100)")
  launcher = subprocess.Popen(
      _command(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
  assert {launcher.stdout.readline(), launcher.stdout.readline()} == {
      "[worker 0] there\n", "[worker 1] there\n"}
  launcher.send_signal(number)
  out, _ = launcher.communicate(timeout=30)
  assert launcher.returncode == 75
  assert sorted(out.splitlines()) == [
      f"[worker {i}] got {int(number)}" for i in range(2)]


def test_a_hangup_ends_nothing_under_nohup():
  launcher = subprocess.Popen(
      ["nohup", *_command("print('there'); time.sleep(1)")],
      stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
  launcher.stdout.readline()
  launcher.send_signal(signal.SIGHUP)
  launcher.communicate(timeout=30)
  assert launcher.returncode == 0


def test_a_worker_that_does_not_end_with_the_others_is_stopped():
  # Shorter patience than a user's, in the same code.
  code = f"""
import runpy, sys
values = runpy.run_path({str(_SCRIPT)!r})
globals_of_main = values["main"].__globals__
globals_of_main.update(_BY_THEMSELVES=1, _AFTER_SIGTERM=1)
sys.exit(values["main"]())
"""
  stubborn = ("signal.signal(signal.SIGTERM, signal.SIG_IGN); "
              "sys.exit(3) if own == 1 else time.sleep(100)")
  done = subprocess.run(
      [sys.executable, "-c", code, *_command(stubborn)[2:]],
      capture_output=True, text=True, check=False, timeout=60)
  assert done.returncode == 3


def test_with_parameter_servers_there_is_a_coordinator_too():
  done = _run("print(json.dumps([config, sys.argv[1:]]))", 2, ["--epochs=2"], 1)
  assert done.returncode == 0
  told = {name.removeprefix("["): json.loads(text) for name, text in (
      line.split("] ", 1) for line in done.stdout.splitlines())}
  assert {name: config["task"] for name, (config, _) in told.items()} == {
      "coordinator": {"type": "chief", "index": 0},
      "worker 0": {"type": "worker", "index": 0},
      "worker 1": {"type": "worker", "index": 1},
      "parameter server 0": {"type": "ps", "index": 0}}
  clusters = [config["cluster"] for config, _ in told.values()]
  assert clusters == 4 * clusters[:1]
  assert {kind: len(addresses) for kind, addresses in clusters[0].items()} == {
      "chief": 1, "worker": 2, "ps": 1}
  assert len({address for addresses in clusters[0].values()
              for address in addresses}) == 4
  assert {tuple(flags) for _, flags in told.values()} == {
      ("--epochs=2", "--strategy=parameter_server")}


def test_a_killed_worker_is_started_again_and_a_killed_server_is_not(tmp_path):
  # The worker is killed once; the coordinator waits for it to be there again.
  code = f"""
import pathlib
mark = pathlib.Path({str(tmp_path / "mark")!r})
kind = config["task"]["type"]
if kind == "worker" and not mark.exists():
  mark.touch()
  os.kill(os.getpid(), signal.SIGKILL)
if kind == "worker":
  mark.with_name("again").touch()
while kind == "chief" and not mark.with_name("again").exists():
  time.sleep(0.1)
"""
  assert _run(code, workers=1, servers=1).returncode == 0
  assert (tmp_path / "again").exists()
  code = ("os.kill(os.getpid(), signal.SIGKILL) "
          "if config['task']['type'] == 'ps' else time.sleep(3)")
  assert _run(code, workers=1, servers=1).returncode == 128 + signal.SIGKILL


def test_the_coordinators_end_ends_who_serves_on():
  script = f"""
import runpy, sys
values = runpy.run_path({str(_SCRIPT)!r})
values["main"].__globals__.update(_AFTER_DONE=1)
sys.exit(values["main"]())
"""
  serving = "time.sleep(0 if config['task']['type'] == 'chief' else 90)"
  done = subprocess.run(
      [sys.executable, "-c", script, *_command(serving, servers=1)[2:]],
      capture_output=True, text=True, check=False, timeout=60)
  assert done.returncode == 0


def test_without_workers_it_says_what_it_expects():
  assert _run("pass", workers=0).returncode == 2
  done = subprocess.run(
      [sys.executable, str(_SCRIPT)], capture_output=True, text=True,
      check=False, timeout=60)
  assert done.returncode == 2
  assert "--workers" in done.stderr

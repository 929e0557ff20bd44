"""Tests of the workers' link, each worker in a process of its own."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from rethink_tf import errors
from rethink_tf.distributed import cluster
from rethink_tf.distributed import link
from tests import launch

# A worker that only links: its facts, then what it does, come as arguments.
_WORKER = """
import json, os, sys, time
from rethink_tf import errors
from rethink_tf.distributed import cluster
from rethink_tf.distributed import link
own = cluster.read_environment(os.environ)
facts, minutes, act = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
def main(argv):
  with link.join(own, facts, minutes) as peers:
    exec(act)
sys.exit(errors.exit_code_of(main, ()))
"""
_MEET = "print(json.dumps(peers.exchange([own.index, 0.1 + own.index])))"
_WAIT = "print('there', flush=True); peers.exchange(0); peers.exchange(1)"


def _start(folder, count, act, facts=None, minutes=1, which=None):
  addresses = launch.free_addresses(count)
  return addresses, [
      launch.start_python(
          _WORKER, json.dumps((facts or {}).get(index, {"epochs": 2})), minutes,
          act, folder=folder,
          TF_CONFIG=launch.tf_config(addresses, index))
      for index in (range(count) if which is None else which)]


def _ends(processes, timeout=60):
  """Returns each process's code, output, and lines of error."""
  ends = []
  for process in processes:
    out, err = process.communicate(timeout=timeout)
    ends.append((process.returncode, out, err.splitlines()))
  return ends


def test_each_worker_gets_the_values_of_all_to_the_bit(tmp_path):
  _, processes = _start(tmp_path, 3, _MEET)
  for code, out, err in _ends(processes):
    assert (code, err) == (0, [])
    assert json.loads(out) == [[0, 0.1], [1, 1.1], [2, 2.1]]


def test_different_flags_end_all_workers_with_2(tmp_path):
  addresses, processes = _start(
      tmp_path, 3, _MEET, facts={2: {"epochs": 3}})
  expected = (f"error: worker 2 ({addresses[2]}): expected the epochs of "
              f"worker 0 ({addresses[0]}), 2. Received: 3")
  assert _ends(processes) == [(2, "", [expected])] * 3


@pytest.mark.parametrize("missing", [0, 1])
def test_a_worker_that_never_comes_is_named(tmp_path, missing):
  addresses, processes = _start(
      tmp_path, 3, _MEET, minutes=0.1,
      which=[i for i in range(3) if i != missing])
  for code, _, (line,) in _ends(processes):
    assert code == 75
    assert line == (
        f"error: worker {missing} ({addresses[missing]}) did not come within "
        "0.1 minutes (--worker_timeout)")


@pytest.mark.parametrize("victim", [0, 2])
def test_a_killed_worker_is_named_by_all_others(tmp_path, victim):
  addresses, processes = _start(
      tmp_path, 3, f"{_WAIT} if own.index != {victim} else ("
      "print('there', flush=True), time.sleep(100))")
  processes[victim].stdout.readline()
  time.sleep(0.5)
  processes[victim].kill()
  ends = _ends(processes, timeout=30)
  assert ends.pop(victim)[0] == -signal.SIGKILL
  for code, _, (line,) in ends:
    assert code == 75
    assert line.startswith(f"error: worker {victim} ({addresses[victim]}) is")


def test_a_worker_that_hangs_is_named_within_a_minute(tmp_path):
  addresses, processes = _start(
      tmp_path, 2, f"{_WAIT} if own.index == 0 else time.sleep(100)")
  processes[0].stdout.readline()
  processes[1].send_signal(signal.SIGSTOP)
  try:
    (code, _, (line,)), = _ends(processes[:1], timeout=60)
  finally:
    processes[1].kill()
    processes[1].communicate()
  assert code == 75
  assert line.startswith(
      f"error: worker 1 ({addresses[1]}) said nothing for 30 seconds")


def test_a_worker_that_fails_gives_its_code_and_reason_to_all(tmp_path):
  addresses, processes = _start(
      tmp_path, 3, f"{_WAIT} if own.index != 1 else "
      "exec('raise errors.StorageError(\"no space\")')")
  ends = _ends(processes)
  assert [code for code, _, _ in ends] == [4, 4, 4]
  assert ends[1][2] == ["error: no space"]
  for index in (0, 2):
    assert ends[index][2] == [
        f"error: worker 1 ({addresses[1]}) ended: no space"]


def test_a_main_thread_that_does_not_return_is_ended(tmp_path):
  # As one in a collective operation: it does not look at the link.
  _, processes = _start(
      tmp_path, 2, "print('there', flush=True); time.sleep(100)")
  for process in processes:
    process.stdout.readline()
  processes[1].kill()
  start = time.monotonic()
  (code, _, (line,)), _ = _ends(processes, timeout=30)
  assert code == 75 and "worker 1" in line
  assert time.monotonic() - start < 20


def test_what_was_said_before_a_goodbye_still_counts():
  # The chief may end, as agreed, before this worker has looked at its answer.
  with socket.create_server(("127.0.0.1", 0)) as server:
    own = socket.create_connection(server.getsockname())
    chief, _ = server.accept()
  peers = link.Link(cluster.Cluster(("a:1", "b:2"), 1), {0: own})
  with chief:
    chief.sendall(b'{"round": 1, "value": ["SIGTERM", null]}\n'
                  b'{"goodbye": 75, "text": "worker 0 ended"}\n')
    assert str(peers.failure(10)) == "worker 0 ended"
    try:
      assert peers.exchange(None) == ["SIGTERM", None]
      with pytest.raises(errors.StoppedError, match="^worker 0 ended$"):
        peers.exchange(None)
    finally:
      peers.close()  # Or it would end this process.


def test_the_others_hear_of_a_failure_before_this_worker_ends(monkeypatch):
  # Whatever the time that telling them takes.
  send = link._Peer.send  # noqa: SLF001

  def slow(peer, message):
    if message:
      time.sleep(0.5)
    send(peer, message)

  monkeypatch.setattr(link._Peer, "send", slow)  # noqa: SLF001
  with socket.create_server(("127.0.0.1", 0)) as server:
    others, own = zip(*(
        (socket.create_connection(server.getsockname()), server.accept()[0])
        for _ in range(2)))
  peers = link.Link(
      cluster.Cluster(("a:1", "b:2", "c:3"), 0), dict(enumerate(own, 1)))
  with others[0], others[1], others[1].makefile("rb") as said:
    others[0].sendall(b'{"goodbye": 4, "text": "no space"}\n')
    with pytest.raises(errors.StorageError, match="^no space$"):
      with peers:
        peers.exchange(None)
    assert [m for m in map(json.loads, said) if m] == [
        {"goodbye": 4, "text": "no space"}]


def test_two_processes_of_one_index_end_all_with_2(tmp_path):
  addresses, processes = _start(tmp_path, 3, _MEET, which=[0, 1, 1])
  expected = (f"error: worker 1 ({addresses[1]}): expected one process. "
              "Received: two")
  assert _ends(processes) == [(2, "", [expected])] * 3


def test_strangers_at_the_chiefs_port_are_ignored(tmp_path):
  addresses, processes = _start(tmp_path, 2, _MEET, which=[0])
  host, port = addresses[0].split(":")
  deadline = time.monotonic() + 30
  for words in (
      b"GET / HTTP/1.1\n", b'{"worker": 9, "facts": {}}\n', b"[]\n",
      b'{"worker": "1", "facts": {}}\n', b'{"worker": 1, "facts": 2}\n',
      100_000 * b"[" + b"\n"):
    while True:
      try:
        with socket.create_connection((host, int(port)), timeout=5) as stranger:
          stranger.sendall(words)
          break
      except OSError:
        assert time.monotonic() < deadline
        time.sleep(0.1)
  other = launch.start_python(
      _WORKER, '{"epochs": 2}', 1, _MEET, folder=tmp_path,
      TF_CONFIG=launch.tf_config(addresses, 1))
  assert [code for code, _, _ in _ends([*processes, other])] == [0, 0]


def test_a_worker_comes_again_until_the_chief_answers():
  answers = [
      b"", b"GET\n", b"[1]\n", b'{"goodbye": "0"}\n', b'{"goodbye": 2}\n',
      100_000 * b"[" + b"\n", b'{"goodbye": 0}\n']
  hellos = []

  def answer_each():
    for answer in answers:
      connection, _ = server.accept()
      with connection.makefile("rb") as file:
        hellos.append(json.loads(file.readline()))
      connection.sendall(answer)
      if answer != answers[-1]:
        connection.close()

  with socket.create_server(("127.0.0.1", 0)) as server:
    addresses = ("127.0.0.1:%d" % server.getsockname()[1], "b:2")
    thread = threading.Thread(target=answer_each)
    thread.start()
    joined = link.join(cluster.Cluster(addresses, 1), {"epochs": 2}, 0.5)
    thread.join()
  joined.close()
  assert hellos == len(answers) * [
      {"worker": 1, "facts": {"epochs": 2, "workers": list(addresses)}}]


def test_a_chief_whose_port_is_taken_says_so(tmp_path):
  with socket.create_server(("127.0.0.1", 0)) as taken:
    address = "127.0.0.1:%d" % taken.getsockname()[1]
    process = launch.start_python(
        _WORKER, "{}", 0.05, _MEET, folder=tmp_path,
        TF_CONFIG=launch.tf_config([address, "127.0.0.1:1"], 0))
    (code, _, (line,)), = _ends([process])
  assert code == 2
  assert line.startswith(f"error: worker 0 ({address}): expected a port")
  assert os.strerror(98) in line

"""Tests of the workers' link, each worker in a process of its own."""

import json
import os
import signal
import socket
import time

import pytest

from rethink_tf import errors
from rethink_tf.distributed import cluster
from rethink_tf.distributed import link
from tests.distributed import linked

_MEET = "print(json.dumps(peers.exchange([own.index, 0.1 + own.index])))"
_WAIT = "print('there', flush=True); peers.exchange(0); peers.exchange(1)"


def test_each_worker_gets_the_values_of_all_to_the_bit(tmp_path):
  _, processes = linked.start(tmp_path, 3, _MEET)
  for code, out, err in linked.ends(processes):
    assert (code, err) == (0, [])
    assert json.loads(out) == [[0, 0.1], [1, 1.1], [2, 2.1]]


def test_different_flags_end_all_workers_with_2(tmp_path):
  addresses, processes = linked.start(
      tmp_path, 3, _MEET, facts={2: {"epochs": 3}})
  expected = (f"error: worker 2 ({addresses[2]}): expected the epochs of "
              f"worker 0 ({addresses[0]}), 2. Received: 3")
  assert linked.ends(processes) == [(2, "", [expected])] * 3


@pytest.mark.parametrize("missing", [0, 1])
def test_a_worker_that_never_comes_is_named(tmp_path, missing):
  addresses, processes = linked.start(
      tmp_path, 3, _MEET, minutes=0.1,
      which=[i for i in range(3) if i != missing])
  for code, _, (line,) in linked.ends(processes):
    assert code == 75
    assert line == (
        f"error: worker {missing} ({addresses[missing]}) did not come within "
        "0.1 minutes (--worker_timeout)")


@pytest.mark.parametrize("victim", [0, 2])
def test_a_killed_worker_is_named_by_all_others(tmp_path, victim):
  addresses, processes = linked.start(
      tmp_path, 3, f"{_WAIT} if own.index != {victim} else ("
      "print('there', flush=True), time.sleep(100))")
  processes[victim].stdout.readline()
  time.sleep(0.5)
  processes[victim].kill()
  ends = linked.ends(processes, timeout=30)
  assert ends.pop(victim)[0] == -signal.SIGKILL
  for code, _, (line,) in ends:
    assert code == 75
    assert line.startswith(f"error: worker {victim} ({addresses[victim]}) is")


def test_a_worker_that_hangs_is_named_within_a_minute(tmp_path):
  addresses, processes = linked.start(
      tmp_path, 2, f"{_WAIT} if own.index == 0 else time.sleep(100)")
  processes[0].stdout.readline()
  processes[1].send_signal(signal.SIGSTOP)
  try:
    (code, _, (line,)), = linked.ends(processes[:1], timeout=60)
  finally:
    processes[1].kill()
    processes[1].communicate()
  assert code == 75
  assert line.startswith(
      f"error: worker 1 ({addresses[1]}) said nothing for 30 seconds")


def test_a_worker_that_fails_gives_its_code_and_reason_to_all(tmp_path):
  addresses, processes = linked.start(
      tmp_path, 3, f"{_WAIT} if own.index != 1 else "
      "exec('raise errors.StorageError(\"no space\")')")
  ends = linked.ends(processes)
  assert [code for code, _, _ in ends] == [4, 4, 4]
  assert ends[1][2] == ["error: no space"]
  for index in (0, 2):
    assert ends[index][2] == [
        f"error: worker 1 ({addresses[1]}) ended: no space"]


def test_a_main_thread_that_does_not_return_is_ended(tmp_path):
  # As one in a collective operation: it does not look at the link.
  _, processes = linked.start(
      tmp_path, 2, "print('there', flush=True); time.sleep(100)")
  for process in processes:
    process.stdout.readline()
  processes[1].kill()
  start = time.monotonic()
  (code, _, (line,)), _ = linked.ends(processes, timeout=30)
  assert code == 75 and "worker 1" in line
  assert time.monotonic() - start < 20


def test_what_was_said_before_a_goodbye_still_counts():
  # The chief may end, as agreed, before this worker has looked at its answer.
  chief, own = linked.connect()
  peers = link.Link(cluster.Cluster(("a:1", "b:2"), 1), {0: own})
  chief.send({"round": 1, "value": ["SIGTERM", None]})
  chief.send({"goodbye": 75, "text": "worker 0 ended"})
  assert str(peers.failure(10)) == "worker 0 ended"
  try:
    assert peers.exchange(None) == ["SIGTERM", None]
    with pytest.raises(errors.StoppedError, match="^worker 0 ended$"):
      peers.exchange(None)
  finally:
    peers.close()  # Or it would end this process.


def test_the_others_hear_of_a_failure_before_this_worker_ends(monkeypatch):
  # Whatever the time that telling them takes.
  (first, own_first), (second, own_second) = linked.connect(), linked.connect()
  send = own_second.send

  def slow(message):
    if message:
      time.sleep(0.5)
    send(message)

  monkeypatch.setattr(own_second, "send", slow)
  peers = link.Link(
      cluster.Cluster(("a:1", "b:2", "c:3"), 0), {1: own_first, 2: own_second})
  first.send({"goodbye": 4, "text": "no space"})
  with pytest.raises(errors.StorageError, match="^no space$"):
    with peers:
      peers.exchange(None)
  said = []
  with pytest.raises(ConnectionAbortedError):
    while True:
      said.append(second.receive(10))
  assert [message for message in said if message] == [
      {"goodbye": 4, "text": "no space"}]


@pytest.mark.parametrize("sent, how", [
    ([{"round": 2, "value": 0}], "spoke out of turn"),
    ([{"round": "1", "value": 0}], "spoke out of turn"),
    ([{"round": 1, "value": 0}, {"round": 2, "value": 0}], "spoke out of turn"),
    ([{"talk": 1}], "said what no worker says"),
    ([{"goodbye": 99, "text": "x"}],
     "said goodbye with a code that no program has"),
    ([{"goodbye": 4}], "said goodbye without a reason"),
    ([[]], "sent what is no JSON object"),
])
def test_a_member_that_says_nonsense_is_a_failure_of_it(sent, how):
  other, own = linked.connect()
  third, own_third = linked.connect()
  peers = link.Link(
      cluster.Cluster(("a:1", "b:2", "c:3"), 0), {1: own, 2: own_third})
  for message in sent:
    other.send(message)
  failure = peers.failure(10)
  peers.close(failure)
  assert isinstance(failure, errors.StoppedError)
  assert str(failure) == (
      f"worker 1 (b:2) {how}; the same command on all workers goes on from "
      "the last checkpoint")
  while not (told := third.receive(10)):
    pass
  assert told == {"goodbye": 75, "text": str(failure)}


def test_a_chief_that_does_not_give_all_values_is_a_failure_of_it():
  chief, own = linked.connect()
  peers = link.Link(cluster.Cluster(("a:1", "b:2"), 1), {0: own})
  chief.send({"round": 1, "value": [1]})
  failure = peers.failure(10)
  peers.close(failure)
  assert "worker 0 (a:1) did not give the values of all workers" in str(failure)


def test_a_value_that_is_not_right_is_a_failure_of_who_gave_it(tmp_path):
  addresses, processes = linked.start(
      tmp_path, 3, "peers.exchange(['0', 1, 2][own.index], "
      "lambda value: isinstance(value, int))", which=[1, 2, 0])
  for code, _, (line,) in linked.ends(processes):
    assert code == 75
    assert line.startswith(
        f"error: worker 0 ({addresses[0]}) gave a value that no worker gives")


def test_a_member_that_ends_before_the_others_is_a_failure_of_it(monkeypatch):
  monkeypatch.setattr(link, "SILENCE", 1)
  other, own = linked.connect()
  peers = link.Link(cluster.Cluster(("a:1", "b:2"), 0), {1: own})
  other.send({"goodbye": 0})
  with pytest.raises(errors.StoppedError, match="ended before the others"):
    with peers:
      peers.exchange(None)


def test_two_processes_of_one_index_end_all_with_2(tmp_path):
  addresses, processes = linked.start(tmp_path, 3, _MEET, which=[0, 1, 1])
  expected = (f"error: worker 1 ({addresses[1]}): expected one process. "
              "Received: two")
  assert linked.ends(processes) == [(2, "", [expected])] * 3


def test_a_chief_whose_port_is_taken_says_so(tmp_path):
  with socket.create_server(("127.0.0.1", 0)) as taken:
    address = "127.0.0.1:%d" % taken.getsockname()[1]
    process = linked.start_at(
        [address, "127.0.0.1:1"], 0, tmp_path, _MEET, minutes=0.05)
    (code, _, (line,)), = linked.ends([process])
  assert code == 2
  assert line.startswith(f"error: worker 0 ({address}): expected a port")
  assert os.strerror(98) in line

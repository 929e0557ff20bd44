"""Tests of who is let in at the chief's address, and who is not."""

import contextlib
import os
import socket
import stat
import threading
import time

import pytest

from rethink_tf import errors
from rethink_tf.distributed import cluster
from rethink_tf.distributed import meeting
from rethink_tf.distributed import messages
from rethink_tf.distributed import secret
from tests.distributed import linked

_MEET = "print(json.dumps(peers.exchange(own.index)))"
_WAIT = "print('there', flush=True); peers.exchange(0); peers.exchange(1)"
_KEY = "run/workers.key"


def _connect(address, timeout=30):
  """Returns a connection to an address, once somebody listens there."""
  host, _, port = address.rpartition(":")
  deadline = time.monotonic() + timeout
  while True:
    try:
      return socket.create_connection((host, int(port)), timeout=timeout)
    except OSError:
      assert time.monotonic() < deadline
      time.sleep(0.05)


def _finish(addresses, chief, folder, **environment):
  """Starts worker 1; returns what the chief wrote to stderr."""
  worker = linked.start_at(addresses, 1, folder, _MEET, **environment)
  (*ends, named), (*other, silent) = linked.ends([chief, worker])
  assert ends == other == [0, "[0, 1]\n"]
  assert silent == []
  return named


@pytest.mark.parametrize("hello", [
    {"worker": 1, "facts": {"epochs": 2}}, {"worker": 1, "facts": {}}])
def test_without_the_secret_nobody_is_taken_for_a_worker(tmp_path, hello):
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  with _connect(addresses[0]) as connection:
    channel = messages.Channel(connection)
    with pytest.raises((OSError, ValueError)):
      secret.prove(
          channel, "worker", lambda: b"guessed", time.monotonic() + 20)
      channel.send(hello)
      channel.receive(20)
  line, = _finish(addresses, chief, tmp_path)
  assert line == (
      f"warning: somebody from 127.0.0.1 came to worker 0 ({addresses[0]}) and "
      "does not know the secret; waiting for the workers")


def test_what_the_chief_says_is_no_proof_of_its_own(tmp_path):
  # Sent back to it, number for number and proof for proof.
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  with _connect(addresses[0]) as connection:
    with contextlib.suppress(OSError):
      while text := connection.recv(4096):
        connection.sendall(text)
  line, = _finish(addresses, chief, tmp_path)
  assert "does not know the secret" in line


def test_somebody_slow_holds_up_nobody_and_is_dropped(tmp_path):
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  start = time.monotonic()
  with _connect(addresses[0]) as connection:
    connection.settimeout(0.5)
    gone = False
    # A byte of a message now and then, each within any time-out of its own.
    for byte in b"\0\0\0\x40" + 100 * b" ":
      try:
        connection.sendall(bytes([byte]))
        connection.recv(4096)
      except TimeoutError:
        continue
      except OSError:
        gone = True
        break
    assert gone and 8 < time.monotonic() - start < 20
  line, = _finish(addresses, chief, tmp_path)
  assert "said no hello within 10 seconds" in line


def test_while_many_say_nothing_the_worker_is_let_in(tmp_path):
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  with contextlib.ExitStack() as stack:
    for _ in range(30):
      stack.enter_context(_connect(addresses[0]))
    start = time.monotonic()
    _finish(addresses, chief, tmp_path)
    assert time.monotonic() - start < 8  # Not 10 s for each of them.


def test_strangers_alone_leave_the_chief_waiting_until_its_time(tmp_path):
  addresses, (chief,) = linked.start(
      tmp_path, 2, _MEET, minutes=0.05, which=[0])
  with _connect(addresses[0]) as connection:
    connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    (code, _, (named, error)), = linked.ends([chief])
  assert code == 75
  assert "sent what is too long for a message" in named
  assert error == (
      f"error: worker 1 ({addresses[1]}) did not come within 0.05 minutes "
      "(--worker_timeout)")
  assert not (tmp_path / "run").exists()


def test_a_worker_comes_again_until_the_chief_answers():
  class FakeChief(threading.Thread):
    """Answers a worker in every wrong way, then as the chief does."""

    answers = [None, {}, {"goodbye": "0"}, {"goodbye": 2}, {"goodbye": 0}]

    def run(self):
      self.hellos = []
      with socket.create_server(("127.0.0.1", 0)) as server:
        self.address = "127.0.0.1:%d" % server.getsockname()[1]
        ready.set()
        server.accept()[0].close()
        for number, answer in enumerate(self.answers):
          channel = messages.Channel(server.accept()[0])
          key = b"another" if answer is None else b"key"
          with contextlib.suppress(ValueError, OSError):
            secret.prove(
                channel, "chief", lambda key=key: key, time.monotonic() + 10)
            self.hellos.append(channel.receive(10))
          if answer is not None:
            channel.send(answer)
          if number < len(self.answers) - 1:
            channel.cut()

  ready = threading.Event()
  chief = FakeChief()
  chief.start()
  ready.wait()
  found = meeting.reach_chief(
      cluster.Cluster((chief.address, "b:2"), 1), {"epochs": 2},
      secret.Given(b"key"), 0.5)
  chief.join()
  assert isinstance(found, messages.Channel)
  assert chief.hellos == 4 * [{"worker": 1, "facts": {"epochs": 2}}]


def test_the_chief_listens_where_the_cluster_says_alone(tmp_path):
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  _connect(addresses[0]).close()
  # All of 127.0.0.0/8 is this machine.
  elsewhere = addresses[0].replace("127.0.0.1", "127.0.0.2")
  with pytest.raises(ConnectionRefusedError):
    socket.create_connection((*elsewhere.split(":"),), timeout=5)
  _finish(addresses, chief, tmp_path)


def test_a_chief_whose_name_is_local_to_it_alone_listens_everywhere(tmp_path):
  # As of many a machine in its own /etc/hosts, where others know it otherwise.
  addresses, _ = linked.start(tmp_path, 1, _MEET, which=[])
  chief = linked.start_at(
      [addresses[0], "192.0.2.1:2222"], 0, tmp_path, _MEET, minutes=0.1)
  _connect(addresses[0].replace("127.0.0.1", "127.0.0.2")).close()
  (code, _, _), = linked.ends([chief])
  assert code == 75


def test_the_secret_is_the_users_alone_and_gone_once_all_have_come(tmp_path):
  path = tmp_path / _KEY
  path.parent.mkdir()
  path.write_text("rethink_tf workers of a run that was killed")
  addresses, (chief,) = linked.start(tmp_path, 2, _MEET, which=[0])
  _connect(addresses[0]).close()
  first = path.read_text()
  assert first.startswith("rethink_tf workers ") and len(first) > 64
  assert stat.S_IMODE(path.stat().st_mode) == 0o600
  # Of another chief, or lost: it is there again at once.
  other = tmp_path / "other"
  other.write_text("rethink_tf workers another")
  other.rename(path)
  deadline = time.monotonic() + 10
  while path.read_text() != first:
    assert time.monotonic() < deadline
    time.sleep(0.05)
  _finish(addresses, chief, tmp_path)
  assert list(path.parent.iterdir()) == []


def _identify(path):
  """Returns what tells whether a file was written or replaced, not read."""
  found = path.lstat()
  return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns


@pytest.mark.parametrize("make", [
    lambda path, other: path.symlink_to(other),
    lambda path, other: os.mkfifo(path),
    lambda path, other: path.mkdir(),
    lambda path, other: path.write_text("mine")],
    ids=["link", "pipe", "folder", "file"])
def test_what_is_not_ours_where_the_secret_should_be_stays(tmp_path, make):
  other = tmp_path / "other"
  other.write_text("rethink_tf workers mine")
  path = tmp_path / _KEY
  path.parent.mkdir()
  make(path, other)
  before = _identify(path)
  _, processes = linked.start(tmp_path, 2, _MEET, which=[0])
  assert linked.ends(processes) == [(2, "", [
      "error: --logdir: expected workers.key to be what worker 0 writes for "
      f"the others, or absent. Received: something else, {_KEY}"])]
  assert _identify(path) == before
  assert other.read_text() == "rethink_tf workers mine"


def test_a_worker_that_does_not_see_the_secret_says_so(tmp_path):
  (tmp_path / "other").mkdir()
  addresses, (chief,) = linked.start(
      tmp_path, 2, _MEET, minutes=0.1, which=[0])
  worker = linked.start_at(
      addresses, 1, tmp_path / "other", _MEET, minutes=0.05)
  (code, _, (line,)), (other, _, _) = linked.ends([worker, chief])
  assert (code, other) == (75, 75)
  assert line == (
      f"error: worker 0 ({addresses[0]}) did not come within 0.05 minutes "
      f"(--worker_timeout); somebody is there, but {_KEY}, which worker 0 "
      "writes in the --logdir that all workers share, is not")


def test_workers_may_be_given_their_secret(tmp_path):
  folders = [tmp_path / name for name in ("a", "b")]
  for folder in folders:
    folder.mkdir()
  given = {"RETHINK_TF_SECRET": "of sixteen or more"}
  addresses, (chief,) = linked.start(
      folders[0], 2, _MEET, which=[0], **given)
  other = linked.start_at(
      addresses, 1, folders[1], _MEET, minutes=0.05,
      RETHINK_TF_SECRET="another of sixteen")
  assert linked.ends([other])[0][0] == 75
  line, = _finish(addresses, chief, folders[1], **given)
  assert "does not know the secret" in line
  assert not any(folder.joinpath(_KEY).exists() for folder in folders)


def test_a_given_secret_that_can_be_guessed_is_refused(tmp_path):
  own = cluster.Cluster(("a:1", "b:2"), 0)
  with pytest.raises(errors.UsageError, match="^RETHINK_TF_SECRET: expected at "
                     "least 16 characters. Received: 5$"):
    with secret.share(
        own, tmp_path / "key", {"RETHINK_TF_SECRET": "short"}):
      pass


def test_a_folder_in_which_no_secret_can_be_kept_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  own = cluster.Cluster(("a:1", "b:2"), 0)
  with pytest.raises(errors.UsageError, match="or RETHINK_TF_SECRET on all"):
    with secret.share(own, tmp_path / "file/key", {}):
      pass


@pytest.mark.parametrize("words", [
    b"\0\0\0\x05[[[[[", b"\0\0\0\x0d{\"round\": 1e9}", b"\xff\xff\xff\xff",
    b"\0\0\0\x02no", b"\0\0\0\x40{"], ids=repr)
def test_a_member_that_talks_nonsense_ends_all_others_with_75(tmp_path, words):
  addresses, processes = linked.start(tmp_path, 3, _WAIT, which=[0, 1])
  connection = _connect(addresses[0])
  channel = messages.Channel(connection)
  secret.prove(channel, "worker", secret.Read(tmp_path / _KEY).read,
               time.monotonic() + 10)
  channel.send(
      {"worker": 2, "facts": {"epochs": 2, "workers": addresses}})
  assert channel.receive(30) == {"goodbye": 0}
  for process in processes:
    assert process.stdout.readline() == "there\n"
  start = time.monotonic()
  connection.sendall(words)
  for code, _, (line,) in linked.ends(processes, timeout=60):
    assert code == 75
    assert line.startswith(f"error: worker 2 ({addresses[2]}) ")
  assert time.monotonic() - start < 60

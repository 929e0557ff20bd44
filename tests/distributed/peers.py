"""Byte strings, random and mutated, to a waiting chief and to a running team.

    scripts/bazel run //tests:torture -- --peers=10000
"""

import collections
import json
import random
import socket
import struct
import threading
import time

from rethink_tf import errors
from rethink_tf.distributed import cluster as cluster_lib
from rethink_tf.distributed import link
from rethink_tf.distributed import messages
from tests.distributed import linked

_NONCE = {"nonce": 64 * "a"}
# What is said before and after all have come, as mutations begin with it.
_BEFORE = (
    [_NONCE], [_NONCE, {"proof": 64 * "b"}],
    [_NONCE, {"proof": 64 * "b"}, {"worker": 1, "facts": {"epochs": 2}}])
_AFTER = (
    [{}], [{"round": 1, "value": [0.5, None, "text"]}],
    [{"round": 1, "value": 1}, {"round": 2, "value": {"a": [[1], [2]]}}],
    [{"goodbye": 75, "text": "worker 1 ended"}], [{"goodbye": 4, "text": "x"}])
# What a mutation puts in, besides random bytes.
_WORDS = (
    b"[", b"{", b"}", b'"', b"\\", b"1e999", b"-1", b"99999999999999999999",
    b"null", b"true", b"NaN", 200 * b"[", b"\xff\xfe", b"\0", b'{"worker": 0}',
    b'"\\ud800"', 5000 * b"9")
_MEMBER = "worker 1 (b:2)"


def attack_waiting_chief(count, folder, seed=0):
  """Sends byte strings to a chief that waits; then its worker comes.

  Args:
    count: how many, each over a connection of its own.
    folder: `pathlib.Path` for the workers.
    seed: of the strings.

  Returns:
    The lines in which the chief named who was dropped.

  Raises:
    RuntimeError: the chief ended, or did not take the worker.
  """
  act = "print(json.dumps(peers.exchange(own.index)))"
  addresses, (chief,) = linked.start(
      folder, 2, act, minutes=2 + count / 1000, which=[0])
  host, port = addresses[0].split(":")
  generator = random.Random(seed)
  for number in range(count):
    text = make_bytes(generator, _BEFORE)
    with _connect(host, int(port), chief) as connection:
      try:
        connection.sendall(text)
        if number % 2:  # Every other one hears the chief out, or hangs up.
          connection.shutdown(socket.SHUT_WR)
          while connection.recv(4096):
            pass
      except OSError:
        pass  # It was dropped before it was done.
  worker = linked.start_at(addresses, 1, folder, act)
  ends = linked.ends([chief, worker])
  if [end[:2] for end in ends] != 2 * [(0, "[0, 1]\n")]:
    raise RuntimeError(f"the chief and its worker ended so: {ends}")
  return ends[0][2]


def _connect(host, port, chief):
  deadline = time.monotonic() + 30
  while True:
    try:
      return socket.create_connection((host, port), timeout=30)
    except OSError:
      if chief.poll() is not None or time.monotonic() > deadline:
        raise RuntimeError(
            f"the chief is gone: {linked.ends([chief])}") from None
      time.sleep(0.05)


def attack_running_team(count, seed=0):
  """Has a member of a running team say byte strings; each ends that team.

  Args:
    count: how many, each to a team of its own, of which one other is left.
    seed: of the strings.

  Returns:
    A Counter of how the member's failure was called.

  Raises:
    RuntimeError: it was not named, or it broke something.
  """
  broken = []
  before = threading.excepthook
  threading.excepthook = broken.append
  generator = random.Random(seed)
  outcomes = collections.Counter()
  try:
    for _ in range(count):
      text = make_bytes(generator, _AFTER)
      outcomes[_say_to_team(text)] += 1
      if broken:
        raise RuntimeError(f"{text!r}: {broken[0].exc_value!r}")
  finally:
    threading.excepthook = before
  return outcomes


def _say_to_team(text):
  """Says bytes as worker 1; returns how its failure is called."""
  member, own = _connect_raw()
  third, own_third = linked.connect()
  peers = link.Link(
      cluster_lib.Cluster(("a:1", "b:2", "c:3"), 0), {1: own, 2: own_third})
  try:
    member.sendall(text)
    member.close()
  except OSError:
    pass  # The team has cut it off.
  failure = peers.failure(20)
  peers.close(failure)
  told = {}
  while not told:
    told = third.receive(20)
  if failure is None and told == {"goodbye": 0}:
    return "is done"  # And would be a failure some seconds later.
  if (not isinstance(failure, errors.RunError) or told != {
      "goodbye": failure.exit_code, "text": str(failure)}):
    raise RuntimeError(f"{text!r}: {failure!r}, told as {told}")
  kind = str(failure).partition(";")[0].removeprefix(_MEMBER).strip()
  return kind if str(failure).startswith(_MEMBER) else "said goodbye"


def _connect_raw():
  with socket.create_server(("127.0.0.1", 0)) as server:
    member = socket.create_connection(server.getsockname())
    own, _ = server.accept()
  return member, messages.Channel(own)


def make_bytes(generator, seeds):
  """Returns random bytes, or messages as their senders would frame them.

  Args:
    generator: a `random.Random`.
    seeds: lists of messages, one of which is mutated.
  """
  if generator.random() < 0.2:
    return generator.randbytes(generator.randrange(1, 200))
  framed = b""
  for message in generator.choice(seeds):
    text = json.dumps(message).encode()
    if generator.random() < 0.7:  # Else only what is around it is wrong.
      text = _mutate(generator, text)
    framed += struct.pack(">I", len(text)) + text
  return _mutate(generator, framed) if generator.random() < 0.5 else framed


def _mutate(generator, text):
  """Changes, cuts out, doubles or inserts at some places of bytes."""
  for _ in range(generator.randint(1, 4)):
    start = generator.randrange(len(text) + 1)
    stop = min(len(text), start + generator.randrange(8))
    text = text[:start] + generator.choice((
        b"", 2 * text[start:stop], generator.randbytes(stop - start),
        generator.choice(_WORDS))) + text[stop:]
  return text

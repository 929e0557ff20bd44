"""A thread of words between the workers of a run, beside TensorFlow's own.

Before TensorFlow's collectives start, each worker comes to the chief at the
chief's address, so that one that never comes, or comes with other flags, is
named instead of waited for without end. The connections stay: what the workers
must agree on goes over them, and a worker that ends, dies or hangs is noticed
and named by all others.

Messages are JSON, one a line; nothing is unpickled.
"""

import json
import os
import socket
import sys
import threading
import time

from rethink_tf import errors

# A worker that says nothing for so many seconds is lost. TensorFlow's own
# heartbeat, of 10 s, cannot say which one.
_SILENCE = 30
_BEAT = 3
# The main thread may sit in a collective operation that never returns. So many
# seconds after another worker's end it is ended.
_GRACE = 5
# How long the port of an earlier process may stay taken.
_PORT_TAKEN = 10
# Bytes of a first message, and how long it may take to come or go.
_LONGEST_HELLO = 2**20
_PATIENCE = 5


class Link:
  """This worker's connections: to the chief, or the chief's to all.

  Args:
    cluster: the `Cluster`.
    sockets: dict from a worker's index to the connected socket.
  """

  def __init__(self, cluster, sockets):
    self.cluster = cluster
    self._changed = threading.Condition()
    self._failure = None
    self._closed = False
    self._round = 0
    self._values = {}
    self._gone = set()
    self._peers = {
        index: _Peer(connection) for index, connection in sockets.items()}
    for index in self._peers:
      self._start(self._listen, index)
    self._start(self._beat)

  def exchange(self, value):
    """Gives a value to all workers and returns theirs; waits for the last.

    Args:
      value: what JSON can hold; floats arrive to the bit.

    Returns:
      A list with each worker's value, in order.

    Raises:
      RunError: a worker has ended.
    """
    with self._changed:
      self._round += 1
      number = self._round
    if self.cluster.is_chief:
      values = {0: value, **self._wait_for(number, set(self._peers))}
      ordered = [values[index] for index in range(len(self.cluster))]
      self._send_all({"round": number, "value": ordered})
      return ordered
    self._send_all({"round": number, "value": value})
    return self._wait_for(number, {0})[0]

  def failure(self, seconds):
    """Returns the `RunError` another worker's end amounts to, or None.

    Args:
      seconds: how long to wait for one.
    """
    with self._changed:
      self._changed.wait_for(lambda: self._failure, seconds)
      return self._failure

  def __enter__(self):
    return self

  def __exit__(self, kind, error, trace):
    """Tells the others how this worker ended.

    Raises:
      RunError: TensorFlow failed for want of another worker; this names it.
    """
    if error is not None and kind.__module__.startswith("tensorflow."):
      failure = self.failure(_SILENCE + 2 * _BEAT)
      if failure:
        self.close(failure)
        raise failure from error
    self.close(error)

  def close(self, error=None):
    """Says goodbye.

    Args:
      error: the exception that this worker ends with, or None.
    """
    with self._changed:
      self._closed = True
      is_known = error is not None and error is self._failure
    if not is_known:
      name = self.cluster.name(self.cluster.index)
      self._send_all(_make_goodbye(error, name))
    for peer in self._peers.values():
      peer.close()

  def _start(self, target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()

  def _send_all(self, message, but=None):
    for index, peer in self._peers.items():
      if index != but:
        peer.send(message)

  def _beat(self):
    while not self._closed:
      self._send_all({})
      time.sleep(_BEAT)

  def _wait_for(self, number, indices):
    """Waits for a round's values of some workers; dict from index to value."""
    def complete():
      return all((number, i) in self._values for i in indices)

    with self._changed:
      self._changed.wait_for(lambda: complete() or self._failure)
      # What all have said counts, even if one of them has ended since: they
      # may have agreed on that in this round.
      if not complete():
        raise self._failure
      return {index: self._values.pop((number, index)) for index in indices}

  def _listen(self, index):
    """Takes in what one worker says, until it ends."""
    how = "is gone"
    try:
      for message in self._peers[index].messages():
        self._handle(index, message)
    except socket.timeout:
      how = f"said nothing for {_SILENCE} seconds"
    except (OSError, ValueError):
      pass
    if index not in self._gone:
      self._fail(errors.StoppedError(
          f"{self.cluster.name(index)} {how}; the same command "
          "on all workers goes on from the last checkpoint"), index)

  def _handle(self, index, message):
    if "goodbye" in message:
      self._gone.add(index)
      if message["goodbye"] != 0:
        self._fail(_read_goodbye(message), index)
    elif "round" in message:
      with self._changed:
        self._values[message["round"], index] = message["value"]
        self._changed.notify_all()

  def _fail(self, failure, index):
    """Notes the first failure, tells it on, and sees that this process ends."""
    with self._changed:
      if self._failure or self._closed:
        return
      # First, as the main thread says goodbye and ends once it sees a failure,
      # and the others would take that end for this worker's own.
      self._send_all(_make_goodbye(failure), but=index)
      self._failure = failure
      self._changed.notify_all()
    time.sleep(_GRACE)
    if not self._closed:
      # All files are written whole or not at all, as for a SIGKILL.
      print(f"error: {' '.join(str(failure).split())}", file=sys.stderr,
            flush=True)
      os._exit(failure.exit_code)


class _Peer:
  """One connection, whose lines may be sent from several threads."""

  def __init__(self, connection):
    connection.settimeout(_SILENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self._connection = connection
    self._file = connection.makefile("rb")
    self._lock = threading.Lock()

  def send(self, message):
    try:
      with self._lock:
        self._connection.sendall(json.dumps(message).encode() + b"\n")
    except OSError:
      pass  # Whoever listens to it notices.

  def messages(self):
    for line in self._file:
      yield _parse(line)

  def close(self):
    try:
      self._connection.shutdown(socket.SHUT_WR)
    except OSError:
      pass


def join(cluster, facts, minutes):
  """Waits until all workers are there and know the same facts.

  Args:
    cluster: the `Cluster`.
    facts: dict of what must be the same on all workers.
    minutes: how long to wait.

  Returns:
    A `Link`, to be used in a `with` statement.

  Raises:
    StoppedError: a worker did not come; it says which.
    UsageError: two workers differ in the facts.
  """
  hello = {"worker": cluster.index, "facts": {
      **facts, "workers": list(cluster.addresses)}}
  deadline = time.monotonic() + 60 * minutes
  if cluster.is_chief:
    return Link(cluster, _receive_all(cluster, hello, deadline, minutes))
  return Link(cluster, {0: _reach_chief(cluster, hello, deadline, minutes)})


def _receive_all(cluster, hello, deadline, minutes):
  """The chief's part of `join`; returns the sockets by worker."""
  arrivals = {}
  try:
    error = _wait_for_all(cluster, arrivals, deadline, minutes)
  except errors.RunError as stopped:  # A signal.
    _send_to_all(arrivals, _make_goodbye(stopped, cluster.name(0)))
    raise
  error = error or _find_difference(cluster, {0: hello["facts"], **{
      index: facts for index, (_, facts) in sorted(arrivals.items())}})
  _send_to_all(arrivals, _make_goodbye(error))
  if error:
    raise error
  return {index: connection for index, (connection, _) in arrivals.items()}


def _wait_for_all(cluster, arrivals, deadline, minutes):
  """Waits until all other workers are there.

  Args:
    cluster: the `Cluster`.
    arrivals: dict from worker to (socket, facts), filled here.
    deadline: when to give up, as `time.monotonic` counts.
    minutes: how long that is, for the message.

  Returns:
    The error that ends the wait too early, or None.
  """
  with _listen_at_port(cluster, deadline) as server:
    while len(arrivals) < len(cluster) - 1:
      arrival = _accept(server, deadline)
      for index in [i for i, (c, _) in arrivals.items() if _hung_up(c)]:
        del arrivals[index]
      if arrival and 0 < arrival[0] < len(cluster):
        index, connection, facts = arrival
        if index in arrivals:
          error = errors.UsageError(
              f"{cluster.name(index)}: expected one process. Received: two")
          _send(connection, _make_goodbye(error))
          return error
        arrivals[index] = (connection, facts)
      missing = [cluster.name(i) for i in range(1, len(cluster))
                 if i not in arrivals]
      if missing and time.monotonic() > deadline:
        return errors.StoppedError(
            f"{' and '.join(missing)} did not come within {minutes:g} minutes "
            "(--worker_timeout)")
  return None


def _accept(server, deadline):
  """Returns the (index, socket, facts) of a worker that comes, or None."""
  server.settimeout(max(0.01, min(1, deadline - time.monotonic())))
  try:
    connection, _ = server.accept()
  except OSError:
    return None  # Nobody yet.
  hello = _receive(connection, _PATIENCE)
  index, facts = hello.get("worker"), hello.get("facts")
  if type(index) is int and isinstance(facts, dict):
    return index, connection, facts
  connection.close()  # Someone else.
  return None


def _listen_at_port(cluster, deadline):
  """Returns the socket at which the chief is reached.

  Raises:
    UsageError: another process has the port, and keeps it.
  """
  port = int(cluster.addresses[0].rpartition(":")[2])
  patience = min(deadline, time.monotonic() + _PORT_TAKEN)
  while True:
    try:
      return socket.create_server(("", port))
    except OSError as error:
      if time.monotonic() > patience:
        raise errors.UsageError(
            f"{cluster.name(0)}: expected a port that is free. Received: "
            f"{error.strerror}") from error
      time.sleep(0.2)


def _hung_up(connection):
  connection.setblocking(False)
  try:
    return connection.recv(1, socket.MSG_PEEK) == b""
  except BlockingIOError:
    return False
  except OSError:
    return True


def _find_difference(cluster, facts):
  """Returns the error that two workers' facts differ, or None."""
  for index, others in facts.items():
    for name in {**facts[0], **others}:
      first, other = facts[0].get(name), others.get(name)
      if first != other:
        return errors.UsageError(
            f"{cluster.name(index)}: expected the {name} of "
            f"{cluster.name(0)}, {first!r}. Received: {other!r}")
  return None


def _reach_chief(cluster, hello, deadline, minutes):
  """Another worker's part of `join`; returns the socket to the chief."""
  while time.monotonic() < deadline:
    connection = _connect(cluster.addresses[0])
    if connection:
      _send(connection, hello)
      # The chief may have come later, and so wait until later.
      answer = _receive(connection, 60 * minutes + _PORT_TAKEN)
      if answer.get("goodbye") == 0:
        return connection
      connection.close()
      if isinstance(answer.get("goodbye"), int) and "text" in answer:
        raise _read_goodbye(answer)
      # The chief was started anew, or it was none.
    time.sleep(0.1)
  raise errors.StoppedError(
      f"{cluster.name(0)} did not come within {minutes:g} minutes "
      "(--worker_timeout)")


def _connect(address):
  """Returns a socket to an address, or None where nobody is there yet."""
  host, _, port = address.rpartition(":")
  try:
    connection = socket.create_connection((host, int(port)), _PATIENCE)
    if connection.getsockname() != connection.getpeername():
      return connection
    connection.close()  # On one machine a port can meet itself.
  except OSError:
    pass
  return None


def _send_to_all(arrivals, message):
  for connection, _ in arrivals.values():
    _send(connection, message)


def _send(connection, message):
  connection.settimeout(_PATIENCE)
  try:
    connection.sendall(json.dumps(message).encode() + b"\n")
  except OSError:
    pass  # Noticed when it is listened to.


def _receive(connection, seconds):
  """Returns the next message, a dict; {} where none comes, or no message.

  Args:
    connection: the socket.
    seconds: how long to wait for it.
  """
  connection.settimeout(seconds)
  try:
    # Unbuffered, or the lines after the first would be lost.
    with connection.makefile("rb", buffering=0) as file:
      return _parse(file.readline(_LONGEST_HELLO))
  except OSError:
    return {}  # Whoever it is hung up, or says nothing.
  except ValueError:
    return {}  # Whoever it is speaks of something else.


def _parse(line):
  """Returns a line as a message, a dict.

  Raises:
    ValueError: it is none.
  """
  try:
    message = json.loads(line)
  except RecursionError as error:
    raise ValueError("brackets in brackets without end") from error
  if not isinstance(message, dict):
    raise ValueError(f"expected a JSON object. Received: {line!r}")
  return message


def _make_goodbye(error, name=None):
  """Returns the last message of a worker; `name` where it ended by itself."""
  if error is None:
    return {"goodbye": 0}
  text = str(error) if isinstance(error, errors.RunError) else repr(error)
  return {
      "goodbye": getattr(error, "exit_code", errors.StoppedError.exit_code),
      "text": (f"{name} ended: " if name else "") + text,
  }


def _read_goodbye(message):
  """Returns the `RunError` of a goodbye."""
  kinds = {kind.exit_code: kind for kind in errors.RunError.__subclasses__()}
  kind = kinds.get(message["goodbye"], errors.StoppedError)
  return kind(message["text"])

"""How the workers of a run find each other, at the chief's address.

Each worker comes to the chief, both prove that they know the run's secret, and
the worker says its index and its facts. Whoever fails at that, or is too slow,
is dropped and named, and the chief waits on for the workers.
"""

import queue
import socket
import sys
import threading
import time

from rethink_tf import errors
from rethink_tf.distributed import messages
from rethink_tf.distributed import secret as secret_lib

# How long the port of an earlier process may stay taken.
_PORT_TAKEN = 10
# Seconds for all of the proof and the hello.
_PATIENCE = 10
# Bytes of a hello.
_LONGEST_HELLO = 2**20
# How many may be at the proof at a time.
_CROWD = 64
# Seconds before a worker comes again.
_PAUSE = 0.3


def receive_all(cluster, facts, secret, minutes):
  """The chief's part: waits until all workers are there and agree.

  Args:
    cluster: the `Cluster`.
    facts: dict of what must be the same on all workers.
    secret: as `secret.share` yields it.
    minutes: how long to wait.

  Returns:
    The `Channel` of each other worker, by index.

  Raises:
    StoppedError: a worker did not come; it says which.
    UsageError: two workers differ in the facts, or have one index.
  """
  arrivals = {}
  try:
    failure = (
        _wait_for_all(cluster, arrivals, secret, minutes)
        or _find_difference(cluster, facts, arrivals))
  except errors.RunError as stopped:  # A signal.
    _send_to_all(arrivals, messages.make_goodbye(stopped, cluster.name(0)))
    raise
  _send_to_all(arrivals, messages.make_goodbye(failure))
  if failure:
    raise failure
  return {index: channel for index, (channel, _) in arrivals.items()}


def _send_to_all(arrivals, message):
  for channel, _ in arrivals.values():
    channel.send(message)


def _wait_for_all(cluster, arrivals, secret, minutes):
  """Waits until all other workers are there.

  Args:
    cluster, secret, minutes: as for `receive_all`.
    arrivals: dict from worker to (`Channel`, facts), filled here.

  Returns:
    The `RunError` that ends the wait too early, or None.
  """
  deadline = time.monotonic() + 60 * minutes
  with _listen(cluster, deadline) as server:
    door = _Door(cluster, server, secret)
    while True:
      for index in [i for i, (c, _) in arrivals.items() if c.hung_up()]:
        del arrivals[index]
      missing = [cluster.name(i) for i in range(1, len(cluster))
                 if i not in arrivals]
      if not missing:
        return None
      if time.monotonic() > deadline:
        return errors.StoppedError(
            f"{' and '.join(missing)} did not come within {minutes:g} minutes "
            "(--worker_timeout)")
      for index, channel, theirs in door.wait():
        if index in arrivals and not arrivals[index][0].hung_up():
          error = errors.UsageError(
              f"{cluster.name(index)}: expected one process. Received: two")
          channel.send(messages.make_goodbye(error))
          return error
        arrivals[index] = (channel, theirs)


class _Door:
  """Where strangers and workers come; each is heard in a thread of its own.

  Args:
    cluster: the `Cluster`.
    server: the socket to accept from.
    secret: as `secret.share` yields it.
  """

  def __init__(self, cluster, server, secret):
    self._cluster = cluster
    self._server = server
    self._secret = secret
    self._key = secret.read()
    self._places = threading.BoundedSemaphore(_CROWD)
    self._heard = queue.SimpleQueue()
    self._named = set()
    server.settimeout(0.2)

  def wait(self):
    """Waits a moment; returns the (index, `Channel`, facts) of who came."""
    self._secret.keep()
    try:
      connection, address = self._server.accept()
    except OSError:
      pass  # Nobody just now.
    else:
      self._hear(connection, address[0])
    arrivals = []
    while not self._heard.empty():
      arrivals.append(self._heard.get())
    return arrivals

  def _hear(self, connection, host):
    if self._places.acquire(blocking=False):
      threading.Thread(
          target=self._hear_out, args=(connection, host), daemon=True).start()
    else:
      connection.close()
      self._name(host, f"came while {_CROWD} others had proved nothing")

  def _hear_out(self, connection, host):
    channel = messages.Channel(connection)
    try:
      self._heard.put(self._receive(channel))
    except TimeoutError:
      self._drop(channel, host, f"said no hello within {_PATIENCE} seconds")
    except OSError:
      self._drop(channel, host, "hung up before its hello")
    except ValueError as error:
      self._drop(channel, host, error)
    finally:
      self._places.release()

  def _receive(self, channel):
    """Returns the (index, `Channel`, facts) of a worker, once it is one."""
    deadline = time.monotonic() + _PATIENCE
    secret_lib.prove(channel, "chief", lambda: self._key, deadline)
    hello = channel.receive(deadline - time.monotonic(), _LONGEST_HELLO)
    index, facts = hello.get("worker"), hello.get("facts")
    if type(index) is not int or not 0 < index < len(self._cluster):
      raise ValueError("is none of the workers")
    if not isinstance(facts, dict):
      raise ValueError("did not say its facts")
    return index, channel, facts

  def _drop(self, channel, host, reason):
    channel.cut()
    self._name(host, reason)

  def _name(self, host, reason):
    """Says who was dropped and why, once."""
    line = (f"warning: somebody from {host} came to {self._cluster.name(0)} "
            f"and {reason}; waiting for the workers")
    if line not in self._named:
      self._named.add(line)
      print(line, file=sys.stderr, flush=True)


def _listen(cluster, deadline):
  """Returns the socket at which the chief is reached.

  Raises:
    UsageError: another process has the port, and keeps it.
  """
  host, _, port = cluster.addresses[0].rpartition(":")
  interface = _find_interface(cluster, host)
  patience = min(deadline, time.monotonic() + _PORT_TAKEN)
  while True:
    try:
      return socket.create_server((interface, int(port)))
    except OSError as error:
      if time.monotonic() > patience:
        raise errors.UsageError(
            f"{cluster.name(0)}: expected a port that is free. Received: "
            f"{error.strerror}") from error
      time.sleep(0.2)


def _find_interface(cluster, host):
  """Returns the address of this machine to listen at; "" stands for all.

  It is the one that the cluster names, unless others know it by another one:
  many a machine calls itself 127.0.1.1, or is behind an address that is not
  its own.
  """
  try:
    address = socket.gethostbyname(host)
    with socket.socket() as probe:
      probe.bind((address, 0))
  except OSError:
    return ""
  hosts = {other.rpartition(":")[0] for other in cluster.addresses} - {host}
  if _is_local(address) and not all(map(_is_local, hosts)):
    return ""
  return address


def _is_local(host):
  return host == "localhost" or host.startswith("127.")


def _find_difference(cluster, facts, arrivals):
  """Returns the error that a worker's facts are not the chief's, or None."""
  for index, (_, others) in sorted(arrivals.items()):
    for name in {**facts, **others}:
      first, other = facts.get(name), others.get(name)
      if first != other:
        return errors.UsageError(
            f"{cluster.name(index)}: expected the {name} of "
            f"{cluster.name(0)}, {first!r}. Received: {other!r}")
  return None


def reach_chief(cluster, facts, secret, minutes):
  """Another worker's part: comes to the chief until it is let in.

  Args:
    cluster, facts, secret, minutes: as for `receive_all`.

  Returns:
    The `Channel` to the chief.

  Raises:
    StoppedError: the chief did not come, or stopped waiting.
    RunError: the chief refused.
  """
  deadline = time.monotonic() + 60 * minutes
  hint = ""
  while time.monotonic() < deadline:
    channel = _connect(cluster.addresses[0])
    if channel:
      try:
        failure = _ask(cluster, facts, secret, minutes, channel)
      except FileNotFoundError:
        hint = (f"; somebody is there, but {secret.path}, which worker 0 "
                "writes in the --logdir that all workers share, is not")
      except (OSError, ValueError):
        pass  # The chief was started anew, or it was none.
      else:
        if failure:
          raise failure
        return channel
      channel.cut()
    time.sleep(_PAUSE)
  raise errors.StoppedError(
      f"{cluster.name(0)} did not come within {minutes:g} minutes "
      f"(--worker_timeout){hint}")


def _ask(cluster, facts, secret, minutes, channel):
  """Says hello to the chief; returns the `RunError` of its answer, or None.

  Raises:
    OSError: the chief is gone, or it is too slow; or there is no secret.
    ValueError: whoever it is, it is not the chief.
  """
  secret_lib.prove(
      channel, "worker", secret.read, time.monotonic() + _PATIENCE)
  channel.send({"worker": cluster.index, "facts": facts})
  # The chief may have come later, and so wait until later.
  answer = channel.receive(60 * minutes + _PORT_TAKEN)
  if "goodbye" not in answer:
    raise ValueError("sent no answer")
  return messages.read_goodbye(answer)


def _connect(address):
  """Returns a channel to an address, or None where nobody is there yet."""
  host, _, port = address.rpartition(":")
  try:
    connection = socket.create_connection((host, int(port)), _PATIENCE)
    if connection.getsockname() != connection.getpeername():
      return messages.Channel(connection)
    connection.close()  # On one machine a port can meet itself.
  except OSError:
    pass
  return None

"""Messages between two workers: JSON objects, each behind its length.

Whatever comes is bounded in bytes, in brackets within brackets, and in the time
it may take; nothing is unpickled.
"""

import json
import re
import select
import socket
import struct
import threading
import time

from rethink_tf import errors

# Predictions for all of ImageNet, of all workers, are 7 MB.
_LARGEST = 2**26
# Metrics of several dimensions, of several replicas, take about six.
_DEEPEST = 32
# Seconds in which a message must have gone out.
_SENT_WITHIN = 20
_LENGTH = struct.Struct(">I")
# A string, which may hold brackets that count for nothing, or a bracket.
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_FAILURES = {kind.exit_code: kind for kind in errors.RunError.__subclasses__()}


class Channel:
  """One connection; messages may be sent from several threads.

  Args:
    connection: a connected `socket.socket`, from now on the channel's.
  """

  def __init__(self, connection):
    connection.settimeout(_SENT_WITHIN)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    self._connection = connection
    self._waiting = select.poll()
    self._waiting.register(connection, select.POLLIN)
    self._sending = threading.Lock()

  def send(self, message):
    """Sends a dict; whoever receives from this channel notices a failure."""
    text = json.dumps(message).encode()
    try:
      with self._sending:
        self._connection.sendall(_LENGTH.pack(len(text)) + text)
    except TimeoutError:
      self.cut()  # Half of a message may be on its way.
    except OSError:
      pass

  def receive(self, seconds, largest=_LARGEST):
    """Returns the next message, a dict.

    Args:
      seconds: how long it may take to come, all of it.
      largest: how many bytes it may have.

    Raises:
      TimeoutError: it did not come.
      OSError: the other end hung up, or is gone.
      ValueError: what came is no message.
    """
    deadline = time.monotonic() + seconds
    size, = _LENGTH.unpack(self._read(_LENGTH.size, deadline))
    if size > largest:
      raise ValueError("sent what is too long for a message")
    return parse(bytes(self._read(size, deadline)))

  def _read(self, size, deadline):
    """Returns so many bytes; more memory is used only as they come."""
    read = bytearray()
    while len(read) < size:
      left = deadline - time.monotonic()
      if left <= 0 or not self._waiting.poll(1000 * left):
        raise TimeoutError
      # Senders in other threads have the socket's own time-out.
      part = self._connection.recv(min(size - len(read), 2**16))
      if not part:
        raise ConnectionAbortedError
      read += part
    return read

  def hung_up(self):
    """Tells whether the other end is gone, as far as is known."""
    if not self._waiting.poll(0):
      return False
    try:
      return self._connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
      return True

  def finish(self):
    """Ends what this end has to say."""
    self._shut(socket.SHUT_WR)

  def cut(self):
    """Ends the connection in both directions, at once."""
    self._shut(socket.SHUT_RDWR)

  def _shut(self, how):
    try:
      self._connection.shutdown(how)
    except OSError:
      pass  # It was cut before.


def parse(text):
  """Returns the message, a dict, of bytes.

  Raises:
    ValueError: they are none.
  """
  depth = 0
  for match in _STRING_OR_BRACKET.finditer(text):
    depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(match[0], 0)
    if depth > _DEEPEST:
      raise ValueError("sent brackets in brackets without end")
  try:
    message = json.loads(text)
  except ValueError as error:
    raise ValueError("sent what is no JSON") from error
  if not isinstance(message, dict):
    raise ValueError("sent what is no JSON object")
  return message


def make_goodbye(error, name=None):
  """Returns the last message of a worker.

  Args:
    error: the exception that it ends with, or None.
    name: how messages call it, where it ended by itself.
  """
  if error is None:
    return {"goodbye": 0}
  text = str(error) if isinstance(error, errors.RunError) else repr(error)
  return {
      "goodbye": getattr(error, "exit_code", errors.StoppedError.exit_code),
      "text": (f"{name} ended: " if name else "") + text,
  }


def read_goodbye(message):
  """Returns the `RunError` of a goodbye, or None where nothing failed.

  Raises:
    ValueError: it is not as `make_goodbye` makes it.
  """
  code, text = message["goodbye"], message.get("text")
  if type(code) is not int or code not in {0, *_FAILURES}:
    raise ValueError("said goodbye with a code that no program has")
  if code and not isinstance(text, str):
    raise ValueError("said goodbye without a reason")
  return _FAILURES[code](text) if code else None

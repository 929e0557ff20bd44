"""Passes frames between two network interfaces, late, and not all of them.

What lies between distant hosts, for kernels that have no netem; as root:

    python far.py ONE OTHER MILLISECONDS LOSS

Each frame comes so many milliseconds late, and is lost with the probability
LOSS. What sends must not leave sums or segments to the interface, which here
is nobody's: `ethtool -K DEVICE tx off tso off gso off gro off`.
"""

import collections
import random
import select
import socket
import sys
import time

_ALL_KINDS = 0x0003  # ETH_P_ALL, linux/if_ether.h.
_LONGEST = 2**16
_BUFFER = 2**24


class _Way:
  """One of the two directions.

  Args:
    source, target: sockets, each bound to an interface.
    delay: in seconds.
    loss: probability that a frame is lost.
    draws: a `random.Random`.
  """

  def __init__(self, source, target, delay, loss, draws):
    self._source = source
    self._target = target
    self._delay = delay
    self._loss = loss
    self._draws = draws
    self._under_way = collections.deque()

  def take(self):
    """Takes a frame in, unless it is one that was sent from here."""
    frame, address = self._source.recvfrom(_LONGEST)
    if address[2] != socket.PACKET_OUTGOING and (
        self._draws.random() >= self._loss):
      self._under_way.append((time.monotonic() + self._delay, frame))

  def send(self):
    """Sends what is due; returns in how many seconds the next will be."""
    while self._under_way:
      left = self._under_way[0][0] - time.monotonic()
      if left > 0:
        return left
      try:
        self._target.send(self._under_way.popleft()[1])
      except OSError:  # The interface is down, or the frame too long: lost.
        pass
    return None


def _open(interface):
  opened = socket.socket(
      socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_KINDS))
  opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
  opened.bind((interface, 0))
  return opened


def main(one, other, milliseconds, loss):
  """Passes frames until it is ended."""
  ends = _open(one), _open(other)
  draws = random.Random(1)
  ways = {source: _Way(source, target, float(milliseconds) / 1000, float(loss),
                       draws)
          for source, target in (ends, ends[::-1])}
  while True:
    waits = [wait for wait in (way.send() for way in ways.values())
             if wait is not None]
    ready, *_ = select.select(ends, [], [], min(waits, default=None))
    for source in ready:
      ways[source].take()


if __name__ == "__main__":
  main(*sys.argv[1:])

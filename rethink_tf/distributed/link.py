"""A thread of words between the workers of a run, beside TensorFlow's own.

Before TensorFlow's collectives start, each worker comes to the chief at the
chief's address, so that one that never comes, or comes with other flags, is
named instead of waited for without end. The connections stay: what the workers
must agree on goes over them, and a worker that ends, dies, hangs or talks
nonsense is noticed and named by all others.
"""

import os
import sys
import threading
import time

from rethink_tf import errors
from rethink_tf.distributed import meeting
from rethink_tf.distributed import messages

# A worker that says nothing for so many seconds is lost. TensorFlow's own
# heartbeat cannot say which one.
SILENCE = 30
_BEAT = 3
# The main thread may sit in a collective operation that never returns. So many
# seconds after another worker's end it is ended.
_GRACE = 5


def join(cluster, facts, minutes, secret):
  """Waits until all workers are there and know the same facts.

  Args:
    cluster: the `Cluster`.
    facts: dict of what must be the same on all workers.
    minutes: how long to wait.
    secret: by which they know one another, as `secret.share` yields it.

  Returns:
    A `Link`, to be used in a `with` statement.

  Raises:
    StoppedError: a worker did not come; it says which.
    UsageError: two workers differ in the facts.
  """
  facts = {**facts, "workers": list(cluster.addresses)}
  if len(cluster) == 1:
    return Link(cluster, {})
  if cluster.is_chief:
    return Link(
        cluster, meeting.receive_all(cluster, facts, secret, minutes))
  return Link(
      cluster, {0: meeting.reach_chief(cluster, facts, secret, minutes)})


class Link:
  """This worker's connections: to the chief, or the chief's to all.

  Args:
    cluster: the `Cluster`.
    channels: dict from a worker's index to the `Channel` to it.
  """

  def __init__(self, cluster, channels):
    self.cluster = cluster
    self._channels = channels
    self._changed = threading.Condition()
    self._failure = None
    self._closed = False
    self._round = 0
    # What each has said in a round that was not yet asked for, and how many
    # rounds it has spoken in.
    self._values = {}
    self._rounds = dict.fromkeys(channels, 0)
    for index in channels:
      self._start(self._listen, index)
    self._start(self._beat)

  def exchange(self, value, is_right=None):
    """Gives a value to all workers and returns theirs; waits for the last.

    Args:
      value: what JSON can hold; floats arrive to the bit.
      is_right: a function that tells whether a value is what a worker may
        give; None: anything is.

    Returns:
      A list with each worker's value, in order.

    Raises:
      RunError: a worker has ended, or given what is not right.
    """
    values = self._exchange(value)
    for index, other in enumerate(values):
      if is_right and not is_right(other):  # To all others alike.
        raise self._lose(index, "gave a value that no worker gives")
    return values

  def _exchange(self, value):
    self._round += 1
    message = {"round": self._round, "value": value}
    if self.cluster.is_chief:
      values = {0: value, **self._wait_for(set(self._channels))}
      ordered = [values[index] for index in range(len(self.cluster))]
      self._send_all({**message, "value": ordered})
      return ordered
    self._send_all(message)
    return self._wait_for({0})[0]

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
      failure = self.failure(SILENCE + 2 * _BEAT)
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
      self._changed.notify_all()
      is_known = error is not None and error is self._failure
    if not is_known:
      name = self.cluster.name(self.cluster.index)
      self._send_all(messages.make_goodbye(error, name))
    for channel in self._channels.values():
      channel.finish()

  def _start(self, target, *arguments):
    threading.Thread(target=target, args=arguments, daemon=True).start()

  def _send_all(self, message, but=None):
    for index, channel in self._channels.items():
      if index != but:
        channel.send(message)

  def _beat(self):
    while not self._closed:
      self._send_all({})
      with self._changed:
        self._changed.wait_for(lambda: self._closed, _BEAT)

  def _wait_for(self, indices):
    """Waits for this round's values of some workers; dict from index."""
    def complete():
      return indices <= set(self._values)

    with self._changed:
      self._changed.wait_for(lambda: complete() or self._failure)
      # What all have said counts, even if one of them has ended since: they
      # may have agreed on that in this round.
      if not complete():
        raise self._failure
      return {index: self._values.pop(index) for index in indices}

  def _listen(self, index):
    """Takes in what one worker says, until it ends."""
    try:
      failure = self._hear_out(index)
    except TimeoutError:
      failure = self._lose(index, f"said nothing for {SILENCE} seconds")
    except OSError:
      failure = self._lose(index, "is gone")
    except ValueError as error:
      failure = self._lose(index, str(error))
    self._fail(failure, index)

  def _lose(self, index, how):
    return errors.StoppedError(
        f"{self.cluster.name(index)} {how}; the same command on all workers "
        "goes on from the last checkpoint")

  def _hear_out(self, index):
    """Takes in what one worker says; returns the `RunError` it ends with.

    Raises:
      OSError: it is gone, or silent.
      ValueError: it has said what no worker says.
    """
    while True:
      message = self._channels[index].receive(SILENCE)
      if "goodbye" in message:
        return messages.read_goodbye(message) or self._await_own_end(index)
      if "round" in message:
        self._take(index, message["round"], message.get("value"))
      elif message:
        raise ValueError("said what no worker says")

  def _await_own_end(self, index):
    """Returns the failure that a worker is done before this one, or None.

    All are done at the same time but for some seconds.
    """
    with self._changed:
      if self._changed.wait_for(lambda: self._closed, SILENCE):
        return None
    return self._lose(index, "ended before the others")

  def _take(self, index, number, value):
    """Notes what a worker says in a round.

    Raises:
      ValueError: it is not its turn, or the chief does not speak for all.
    """
    with self._changed:
      # Nobody speaks again before all have heard all.
      if index in self._values or number != self._rounds[index] + 1:
        raise ValueError("spoke out of turn")
      if not self.cluster.is_chief and not (
          isinstance(value, list) and len(value) == len(self.cluster)):
        raise ValueError("did not give the values of all workers")
      self._rounds[index] += 1
      self._values[index] = value
      self._changed.notify_all()

  def _fail(self, failure, index):
    """Notes the first failure, tells it on, and sees that this process ends."""
    with self._changed:
      if failure is None or self._failure or self._closed:
        return
      # First, as the main thread says goodbye and ends once it sees a failure,
      # and the others would take that end for this worker's own.
      self._send_all(messages.make_goodbye(failure), but=index)
      self._failure = failure
      self._changed.notify_all()
    time.sleep(_GRACE)
    if not self._closed:
      # All files are written whole or not at all, as for a SIGKILL.
      print(f"error: {' '.join(str(failure).split())}", file=sys.stderr,
            flush=True)
      os._exit(failure.exit_code)

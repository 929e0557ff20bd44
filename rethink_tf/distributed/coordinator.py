"""Handing out steps to workers that wait for nobody, and what may go wrong.

TensorFlow's coordinator gives a step that a lost worker had to another, and a
worker that comes back is used again. It knows no time-outs, and what it raises
when a parameter server is lost names nobody: both are done here.
"""

import concurrent.futures
import os
import re
import time

import tensorflow as tf

from rethink_tf import errors
from rethink_tf.distributed import servers

# Steps handed out for each worker: one that it takes, and one that is ready.
_AHEAD = 2
# Seconds after which the caller, whom signals may ask to stop, has a look.
_PAUSE = 0.5
# What TensorFlow raises of processes that are gone, or that are others now.
_LOST = (
    tf.errors.AbortedError, tf.errors.CancelledError,
    tf.errors.DeadlineExceededError, tf.errors.UnavailableError)
_SERVER = re.compile(r"/job:ps/replica:\d+/task:(\d+)")


class Coordinator:
  """The workers and parameter servers of a run, as the chief uses them.

  Args:
    roles: the `Roles`.
    minutes: how long to wait for all to come, and for a step to end.

  Attributes:
    roles: the same.
    strategy: the `tf.distribute.ParameterServerStrategy`; variables that are
      made in its scope lie on the parameter servers.

  Raises:
    StoppedError: a worker or a parameter server did not come; it says which.
  """

  def __init__(self, roles, minutes):
    self.roles = roles
    self._minutes = minutes
    self._await_all()
    _give_threads()
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec(roles.addresses), task_type=roles.kind,
        task_id=roles.index, rpc_layer="grpc")
    self._most = _AHEAD * len(roles.workers)
    # One more to talk to the parameter servers.
    self._threads = concurrent.futures.ThreadPoolExecutor(self._most + 1)
    self.strategy = self.call(
        lambda: tf.distribute.ParameterServerStrategy(resolver))
    self._coordinator = tf.distribute.coordinator.ClusterCoordinator(
        self.strategy)
    self._under_way = {}
    self._last_end = time.monotonic()

  def describe(self):
    """Returns who takes part, as environment.json records it."""
    return {"workers": list(self.roles.workers),
            "parameter_servers": list(self.roles.parameter_servers)}

  def describe_in_words(self):
    """Returns who takes part as a line for the start of a run."""
    counts = len(self.roles.workers), len(self.roles.parameter_servers)
    return "asynchronous: {} worker{}, {} parameter server{}".format(
        *(part for count in counts for part in (count, "s" * (count > 1))))

  @property
  def under_way(self):
    """How many steps are handed out and not done."""
    return len(self._under_way)

  @property
  def has_room(self):
    """Whether another step may be handed out."""
    return self.under_way < self._most

  def submit(self, step, arguments):
    """Hands out a step.

    Args:
      step: a `tf.function` that returns a tensor.
      arguments: a tuple of tensors, which are sent to the worker.

    Raises:
      StoppedError: a parameter server is gone.
    """
    if not self._under_way:
      self._last_end = time.monotonic()
    try:
      value = self._coordinator.schedule(step, args=arguments)
    except _LOST as error:
      raise self._explain(error) from error
    self._under_way[self._threads.submit(value.fetch)] = step, arguments

  def wait(self):
    """Returns what steps returned that are done by now, within a second.

    Returns:
      A list of NumPy arrays, which may be empty.

    Raises:
      StoppedError: a parameter server is gone, or no step has ended for so
        many minutes.
    """
    done, _ = concurrent.futures.wait(
        self._under_way, _PAUSE, concurrent.futures.FIRST_COMPLETED)
    values = []
    for one in done:
      handed_out = self._under_way.pop(one)
      try:
        values.append(one.result())
      except _LOST as error:
        if not _is_of_worker(error):
          raise self._explain(error) from error
        # Done by a worker that was gone before it could say so.
        self.submit(*handed_out)
    if values:
      self._last_end = time.monotonic()
    elif time.monotonic() - self._last_end > 60 * self._minutes:
      raise self._stand_still("no step was done")
    return values

  def call(self, function):
    """Returns what a function returns that talks to parameter servers.

    Args:
      function: of no arguments.

    Raises:
      StoppedError: a parameter server is gone, or does not answer.
    """
    try:
      return self._threads.submit(function).result(60 * self._minutes)
    except concurrent.futures.TimeoutError as error:
      raise self._stand_still("the parameter servers did not answer") from error
    except _LOST as error:
      raise self._explain(error) from error

  def _await_all(self):
    deadline = time.monotonic() + 60 * self._minutes
    while missing := self.roles.find_unreachable("worker", "ps"):
      if time.monotonic() > deadline:
        raise errors.StoppedError(
            f"{' and '.join(missing)} did not come within {self._minutes:g} "
            "minutes (--worker_timeout)")
      time.sleep(_PAUSE)

  def _stand_still(self, what):
    gone = self.roles.find_unreachable("worker", "ps")
    which = f"; nobody listens at {' and '.join(gone)}" if gone else ""
    return errors.StoppedError(
        f"{what} within {self._minutes:g} minutes (--worker_timeout){which}; "
        "the same commands go on from the last checkpoint")

  def _explain(self, error):
    """Returns the `StoppedError` of what only a lost server can raise."""
    gone = self.roles.find_unreachable("ps") or [
        self.roles.name("ps", int(index))
        for index in dict.fromkeys(_SERVER.findall(str(error)))]
    return errors.StoppedError(
        f"{' and '.join(gone) or 'a parameter server'} is gone; the same "
        "commands go on from the last checkpoint")


def _is_of_worker(error):
  text = str(error)
  return "/job:worker" in text and not _SERVER.search(text)


def _give_threads():
  """Has this process several threads for operations, as servers have."""
  for get, give in (
      (tf.config.threading.get_inter_op_parallelism_threads,
       tf.config.threading.set_inter_op_parallelism_threads),
      (tf.config.threading.get_intra_op_parallelism_threads,
       tf.config.threading.set_intra_op_parallelism_threads)):
    give(max(get(), servers.LEAST_THREADS, os.cpu_count() or 1))

"""A worker or a parameter server: a server of TensorFlow's, and its end.

TensorFlow's own serve on without end. Here they end with the coordinator, at
whose address somebody listens as long as it lives.
"""

import os
import time

import tensorflow as tf

from rethink_tf import errors
from rethink_tf.distributed import roles as roles_lib

# On a single thread steps stand still: one that waits for another's variable
# holds the thread on which it would be sent.
LEAST_THREADS = 4
# Seconds without a coordinator after which it has ended.
_SILENCE = 10
# Seconds that a server asked to stop serves on: who asks all processes at once
# has the coordinator save first, for which steps under way are ended.
_LINGER = 60
_PAUSE = 0.5
# Seconds for which an earlier process may hold the port.
_PORT_TAKEN = 10


def serve(roles, minutes, stop):
  """Serves until the coordinator has ended.

  Args:
    roles: the `Roles`.
    minutes: how long to wait for the coordinator.
    stop: what has `requested`, `install` and `check`, as a `signals.Stop` does.

  Raises:
    AskedToStopError: a signal came.
    StoppedError: the coordinator did not come.
    UsageError: this process cannot listen at its address.
  """
  server = _start(roles)
  stop.install()  # TensorFlow's runtime may have taken SIGTERM for itself.
  watch(roles, minutes, stop)
  del server  # Which served so far; it cannot be closed.


def watch(roles, minutes, stop):
  """Waits as `serve` does, whoever serves."""
  start = last_seen = asked = None
  while True:
    now = time.monotonic()
    start = now if start is None else start
    if roles_lib.is_reachable(roles.coordinator):
      last_seen = now
    elif last_seen is not None and now - last_seen > _SILENCE:
      return
    elif last_seen is None and now - start > 60 * minutes:
      raise errors.StoppedError(
          f"{roles.name(roles_lib.CHIEF, 0)} did not come within {minutes:g} "
          "minutes (--worker_timeout)")
    if stop.requested:
      asked = now if asked is None else asked
      if last_seen is None or now - asked > _LINGER:
        stop.check("its coordinator's last checkpoint")
    time.sleep(_PAUSE)


def _start(roles):
  """Returns the server of this process, started.

  TensorFlow has it listen on all addresses of the host, at the port of its own.
  """
  threads = max(LEAST_THREADS, os.cpu_count() or 1)
  config = tf.compat.v1.ConfigProto(
      inter_op_parallelism_threads=threads,
      intra_op_parallelism_threads=threads)
  deadline = time.monotonic() + _PORT_TAKEN
  while True:
    try:
      return tf.distribute.Server(
          tf.train.ClusterSpec(roles.addresses), job_name=roles.kind,
          task_index=roles.index, protocol="grpc", config=config)
    except tf.errors.OpError as error:
      if time.monotonic() > deadline:
        raise errors.UsageError(
            f"TF_CONFIG: expected {roles.own_name} to be where this process "
            f"can listen. Received: {error.message}") from error
    time.sleep(_PAUSE)

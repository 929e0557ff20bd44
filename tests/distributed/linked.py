"""Workers that only link, each in a process of its own, for tests."""

import json
import socket

from rethink_tf.distributed import messages
from tests import launch

# Its facts, then what it does, come as arguments.
_WORKER = """
import json, os, pathlib, sys, time
from rethink_tf import errors
from rethink_tf.distributed import cluster
from rethink_tf.distributed import link
from rethink_tf.distributed import secret as secret_lib
own = cluster.read_environment(os.environ)
facts, minutes, act = json.loads(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
def main(argv):
  path = pathlib.Path("run/workers.key")
  with secret_lib.share(own, path, os.environ) as secret:
    joined = link.join(own, facts, minutes, secret)
  with joined as peers:
    exec(act)
sys.exit(errors.exit_code_of(main, ()))
"""


def start(folder, count, act, facts=None, minutes=1, which=None, **environment):
  """Starts workers on 127.0.0.1 that share a folder.

  Args:
    folder: `pathlib.Path`, where all of them run.
    count: how many workers the cluster has.
    act: code that each runs with its `Link`, `peers`, and its `Cluster`, `own`.
    facts: dict from a worker to its facts, where they are not `{"epochs": 2}`.
    minutes: how long each waits for the others.
    which: those to start; default: all.
    **environment: more environment variables.

  Returns:
    `(addresses, processes)`.
  """
  addresses = launch.free_addresses(count)
  return addresses, [
      start_at(addresses, index, folder, act, (facts or {}).get(index), minutes,
               **environment)
      for index in (range(count) if which is None else which)]


def start_at(addresses, index, folder, act, facts=None, minutes=1,
             **environment):
  """Starts one worker of a cluster, as `start` does; returns its process."""
  return launch.start_python(
      _WORKER, json.dumps(facts or {"epochs": 2}), minutes, act, folder=folder,
      TF_CONFIG=launch.tf_config(addresses, index), **environment)


def ends(processes, timeout=60):
  """Returns each process's code, output, and lines of error."""
  found = []
  for process in processes:
    out, err = process.communicate(timeout=timeout)
    found.append((process.returncode, out, err.splitlines()))
  return found


def connect():
  """Returns the two ends, each a `Channel`, of a connection."""
  with socket.create_server(("127.0.0.1", 0)) as server:
    one = socket.create_connection(server.getsockname())
    other, _ = server.accept()
  return messages.Channel(one), messages.Channel(other)

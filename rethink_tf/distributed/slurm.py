"""The workers of a run under SLURM: the tasks of a step, `srun --ntasks=N`.

Nodes are in SLURM's order, and tasks where it put them. TensorFlow's own
resolver sorts nodes by name as text, takes every distribution for block, and
wants to be told of GPUs.
"""

import itertools
import re
import subprocess

from rethink_tf import errors
from rethink_tf.distributed import cluster as cluster_lib

_LAST_PORT = 65_535
_COUNT = re.compile(r"(\d+)(?:\(x(\d+)\))?")  # As in 2(x3),1.
# The id of the step that salloc's shell can be.
_INTERACTIVE = "4294967290"
_SCONTROL_SECONDS = 60


def resolve(environment, port_base):
  """Returns the `Cluster` of a step, or of a job of one task without one.

  Args:
    environment: the environment variables, a mapping.
    port_base: the port of a node's first worker.

  Raises:
    UsageError: no step was started for several tasks, SLURM placed them in a
      way that its variables do not tell, or a node has more workers than ports
      from `port_base` on.
  """
  if (environment.get("SLURM_STEP_ID", _INTERACTIVE) == _INTERACTIVE
      or "SLURM_PROCID" not in environment):
    return _resolve_alone(environment, port_base)
  try:
    nodes = _expand(environment["SLURM_STEP_NODELIST"])
    counts = _parse_counts(environment["SLURM_STEP_TASKS_PER_NODE"])
    rank = int(environment["SLURM_PROCID"])
    own = environment["SLURMD_NODENAME"], int(environment["SLURM_LOCALID"])
    placed = _place(nodes, counts, _tasks_at_once(environment, counts))
  except (KeyError, OSError, ValueError, subprocess.SubprocessError) as error:
    raise errors.UsageError(
        "SLURM: expected the variables of a step, as srun sets them, and "
        f"scontrol. Received: {error!r}") from error
  # Each worker asks for itself, so that all are where all take them to be.
  if placed[rank:rank + 1] != [own]:
    raise errors.UsageError(
        "SLURM: expected srun --distribution=block, cyclic or plane. Received: "
        f"task {rank} as task {own[1]} of {own[0]}, which these do not do")
  last = port_base + max(counts) - 1
  if last > _LAST_PORT:
    raise errors.UsageError(
        "--port_base: expected ports for all workers of a node up to "
        f"{_LAST_PORT:,}. Received: {port_base}, which takes them to {last:,}")
  return cluster_lib.Cluster(
      tuple(f"{node}:{port_base + local}" for node, local in placed), rank)


def _resolve_alone(environment, port_base):
  """Returns the cluster of one that a batch script of one task is."""
  tasks = environment.get("SLURM_NTASKS") or environment.get("SLURM_NNODES")
  node = environment.get("SLURMD_NODENAME")
  if tasks != "1" or node is None:
    where = "salloc's shell" if node is None else "the batch script itself"
    raise errors.UsageError(
        "SLURM: expected srun before the command, which starts a task for each "
        f"worker. Received: a command of {where}, ntasks={tasks}")
  return cluster_lib.Cluster((f"{node}:{port_base}",), 0)


def _expand(nodes):
  """Returns the names in a list like g[1-2,10], in SLURM's order."""
  done = subprocess.run(
      ["scontrol", "show", "hostnames", nodes], check=True, text=True,
      capture_output=True, timeout=_SCONTROL_SECONDS)
  return done.stdout.split()


def _parse_counts(text):
  """Returns how many tasks each node has, of a text like 2(x3),1."""
  matches = [_COUNT.fullmatch(part) for part in text.split(",")]
  if None in matches:
    raise ValueError(f"SLURM_STEP_TASKS_PER_NODE={text}")
  return [int(match[1]) for match in matches
          for _ in range(int(match[2] or 1))]


def _tasks_at_once(environment, counts):
  """Returns how many tasks a node gets before it is the next one's turn."""
  # As in block:cyclic,pack, of which the first is over nodes.
  text = environment.get("SLURM_DISTRIBUTION", "block")
  distribution = re.split("[:,]", text)[0]
  if distribution == "plane":
    return max(1, int(environment["SLURM_DIST_PLANESIZE"]))
  return 1 if distribution == "cyclic" else max(counts)


def _place(nodes, counts, at_once):
  """Returns (node, number of the task there) of each task, in their order."""
  left = dict(zip(nodes, counts, strict=True))
  number = {node: itertools.count() for node in nodes}
  placed = []
  while any(left.values()):
    for node in nodes:
      given = min(left[node], at_once)
      placed += [(node, next(number[node])) for _ in range(given)]
      left[node] -= given
  return placed

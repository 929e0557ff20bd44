"""Which processes train together, and which of them this one is.

TF_CONFIG says so, as TensorFlow defines it:

    {"cluster": {"worker": ["host0:2222", "host1:2222"]},
     "task": {"type": "worker", "index": 0}}

It is checked here, before TensorFlow is imported. What SLURM and Kubernetes
say is read in `distributed.slurm` and `distributed.pods`.
"""

import dataclasses
import json
import re

from rethink_tf import errors

_ADDRESS = re.compile(r"[^\s:/]+:(\d{1,5})")
_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
    '"task": {"type": "worker", "index": 0}}')
# Of a job of SLURM's, and of a pod: whom to ask.
SLURM = "SLURM_JOB_ID"
KUBERNETES = "KUBERNETES_SERVICE_HOST"


@dataclasses.dataclass(frozen=True)
class Cluster:
  """The workers of a run, and this process among them.

  Attributes:
    addresses: "host:port" of each worker, in order; worker 0 is the chief.
    index: which of them this process is.
  """

  addresses: tuple[str, ...]
  index: int

  def __len__(self):
    return len(self.addresses)

  @property
  def is_chief(self):
    return self.index == 0

  def name(self, index):
    """Returns how messages call a worker: "worker 1 (host1:2222)"."""
    return f"worker {index} ({self.addresses[index]})"

  def tf_config(self):
    """Returns the TF_CONFIG of this process."""
    return json.dumps({
        "cluster": {"worker": list(self.addresses)},
        "task": {"type": "worker", "index": self.index}})


def read_environment(environment):
  """Returns the `Cluster` of TF_CONFIG; None where a scheduler must be asked.

  Args:
    environment: the environment variables, a mapping.

  Raises:
    UsageError: TF_CONFIG cannot be used, or nothing names the workers.
  """
  text = environment.get("TF_CONFIG")
  if text:
    return parse_tf_config(text)
  if SLURM in environment or KUBERNETES in environment:
    return None
  raise errors.UsageError(
      "--strategy=multi_worker: expected TF_CONFIG to name the workers, as in "
      f"{_EXAMPLE}, or SLURM's or Kubernetes's variables. Received: none of "
      "them. launch_workers, in scripts, tries several out on one machine")


def parse_tf_config(text):
  """Reads TF_CONFIG.

  Raises:
    UsageError: it is not what TensorFlow would understand as a list of
      workers with this process among them.
  """
  value = read_json(text)
  addresses = _check_addresses(value)
  task = value.get("task")
  if not isinstance(task, dict) or task.get("type") != "worker":
    kind = task.get("type") if isinstance(task, dict) else task
    raise make_error('a task of type "worker"', repr(kind))
  return Cluster(addresses, check_index(task.get("index"), len(addresses)))


def read_json(text):
  """Returns what TF_CONFIG holds.

  Raises:
    UsageError: it is no JSON.
  """
  try:
    return json.loads(text)
  except ValueError as error:
    raise make_error("JSON", f"{text!r} ({error})") from error


def check_index(index, count):
  """Returns the index of a task among so many, checked.

  Raises:
    UsageError: it is none.
  """
  # True is an int for Python.
  if type(index) is not int or not 0 <= index < count:
    raise make_error(f"a task index from 0 to {count - 1}", repr(index))
  return index


def _check_addresses(value):
  """Returns the checked worker list of a parsed TF_CONFIG, a tuple of str."""
  cluster = value.get("cluster") if isinstance(value, dict) else None
  if not isinstance(cluster, dict) or "worker" not in cluster:
    raise make_error('a "cluster" with a list "worker"', repr(value))
  others = sorted(set(cluster) - {"worker"})
  if others:
    # A chief of its own or a parameter server would shift the indices.
    raise make_error('"worker" alone in "cluster"', ", ".join(others))
  addresses = check_list("worker", cluster["worker"])
  require_different(addresses, "worker")
  return addresses


def check_list(kind, addresses):
  """Returns the addresses of a parsed TF_CONFIG's list, checked; a tuple.

  Args:
    kind: the list's name, such as "worker".
    addresses: what the list should be.

  Raises:
    UsageError: it is none of addresses.
  """
  if not isinstance(addresses, list) or not addresses:
    raise make_error(f'a list of addresses as "{kind}"', repr(addresses))
  for address in addresses:
    match = isinstance(address, str) and _ADDRESS.fullmatch(address)
    if not match or not 0 < int(match[1]) < 2**16:
      raise make_error("addresses host:port", repr(address))
  return tuple(addresses)


def require_different(addresses, whose):
  """Raises UsageError where two of some addresses are the same."""
  repeated = {a for a in addresses if addresses.count(a) > 1}
  if repeated:
    raise make_error(
        f"an address of its own for each {whose}", ", ".join(sorted(repeated)))


def make_error(expected, received):
  """Returns the `UsageError` of a TF_CONFIG that is not what was expected."""
  return errors.UsageError(
      f"TF_CONFIG: expected {expected}. Received: {received}")

"""Which processes an asynchronous run has, and which of them this one is.

TF_CONFIG says so, as TensorFlow defines it:

    {"cluster": {"chief": ["host0:2222"],
                 "worker": ["host1:2222", "host2:2222"],
                 "ps": ["host3:2222"]},
     "task": {"type": "chief", "index": 0}}

The chief coordinates: it reads the data, hands out steps and writes the run
directory. Workers take steps, and parameter servers ("ps") hold the weights.
"""

import dataclasses
import socket

from rethink_tf import errors
from rethink_tf.distributed import cluster

CHIEF = "chief"
_NAMES = {
    CHIEF: "the coordinator", "worker": "worker", "ps": "parameter server"}
_EXAMPLE = (
    '{"cluster": {"chief": ["host0:2222"], "worker": ["host1:2222"], '
    '"ps": ["host2:2222"]}, "task": {"type": "chief", "index": 0}}')
# Seconds in which a host that is there answers.
_PATIENCE = 3


@dataclasses.dataclass(frozen=True)
class Roles:
  """The processes of a run, and this one among them.

  Attributes:
    addresses: dict from "chief", "worker" and "ps" to a tuple of "host:port".
    kind: which of the three this process is.
    index: which of its kind.
  """

  addresses: dict[str, tuple[str, ...]]
  kind: str
  index: int

  @property
  def is_chief(self):
    return self.kind == CHIEF

  @property
  def coordinator(self):
    return self.addresses[CHIEF][0]

  @property
  def workers(self):
    return self.addresses["worker"]

  @property
  def parameter_servers(self):
    return self.addresses["ps"]

  def name(self, kind, index):
    """Returns how messages call a process: "worker 1 (host1:2222)"."""
    number = "" if kind == CHIEF else f" {index}"
    return f"{_NAMES[kind]}{number} ({self.addresses[kind][index]})"

  @property
  def own_name(self):
    return self.name(self.kind, self.index)

  def find_unreachable(self, *kinds):
    """Returns the names of those processes at whose address nobody listens.

    Args:
      *kinds: of which kinds.
    """
    return [self.name(kind, index) for kind in kinds
            for index, address in enumerate(self.addresses[kind])
            if not is_reachable(address)]


def read_environment(environment):
  """Returns the `Roles` that TF_CONFIG tells.

  Args:
    environment: the environment variables, a mapping.

  Raises:
    UsageError: there is none, or it cannot be used.
  """
  text = environment.get("TF_CONFIG")
  if not text:
    raise errors.UsageError(
        "--strategy=parameter_server: expected TF_CONFIG to name coordinator, "
        f"workers and parameter servers, as in {_EXAMPLE}. Received: none. "
        "launch_workers, in scripts, tries them out on one machine")
  return parse_tf_config(text)


def parse_tf_config(text):
  """Reads TF_CONFIG.

  Raises:
    UsageError: it does not name one chief, workers and parameter servers, and
      this process among them.
  """
  value = cluster.read_json(text)
  named = value.get("cluster") if isinstance(value, dict) else None
  if not isinstance(named, dict) or set(named) != set(_NAMES):
    raise cluster.make_error(
        'a "cluster" with the lists "chief", "worker" and "ps"',
        repr(named))
  addresses = {kind: cluster.check_list(kind, named[kind]) for kind in _NAMES}
  cluster.require_different(sum(addresses.values(), ()), "process")
  if len(addresses[CHIEF]) != 1:
    raise cluster.make_error('one "chief"', ", ".join(addresses[CHIEF]))
  task = value.get("task")
  kind = task.get("type") if isinstance(task, dict) else task
  if not isinstance(kind, str) or kind not in _NAMES:
    raise cluster.make_error(
        'a task of type "chief", "worker" or "ps"', repr(kind))
  index = cluster.check_index(task.get("index"), len(addresses[kind]))
  return Roles(addresses, kind, index)


def is_reachable(address):
  """Tells whether somebody listens at an address, "host:port"."""
  host, _, port = address.rpartition(":")
  try:
    socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
  except OSError:
    return False
  return True

"""The workers of a run under Kubernetes, asked of it by TensorFlow's resolver.

Each running pod that RETHINK_TF_POD_LABEL selects is a worker, once there are
RETHINK_TF_WORKERS of them. TensorFlow's resolver takes a pod for its node's
address, so each pod uses the node's network (`hostNetwork: true`) on a node of
its own and has that address in HOST_IP (status.hostIP of the downward API). It
needs the package kubernetes, which is in none of the locks.
"""

import time

import tensorflow as tf

from rethink_tf import errors
from rethink_tf.distributed import cluster as cluster_lib

_resolvers = tf.distribute.cluster_resolver


def resolve(environment, minutes, port_base, client=None):
  """Returns the `Cluster` of the pods.

  Args:
    environment: the environment variables, a mapping.
    minutes: how long to wait for pods.
    port_base: the port of each worker.
    client: of the Kubernetes API; default: the cluster's own.

  Raises:
    UsageError: the variables do not say enough.
    StoppedError: pods did not come.
  """
  try:
    label = environment["RETHINK_TF_POD_LABEL"]
    count = int(environment["RETHINK_TF_WORKERS"])
    host = environment["HOST_IP"]
  except (KeyError, ValueError) as error:
    raise errors.UsageError(
        "Kubernetes: expected RETHINK_TF_POD_LABEL, such as job-name=table2, "
        "RETHINK_TF_WORKERS and HOST_IP, or TF_CONFIG. Received: "
        f"{error}") from error
  resolver = _resolvers.KubernetesClusterResolver(
      {"worker": [label]}, tf_server_port=port_base,
      override_client=client or _make_client())
  addresses = _wait_for_pods(resolver, count, minutes)
  own = f"{host}:{port_base}"
  if own not in addresses or len(set(addresses)) < count:
    raise errors.UsageError(
        f"Kubernetes: expected pods of {label} on nodes of their own, one of "
        f"them {own}. Received: {', '.join(addresses)}")
  return cluster_lib.Cluster(tuple(addresses), addresses.index(own))


def _wait_for_pods(resolver, count, minutes):
  """Waits until so many pods run; returns their addresses, by pod name."""
  deadline = time.monotonic() + 60 * minutes
  state = "none"
  while True:
    try:
      addresses = resolver.cluster_spec().as_dict().get("worker", [])
      if len(addresses) >= count:
        return addresses
      state = f"{len(addresses)} of {count}"
    except RuntimeError as error:  # One is not running yet.
      state = str(error)
    if time.monotonic() > deadline:
      raise errors.StoppedError(
          f"the pods did not come within {minutes:g} minutes "
          f"(--worker_timeout): {state}")
    time.sleep(1)


def _make_client():
  try:
    from kubernetes import client  # noqa: PLC0415
    from kubernetes import config  # noqa: PLC0415
  except ImportError as error:
    raise errors.UsageError(
        "Kubernetes: expected TF_CONFIG, or the package kubernetes among the "
        "locked ones (third_party/python/requirements.in). Received: neither"
    ) from error
  config.load_incluster_config()
  return client.CoreV1Api()

"""Who trains a model together: one device, all of a machine, or many machines.

The global batch is the same for any number of replicas (a device of a worker):
each takes a slice of it, and the gradient is the mean over all of it.
"""

import contextlib
import dataclasses
import functools

import keras
import numpy as np

from rethink_tf import errors
from rethink_tf.data import plans
from rethink_tf.distributed import link as link_lib
from rethink_tf.models import state


@dataclasses.dataclass(frozen=True)
class Team:
  """The replicas that train together, as one worker sees them.

  Attributes:
    strategy: a `tf.distribute.Strategy`, or None for a single device.
    link: the `Link` to the other workers, or None where there are none.
  """

  strategy: object = None
  link: object = None

  @property
  def workers(self):
    return len(self.link.cluster) if self.link else 1

  @property
  def worker(self):
    return self.link.cluster.index if self.link else 0

  @property
  def is_chief(self):
    """Whether this worker writes the run directory."""
    return self.worker == 0

  @property
  def replicas(self):
    """Replicas on all workers."""
    return self.strategy.num_replicas_in_sync if self.strategy else 1

  @property
  def shard(self):
    """The `Shard` of this worker; None where there is but one part."""
    if not self.strategy:
      return None
    # Imported here, as below: a single device may be one without TensorFlow.
    from rethink_tf.data import shard as shard_lib  # noqa: PLC0415

    local = self.replicas // self.workers
    first = self.worker * local
    return shard_lib.Shard(first, first + local, self.replicas)

  def scope(self):
    """Returns the context in which variables are made."""
    return self.strategy.scope() if self.strategy else contextlib.nullcontext()

  def build(self, build):
    """Returns the model that a function builds, with variables for all."""
    with self.scope():
      model = build()
      if not self.strategy:
        return model
      from rethink_tf.distributed import keras_repairs  # noqa: PLC0415

      return keras_repairs.repaired(model, self.workers > 1)

  def distribute(self, batches):
    """Returns what `fit` and `evaluate` take.

    Args:
      batches: a function of a `Shard` that returns a `tf.data.Dataset` with a
        part of each batch, one after the other, for each local replica.
    """
    if not self.strategy:
      return batches(None)
    return self.strategy.distribute_datasets_from_function(
        lambda context: batches(self.shard))

  def evaluation_steps(self, split):
    """Returns the `steps` with which to evaluate a split, or None."""
    return split.evaluation_steps(self.replicas) if self.strategy else None

  def exchange(self, value, is_right=None):
    """Gives a value, as JSON can hold it, to all workers; returns theirs.

    Args:
      value: the value.
      is_right: as for `Link.exchange`.
    """
    return self.link.exchange(value, is_right) if self.link else [value]

  def first_reason(self, reason):
    """Returns why some worker is to stop, or None; alike on all workers.

    Args:
      reason: why this one is, such as a signal's name, or None.
    """
    for index, other in enumerate(self.exchange(reason, _is_text)):
      if other:
        return reason or f"{other} to {self.link.cluster.name(index)}"
    return None

  def require_same(self, what, value):
    """Raises UsageError unless all workers have the same value.

    Args:
      what: the value's name, for the message.
      value: a str.
    """
    for index, other in enumerate(values := self.exchange(value, _is_text)):
      if other != values[0]:
        cluster = self.link.cluster
        raise errors.UsageError(
            f"{cluster.name(index)}: expected the {what} of {cluster.name(0)}, "
            f"{values[0]}. Received: {other}")

  def predict(self, model, split, select_logits):
    """Returns the classes that the model, its weights fixed, predicts.

    Args:
      model: a `keras.Model`.
      split: a `Split`.
      select_logits: a function of the model's outputs that returns its logits.

    Returns:
      int `(n,)`, the same on each worker.
    """
    import tensorflow as tf  # noqa: PLC0415

    @tf.function
    def classes(inputs):
      return self.strategy.run(
          lambda x: keras.ops.argmax(
              select_logits(model(x, training=False)), axis=1), (inputs,))

    predictions = {}
    for inputs, _ in self.distribute(split.evaluation_batches):
      for replica, part in enumerate(
          self.strategy.experimental_local_results(classes(inputs))):
        predictions.setdefault(replica, []).extend(part.numpy().tolist())
    # Slices of the split, in order of replicas and of workers.
    local = sum((predictions[replica] for replica in sorted(predictions)), [])
    return np.array(sum(self.exchange(local, _are_classes), []))

  def seed_dropout(self, variable, seed_of_replica):
    """Seeds a seed generator's variable: a mask of its own for each replica.

    Args:
      variable: the state of a `keras.random.SeedGenerator`.
      seed_of_replica: a function of the replica that returns a seed.
    """
    first = self.shard.first if self.shard else 0
    for local, part in enumerate(self._local_parts(variable)):
      part.assign([seed_of_replica(first + local), 0])

  def gather_epoch(self, model):
    """Returns `state.of_epoch`, each replica's metrics kept apart.

    Returns:
      Named arrays; a metric's has a replica's value in each row.
    """
    if not self.strategy:
      return state.of_epoch(model)
    local_values = [
        [_to_numpy(part).tolist() for part in self._local_parts(variable)]
        for variable in model.metrics_variables]
    values_by_worker = self.exchange(
        local_values, lambda other: _is_alike(other, local_values))
    arrays = state.seeds(model)
    for number, variable in enumerate(model.metrics_variables):
      rows = [part for worker in values_by_worker for part in worker[number]]
      arrays[f"metrics/{variable.path}"] = np.array(rows, variable.dtype)
    return arrays

  def restore_epoch(self, model, arrays):
    """Assigns what `gather_epoch` returned, on any number of replicas.

    Dropout's seeds are those of the epoch already; what is restored is how
    many were drawn.
    """
    for layer in state.dropouts(model):
      variable = layer.seed_generator.state
      drawn = arrays[f"seeds/{variable.path}"][1]
      for part in self._local_parts(variable):
        part.assign([_to_numpy(part)[0], drawn])
    for variable in model.metrics_variables:
      rows = arrays[f"metrics/{variable.path}"]
      rows = rows.reshape((-1, *variable.shape))
      if len(rows) != self.replicas:
        rest = np.zeros_like(rows, shape=(self.replicas, *variable.shape))
        rest[0] = rows.sum(axis=0)
        rows = rest
      first = self.shard.first if self.shard else 0
      for local, part in enumerate(self._local_parts(variable)):
        part.assign(rows[first + local])

  def _local_parts(self, variable):
    """Returns the local replicas' own variables of a Keras variable."""
    if not self.strategy:
      return [variable]
    return self.strategy.experimental_local_results(variable.value)


def _is_text(value):
  """Tells whether another worker's value is a text, or None."""
  return value is None or isinstance(value, str)


def _are_classes(value):
  return isinstance(value, list) and all(type(one) is int for one in value)


def _is_alike(value, own):
  """Tells whether lists, or numbers, have the shape of this worker's own."""
  if not isinstance(own, list):
    return type(value) in (int, float)
  return isinstance(value, list) and len(value) == len(own) and all(
      map(_is_alike, value, own))


def _to_numpy(variable):
  return keras.ops.convert_to_numpy(variable)


ALONE = Team()


def make(name, link=None):
  """Makes the team of a run, before its backend has done anything else.

  Args:
    name: one of `config.STRATEGIES`.
    link: the `Link` to the other workers, for "multi_worker".

  Returns:
    A `Team`.
  """
  if name == "one_device":
    return ALONE
  import tensorflow as tf  # noqa: PLC0415

  if name == "mirrored":
    return Team(tf.distribute.MirroredStrategy())
  if len(link.cluster) == 1:
    return Team(tf.distribute.MirroredStrategy(), link)
  # All are here at once, however long each took to import TensorFlow.
  link.exchange(None)
  cluster = link.cluster
  resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
      tf.train.ClusterSpec({"worker": list(cluster.addresses)}),
      task_type="worker", task_id=cluster.index, rpc_layer="grpc")
  with _silence_left_to_the_link():
    strategy = tf.distribute.MultiWorkerMirroredStrategy(
        cluster_resolver=resolver)
  return Team(strategy, link)


@contextlib.contextmanager
def _silence_left_to_the_link():
  """Has TensorFlow, of a strategy made in the block, wait longer than the link.

  By itself its heartbeat gives a worker up after 10 s without saying which, and
  packets that a cut link took come again only seconds after it is back. The
  strategy configures the heartbeat, and has no argument for it.
  """
  from tensorflow.python.eager import context  # noqa: PLC0415

  eager = context.context()
  eager.configure_coordination_service = functools.partial(
      eager.configure_coordination_service,
      heartbeat_timeout_in_ms=2000 * link_lib.SILENCE)
  try:
    yield
  finally:
    del eager.configure_coordination_service  # The method is there again.


def check_batches(config, train_count, parts, name="replicas"):
  """Refuses batches that cannot be shared.

  Args:
    config: the `Config`.
    train_count: number of training examples.
    parts: how many share each batch.
    name: what they are called.

  Raises:
    UsageError: a batch is not a multiple, or the last one of an epoch has too
      few examples.
  """
  if config.batch_size % parts:
    raise errors.UsageError(
        f"--batch_size: expected a multiple of {parts}, the number of {name}. "
        f"Received: {config.batch_size}")
  left = train_count % config.batch_size
  if 0 < left < parts:
    raise errors.UsageError(
        f"--batch_size: expected one that leaves none or at least {parts} of "
        f"{train_count:,} examples, one for each of the {name}, for the last "
        f"batch. Received: {config.batch_size}, which leaves {left}")


def describe(team, name, config, train_count):
  """Returns how a run's work is shared, as environment.json records it."""
  steps = plans.steps_per_epoch(train_count, config.batch_size)
  return {
      "strategy": name,
      "workers": list(team.link.cluster.addresses) if team.link else None,
      "replicas": team.replicas,
      "global_batch": config.batch_size,
      "learning_rate": config.learning_rate,
      "steps_per_epoch": steps,
      "steps": steps * config.epochs,
  }


def describe_in_words(shared):
  """Returns what `describe` returned as a line for the start of a run."""
  workers = len(shared["workers"] or [None])
  return (f"global batch {shared['global_batch']:,} "
          f"({shared['global_batch'] // shared['replicas']:,} each on "
          f"{shared['replicas']:,} replicas of {workers:,} workers), learning "
          f"rate {shared['learning_rate']:g}, {shared['steps']:,} steps "
          f"({shared['steps_per_epoch']:,} an epoch)")

"""Tests of teams: batches are shared, and what is computed stays the same."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.distributed import cluster
from rethink_tf.distributed import link
from rethink_tf.distributed import strategy
from rethink_tf.flags import training as training_flags
from rethink_tf.training import experiment
from tests import launch
from tests.distributed import linked

# Makes a team of two up to where TensorFlow's server would start, and wait.
_START = """
import sys, types
from tensorflow.python.eager import context
from rethink_tf.distributed import strategy
def end(self, server):
  settings = server.default_session_config.experimental.coordination_config
  print(settings.service_leader, settings.heartbeat_timeout_in_ms)
  sys.exit()
context.Context.enable_collective_ops = end
class Cluster:
  addresses = ("127.0.0.1:1", "127.0.0.1:2")
  index = 1
  __len__ = lambda self: 2
strategy.make("multi_worker", types.SimpleNamespace(
    cluster=Cluster(), exchange=lambda value: [value]))
"""
# Trains on one device, and as a team of two replicas: 23 examples in batches
# of 8 leave 7, which two cannot share equally. Each time in a process of its
# own, or TensorFlow would have its devices already.
_TRAIN = """
import json, pathlib, sys
import keras, numpy as np, tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
tf.config.experimental.enable_op_determinism()
from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import randomization
from rethink_tf.distributed import strategy
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import evaluation
from rethink_tf.training import fit
from rethink_tf.training import optimizers
from rethink_tf.training import task
name, dropout, replicas, batches, average_decay = (
    sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]),
    float(sys.argv[5]))
if average_decay:
  build = optimizers.build
  optimizers.build = lambda _, *rest: build("inception_v3", *rest)
team = strategy.Team(tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"])) if replicas == 2 else strategy.ALONE
def split(count, seed):
  drawn = np.random.default_rng(seed)
  return dataset.Split(drawn.integers(0, 256, (count, 32, 32, 3), np.uint8),
                       drawn.integers(0, 10, count, np.int32))
config = training_flags.Config(
    dataset="digits", model=name, batch_size=8, epochs=2, learning_rate=0.01,
    random_crop=True, weight_decay=0.01, dropout=dropout,
    moving_average_decay=average_decay)
model = team.build(lambda: registry.build(
    name, weight_decay=0.01, dropout=dropout))
class Asked:
  requested, reason = False, None
  def defer(self):
    self.left = getattr(self, "left", batches) - 1
    self.requested, self.reason = (True, "SIGTERM") if not self.left else (
        False, None)
  def check(self, saved):
    if self.requested: raise errors.StoppedError("stopped")
  def end_deferral(self): pass
pathlib.Path("run").mkdir(exist_ok=True)
train = split(23, 1)
labels = randomization.Labels(
    (train.labels + 1) % 10, train.labels, np.arange(23) < 9,
    np.ones(23, bool))
try:
  rows = fit.train(
      model, task.Task(config, train, split(1003, 2), labels),
      task.Setting(run_directory.RunDirectory(pathlib.Path("run")),
                   stop=Asked(), team=team))
except errors.StoppedError:
  sys.exit(75)
times = ("seconds", "images_per_second")
print(json.dumps({
    "rows": [{k: v for k, v in r.items()
              if k not in times and v is not None} for r in rows],
    "measured": evaluation.evaluate(model, split(1003, 2), team),
    "hash": state.sha256({**state.weights(model), **state.optimizer(model)}),
    "weights": {n: w.astype(float).ravel()[:500].tolist()
                for n, w in [*state.weights(model).items(),
                           *state.optimizer(model).items()]}}))
"""


def _trained(folder, name, dropout, replicas, stop_after=-1, average_decay=0):
  folder.mkdir(exist_ok=True)
  done = launch.preloaded_python(
      _TRAIN, name, dropout, replicas, stop_after, average_decay,
      folder=folder)
  assert done.returncode == (75 if stop_after > 0 else 0), done.stderr
  return json.loads(done.stdout.splitlines()[-1]) if stop_after < 0 else None


# With an average of the weights also the optimizer is Inception V3's, RMSProp.
@pytest.mark.parametrize("name, average_decay", [
    ("mlp_1x512", 0), ("mlp_1x512", 0.5), ("inception_small_no_bn", 0)])
def test_two_replicas_compute_what_one_device_computes(
    tmp_path, name, average_decay):
  one, two = (
      _trained(tmp_path / str(replicas), name, 0, replicas,
               average_decay=average_decay)
      for replicas in (1, 2))
  for path, weights in one["weights"].items():
    assert two["weights"][path] == pytest.approx(weights, abs=2e-5), path
  # Counted, not averaged over replicas whose parts differ in size.
  for measured, same in ((one["measured"], two["measured"]),
                         *zip(one["rows"], two["rows"])):
    assert same == pytest.approx(measured, rel=1e-3, nan_ok=False)
  assert two["measured"]["accuracy"] * 1003 == pytest.approx(
      round(two["measured"]["accuracy"] * 1003), abs=1e-3)


def test_replicas_go_on_in_an_epoch_with_dropout_as_if_never_stopped(tmp_path):
  whole = _trained(tmp_path / "whole", "mlp_1x512", 0.5, 2)
  _trained(tmp_path / "stopped", "mlp_1x512", 0.5, 2, stop_after=2)
  assert _trained(tmp_path / "stopped", "mlp_1x512", 0.5, 2) == whole


def test_a_run_goes_on_with_another_number_of_replicas(tmp_path):
  whole = _trained(tmp_path / "whole", "mlp_1x512", 0, 1)
  _trained(tmp_path / "stopped", "mlp_1x512", 0, 2, stop_after=2)
  rest = _trained(tmp_path / "stopped", "mlp_1x512", 0, 1)
  for row, same in zip(whole["rows"], rest["rows"]):
    assert same == pytest.approx(row, rel=1e-3)


@pytest.mark.parametrize("batch, count, parts, words", [
    (10, 100, 4, "a multiple of 4"),
    (16, 51, 4, "leaves 3"),
    (16, 1, 2, "leaves 1"),
])
def test_batches_that_cannot_be_shared_are_refused(batch, count, parts, words):
  with pytest.raises(errors.UsageError, match=f"--batch_size: .*{words}"):
    strategy.check_batches(
        training_flags.Config(batch_size=batch), count, parts)


def test_batches_that_can_be_shared_are_not():
  for batch, count, parts in ((16, 52, 4), (16, 64, 4), (7, 8, 1)):
    strategy.check_batches(
        training_flags.Config(batch_size=batch), count, parts)


# What the program makes of its flags.


def test_the_program_trains_mirrored_as_on_one_device(tmp_path):
  flags = ["--dataset=digits", "--train_examples=40", "--batch_size=16",
           "--epochs=2", "--label_corruption=0.5", "--random_crop"]
  results = []
  for name in ("one_device", "mirrored"):
    (tmp_path / name).mkdir()
    done = launch.run("train", *flags, f"--strategy={name}", "--logdir=run",
                        folder=tmp_path / name)
    assert done.returncode == 0, done.stderr
    results.append(json.loads(
        (tmp_path / name / "run/result.json").read_text()))
  one, mirrored = results
  assert mirrored["steps"] == one["steps"] == 6
  for key in ("train_loss", "test_loss", "train_accuracy", "test_accuracy"):
    assert mirrored[key] == pytest.approx(one[key], rel=1e-4)


def _gather(team):
  model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
  model.compile(loss="mse")
  model.evaluate(np.zeros((1, 2)), np.zeros((1, 1)), verbose=0)
  return team.gather_epoch(model)


@pytest.mark.parametrize("ask, value", [
    (lambda team: team.first_reason(None), 1),
    (lambda team: team.require_same("hash", "a"), ["a"]),
    (_gather, [[1.0]]), (_gather, 2), (_gather, [[["1"], [2.0]]]),
])
def test_what_no_worker_gives_is_a_failure_of_who_gave_it(ask, value):
  member, own = linked.connect()
  peers = link.Link(cluster.Cluster(("a:1", "b:2"), 0), {1: own})
  member.send({"round": 1, "value": value})
  with pytest.raises(errors.StoppedError, match=r"^worker 1 \(b:2\) gave a"):
    with peers:
      ask(strategy.Team(tf.distribute.get_strategy(), peers))


class _Recorded:
  """A team that writes down when it exchanges what."""

  def __init__(self, events, is_chief):
    self.events, self.is_chief = events, is_chief

  def exchange(self, value):
    self.events.append(value)
    return [value, value]


@pytest.mark.parametrize("is_prepared, is_chief, expected", [
    (True, True, [True, "load"]), (True, False, [True, "load"]),
    (False, True, [False, "load", None]),
    (False, False, [False, None, "load"])])
def test_one_worker_prepares_data_before_the_others_load_them(
    monkeypatch, is_prepared, is_chief, expected):
  config, options = training_flags.parse(["--dataset=mnist"])
  events = []
  monkeypatch.setattr(datasets, "is_prepared", lambda *_: is_prepared)
  monkeypatch.setattr(
      experiment, "load_data", lambda *_: events.append("load"))
  experiment._load_together(  # noqa: SLF001
      config, options, _Recorded(events, is_chief))
  assert events == expected


def test_tensorflow_waits_longer_for_a_worker_than_the_link_does(tmp_path):
  done = launch.python(_START, folder=tmp_path)
  leader, milliseconds = done.stdout.split()
  assert leader == "/job:worker/replica:0/task:0"
  assert int(milliseconds) > 1000 * link.SILENCE

"""Tests of which processes an asynchronous run has, and of a server's end."""

import json
import socket

import pytest

from rethink_tf import errors
from rethink_tf.distributed import roles as roles_lib
from rethink_tf.distributed import servers
from rethink_tf.runs import signals
from tests import launch

_CLUSTER = {"chief": ["a:1"], "worker": ["b:1", "c:1"], "ps": ["d:1"]}


def _text(cluster=_CLUSTER, kind="worker", index=1):
  return json.dumps({
      "cluster": cluster, "task": {"type": kind, "index": index}})


def test_each_process_has_its_place_and_name():
  roles = roles_lib.parse_tf_config(_text())
  assert (roles.kind, roles.index, roles.is_chief) == ("worker", 1, False)
  assert roles.own_name == "worker 1 (c:1)"
  assert roles.name("ps", 0) == "parameter server 0 (d:1)"
  assert roles.name("chief", 0) == "the coordinator (a:1)"
  assert roles.workers == ("b:1", "c:1")
  assert roles_lib.parse_tf_config(_text(kind="chief", index=0)).is_chief


@pytest.mark.parametrize("text, words", [
    ("{", "expected JSON"),
    ("[]", 'the lists "chief", "worker" and "ps"'),
    (_text({"worker": ["b:1"]}), 'the lists "chief", "worker" and "ps"'),
    (_text({**_CLUSTER, "evaluator": ["e:1"]}), "evaluator"),
    (_text({**_CLUSTER, "chief": ["a:1", "e:1"]}), 'one "chief"'),
    (_text({**_CLUSTER, "ps": []}), 'a list of addresses as "ps"'),
    (_text({**_CLUSTER, "ps": ["d"]}), "host:port"),
    (_text({**_CLUSTER, "ps": ["b:1"]}), "an address of its own"),
    (_text(kind="evaluator", index=0), "'evaluator'"),
    (_text(kind=["ps"]), "['ps']"),
    (_text(index=2), "from 0 to 1"),
    (_text(index=True), "True"),
    (json.dumps({"cluster": _CLUSTER}), "None"),
])
def test_what_names_no_such_run_is_refused(text, words):
  with pytest.raises(errors.UsageError) as refusal:
    roles_lib.parse_tf_config(text)
  assert str(refusal.value).startswith("TF_CONFIG: expected ")
  assert words in str(refusal.value)


@pytest.mark.parametrize("flags, environment, words", [
    ((), {}, "expected TF_CONFIG to name coordinator"),
    ((), {"TF_CONFIG": _text(kind="evaluator", index=0)}, "'evaluator'"),
    ((), {"TF_CONFIG": launch.tf_config(["a:1"], 0)}, '"ps"'),
    (("--deterministic",), {}, "--deterministic: expected without"),
    (("--record_examples",), {}, "--record_examples: expected"),
    (("--measure_every=1",), {}, "--measure_every: expected"),
])
def test_bad_input_is_refused_before_any_work(
    tmp_path, flags, environment, words):
  done = launch.run_without_tensorflow(
      "train", "--dataset=digits", "--strategy=parameter_server",
      "--logdir=run", *flags, folder=tmp_path,
      **{"TF_CONFIG": "", **environment})
  assert (done.returncode, done.stdout) == (2, ""), done.stderr
  (line,) = done.stderr.splitlines()
  assert line.startswith("error: ") and words in line
  assert not any(tmp_path.iterdir())


def test_who_is_not_there_is_named():
  with socket.create_server(("127.0.0.1", 0)) as server:
    address = "127.0.0.1:%d" % server.getsockname()[1]
    roles = roles_lib.parse_tf_config(_text({**_CLUSTER, "chief": [address]}))
    assert roles.find_unreachable("chief") == []
  assert roles.find_unreachable("chief") == [f"the coordinator ({address})"]


class _World:
  """Seconds that pass while `servers` sleeps, and a coordinator, or none."""

  def __init__(self, monkeypatch):
    self.now = 0.0
    self.is_coordinator_there = True
    self._events = []
    monkeypatch.setattr(servers.time, "monotonic", lambda: self.now)
    monkeypatch.setattr(servers.time, "sleep", self._sleep)
    monkeypatch.setattr(
        servers.roles_lib, "is_reachable",
        lambda address: address == "a:1" and self.is_coordinator_there)

  def at(self, seconds, event):
    self._events.append((seconds, event))

  def _sleep(self, seconds):
    self.now += seconds
    for event in [one for one in self._events if one[0] <= self.now]:
      self._events.remove(event)
      event[1]()


@pytest.fixture(name="world")
def _world(monkeypatch):
  return _World(monkeypatch)


_ROLES = roles_lib.parse_tf_config(_text())


def test_a_server_ends_some_seconds_after_its_coordinator(world):
  world.at(30, lambda: setattr(world, "is_coordinator_there", False))
  servers.watch(_ROLES, 5, signals.Stop())
  assert world.now == pytest.approx(40, abs=1)


def test_a_server_whose_coordinator_does_not_come_says_so(world):
  world.is_coordinator_there = False
  with pytest.raises(errors.StoppedError) as stopped:
    servers.watch(_ROLES, 5, signals.Stop())
  assert str(stopped.value) == (
      "the coordinator (a:1) did not come within 5 minutes (--worker_timeout)")
  assert world.now == pytest.approx(300, abs=1)


@pytest.mark.parametrize("is_there, end", [(True, 80), (False, 20)])
def test_a_server_asked_to_stop_lets_its_coordinator_save_first(
    world, is_there, end):
  world.is_coordinator_there = is_there
  stop = signals.Stop()
  world.at(20, lambda: stop.ask("SIGTERM"))
  with pytest.raises(errors.AskedToStopError, match="stopped by SIGTERM"):
    servers.watch(_ROLES, 5, stop)
  assert world.now == pytest.approx(end, abs=1)

"""Tests of resolvers: what TensorFlow's make of a scheduler's answers."""

import os
import types

import pytest

from rethink_tf import errors
from rethink_tf.distributed import resolvers
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import worker

_POD = {"RETHINK_TF_POD_LABEL": "job-name=table2", "RETHINK_TF_WORKERS": "2",
        "HOST_IP": "10.0.0.2"}


@pytest.fixture(name="slurm")
def _slurm(tmp_path, monkeypatch):
  """Returns a function that sets a step's variables, and returns them all."""
  # Of SLURM's programs, TensorFlow calls this one.
  scontrol = tmp_path / "scontrol"
  scontrol.write_text(
      '#!/bin/sh\necho "$3" | tr , "\\n"\n', encoding="utf-8")
  scontrol.chmod(0o755)
  monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

  def step(nodes, tasks_per_node, rank, **more):
    variables = {
        "SLURM_PROCID": str(rank), "SLURM_STEP_NODELIST": nodes,
        "SLURM_STEP_NUM_TASKS": str(more.pop("tasks")),
        "SLURM_STEP_TASKS_PER_NODE": tasks_per_node, **more}
    for name, value in variables.items():
      monkeypatch.setenv(name, value)
    return variables

  return step


@pytest.mark.parametrize("rank", [0, 2])
def test_slurm_makes_each_task_a_worker(slurm, rank):
  cluster = resolvers.resolve(
      slurm("node1,node2", "2,1", rank, tasks=3), minutes=0, port_base=8888)
  assert cluster.addresses == ("node1:8888", "node1:8889", "node2:8888")
  assert cluster.index == rank


def test_slurms_ports_begin_where_the_user_says(slurm):
  variables = slurm("node1,node2", "2,1", 0, tasks=3)
  cluster = resolvers.resolve(variables, minutes=0, port_base=65534)
  assert cluster.addresses == ("node1:65534", "node1:65535", "node2:65534")
  with pytest.raises(errors.UsageError, match=(
      r"^--port_base: expected ports .* up to 65,535. Received: 65535, which "
      r"takes them to 65,536$")):
    resolvers.resolve(variables, minutes=0, port_base=65535)


def test_the_users_port_is_the_flags(monkeypatch):
  monkeypatch.setattr(resolvers, "resolve", lambda *arguments: arguments)
  _, options = training_flags.parse(["--port_base=2222"])
  assert worker.ask_scheduler(options) == (
      os.environ, options.worker_timeout, 2222)


def test_slurm_does_not_take_gpus_away(slurm, monkeypatch):
  monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
  resolvers.resolve(slurm("node1", "2", 0, tasks=2), minutes=0, port_base=8888)
  assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"


def test_slurm_that_numbers_tasks_otherwise_is_refused(slurm):
  # SLURM's rank 0 is on node2; TensorFlow sorts node10 before it.
  variables = slurm(
      "node2,node10", "1(x2)", 0, tasks=2, SLURMD_NODENAME="node2")
  with pytest.raises(errors.UsageError, match="task 0 on node2"):
    resolvers.resolve(variables, minutes=0, port_base=8888)


@pytest.mark.parametrize("missing", [
    "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST"])
def test_half_of_slurms_variables_are_refused(slurm, monkeypatch, missing):
  variables = slurm("node1", "2", 0, tasks=2)
  monkeypatch.delenv(missing)
  variables.pop(missing)
  with pytest.raises(errors.UsageError, match=missing):
    resolvers.resolve(variables, minutes=0, port_base=8888)


class _Api:
  """Of Kubernetes's API, what TensorFlow asks.

  Args:
    *answers: for each question a list of (name, phase, host's address), the
      last one for all that follow.
  """

  def __init__(self, *answers):
    self._answers = list(answers)
    self.labels = set()

  def list_pod_for_all_namespaces(self, label_selector):
    self.labels.add(label_selector)
    pods = self._answers[0]
    if len(self._answers) > 1:
      self._answers.pop(0)
    return types.SimpleNamespace(items=[
        types.SimpleNamespace(
            metadata=types.SimpleNamespace(name=name),
            status=types.SimpleNamespace(phase=phase, host_ip=address))
        for name, phase, address in pods])


_BOTH = [("b", "Running", "10.0.0.2"), ("a", "Running", "10.0.0.1")]


def test_kubernetes_makes_each_pod_a_worker_once_all_run(monkeypatch):
  monkeypatch.setattr(resolvers.time, "sleep", lambda seconds: None)
  api = _Api(_BOTH[:1], [_BOTH[0], ("a", "Pending", None)], _BOTH)
  cluster = resolvers.resolve(_POD, minutes=1, port_base=8888, client=api)
  assert cluster.addresses == ("10.0.0.1:8888", "10.0.0.2:8888")
  assert cluster.index == 1
  assert api.labels == {"job-name=table2"}


def test_kubernetes_pods_have_the_port_that_the_user_says():
  cluster = resolvers.resolve(
      _POD, minutes=0, port_base=2222, client=_Api(_BOTH))
  assert cluster.addresses == ("10.0.0.1:2222", "10.0.0.2:2222")
  assert cluster.index == 1


@pytest.mark.parametrize("pods, words", [
    ([_BOTH[0]], "1 of 2"),
    ([_BOTH[0], ("a", "Pending", None)], '"a" is not running'),
])
def test_pods_that_do_not_come_are_told(pods, words):
  with pytest.raises(errors.StoppedError, match=words):
    resolvers.resolve(_POD, minutes=0, port_base=8888, client=_Api(pods))


@pytest.mark.parametrize("pods", [
    [_BOTH[0], ("a", "Running", "10.0.0.2")],
    [_BOTH[1], ("c", "Running", "10.0.0.3")],
])
def test_pods_that_share_a_node_or_leave_this_one_out_are_refused(pods):
  with pytest.raises(errors.UsageError, match="nodes of their own"):
    resolvers.resolve(_POD, minutes=0, port_base=8888, client=_Api(pods))


@pytest.mark.parametrize("changed", [
    {"RETHINK_TF_WORKERS": "two"}, {"HOST_IP": None}])
def test_half_of_a_pods_variables_are_refused(changed):
  variables = {k: v for k, v in {**_POD, **changed}.items() if v is not None}
  with pytest.raises(errors.UsageError, match="RETHINK_TF_WORKERS"):
    resolvers.resolve(variables, minutes=0, port_base=8888, client=_Api(_BOTH))

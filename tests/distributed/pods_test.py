"""Tests of pods: what is made of the answers of Kubernetes."""

import os
import types

import pytest

from rethink_tf import errors
from rethink_tf.distributed import pods
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import worker

_POD = {"RETHINK_TF_POD_LABEL": "job-name=table2", "RETHINK_TF_WORKERS": "2",
        "HOST_IP": "10.0.0.2"}


def test_the_users_port_is_the_flags(monkeypatch):
  monkeypatch.delenv("SLURM_JOB_ID", raising=False)
  monkeypatch.setattr(pods, "resolve", lambda *arguments: arguments)
  _, options = training_flags.parse(["--port_base=2222"])
  assert worker.ask_scheduler(options) == (
      os.environ, options.worker_timeout, 2222)


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
  monkeypatch.setattr(pods.time, "sleep", lambda seconds: None)
  api = _Api(_BOTH[:1], [_BOTH[0], ("a", "Pending", None)], _BOTH)
  cluster = pods.resolve(_POD, minutes=1, port_base=8888, client=api)
  assert cluster.addresses == ("10.0.0.1:8888", "10.0.0.2:8888")
  assert cluster.index == 1
  assert api.labels == {"job-name=table2"}


def test_kubernetes_pods_have_the_port_that_the_user_says():
  cluster = pods.resolve(
      _POD, minutes=0, port_base=2222, client=_Api(_BOTH))
  assert cluster.addresses == ("10.0.0.1:2222", "10.0.0.2:2222")
  assert cluster.index == 1


@pytest.mark.parametrize("running, words", [
    ([_BOTH[0]], "1 of 2"),
    ([_BOTH[0], ("a", "Pending", None)], '"a" is not running'),
])
def test_pods_that_do_not_come_are_told(running, words):
  with pytest.raises(errors.StoppedError, match=words):
    pods.resolve(_POD, minutes=0, port_base=8888, client=_Api(running))


@pytest.mark.parametrize("running", [
    [_BOTH[0], ("a", "Running", "10.0.0.2")],
    [_BOTH[1], ("c", "Running", "10.0.0.3")],
])
def test_pods_that_share_a_node_or_leave_this_one_out_are_refused(running):
  with pytest.raises(errors.UsageError, match="nodes of their own"):
    pods.resolve(_POD, minutes=0, port_base=8888, client=_Api(running))


@pytest.mark.parametrize("changed", [
    {"RETHINK_TF_WORKERS": "two"}, {"HOST_IP": None}])
def test_half_of_a_pods_variables_are_refused(changed):
  variables = {k: v for k, v in {**_POD, **changed}.items() if v is not None}
  with pytest.raises(errors.UsageError, match="RETHINK_TF_WORKERS"):
    pods.resolve(variables, minutes=0, port_base=8888, client=_Api(_BOTH))

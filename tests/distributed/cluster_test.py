"""Tests of TF_CONFIG: what it names, and what is refused in one line."""

import json

import pytest

from rethink_tf import errors
from rethink_tf.distributed import cluster
from tests import launch

_TWO = ["host0:2222", "host1:2222"]


def _text(workers, **task):
  return json.dumps({
      "cluster": {"worker": workers},
      "task": {"type": "worker", "index": 0, **task}})


_REFUSED = [
    ("{", "JSON"),
    ("[]", '"cluster"'),
    ("{}", '"cluster"'),
    ('{"cluster": {"ps": ["a:1"]}}', '"cluster"'),
    (_text([]), "list of addresses"),
    (_text("a:1"), "list of addresses"),
    (_text(["host0"]), "'host0'"),
    (_text(["host0:0"]), "'host0:0'"),
    (_text(["host0:65536"]), "'host0:65536'"),
    (_text([7]), "7"),
    (_text(["a:1", "b:1", "a:1"]), "a:1"),
    (_text(_TWO, type="chief"), "'chief'"),
    (_text(_TWO, type="evaluator"), "'evaluator'"),
    (_text(_TWO, index=2), "2"),
    (_text(_TWO, index=-1), "-1"),
    (_text(_TWO, index="0"), "'0'"),
    (_text(_TWO, index=True), "True"),
    (json.dumps({"cluster": {"worker": _TWO}}), "None"),
    (json.dumps({"cluster": {"worker": _TWO, "chief": ["c:1"]},
                 "task": {"type": "worker", "index": 0}}), "chief"),
]


def test_tf_config_names_the_workers_and_this_one():
  found = cluster.read_environment({"TF_CONFIG": _text(_TWO, index=1)})
  assert found.addresses == ("host0:2222", "host1:2222")
  assert (found.index, len(found), found.is_chief) == (1, 2, False)
  assert found.name(0) == "worker 0 (host0:2222)"
  assert cluster.parse_tf_config(found.tf_config()) == found


@pytest.mark.parametrize("text, words", _REFUSED, ids=[t for t, _ in _REFUSED])
def test_what_tensorflow_would_not_understand_is_refused(text, words):
  with pytest.raises(errors.UsageError, match="TF_CONFIG: expected") as caught:
    cluster.read_environment({"TF_CONFIG": text})
  assert words in str(caught.value)


def test_schedulers_are_asked_elsewhere():
  assert cluster.read_environment({"SLURM_JOB_ID": "7"}) is None
  assert cluster.read_environment(
      {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}) is None


def test_without_workers_it_says_what_to_set():
  with pytest.raises(errors.UsageError, match="TF_CONFIG.*launch_workers"):
    cluster.read_environment({})


@pytest.mark.parametrize("flags, text, words", [
    ((), "{", "TF_CONFIG: expected JSON"),
    ((), _text(["a:1", "a:1"]), "a:1"),
    ((), _text(_TWO, type="ps"), "'ps'"),
    ((), "", "--strategy=multi_worker"),
    (("--batch_size=129",), _text(_TWO), "--batch_size: expected a multiple"),
    (("--worker_timeout=0",), _text(_TWO), "--worker_timeout"),
    (("--worker_timeout=nan",), _text(_TWO), "--worker_timeout"),
    (("--strategy=tpu",), _text(_TWO), "'tpu'"),
])
def test_a_worker_exits_2_in_one_line_before_tensorflow_loads(
    tmp_path, flags, text, words):
  done = launch.run_without_tensorflow(
      "train", "--dataset=digits", "--logdir=run", "--strategy=multi_worker",
      *flags, folder=tmp_path, TF_CONFIG=text)
  line, = launch.errors_of(done)
  assert (done.returncode, done.stdout) == (2, "")
  assert line.startswith("error: ") and words in line
  assert not list(tmp_path.iterdir())

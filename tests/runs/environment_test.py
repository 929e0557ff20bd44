"""Tests of environment: what a run ran on is said."""

import json
import pathlib
import types

import pytest

from rethink_tf.runs import environment
from tests import launch

_OPTIONS = types.SimpleNamespace(logdir=pathlib.Path("/w/run"), data_dir=None)


def test_variables_that_change_rounding_are_recorded_where_they_are_set(
    monkeypatch):
  monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
  monkeypatch.delenv("XLA_FLAGS", raising=False)
  monkeypatch.setenv("SOME_TOKEN", "secret")
  variables = environment.describe(_OPTIONS, None)["variables"]
  assert variables["TF_ENABLE_ONEDNN_OPTS"] == "0"
  assert not {"XLA_FLAGS", "SOME_TOKEN"} & set(variables)


@pytest.mark.parametrize("variables", [{"TF_ENABLE_ONEDNN_OPTS": "0"}, {}])
def test_whether_onednn_is_on_is_recorded(tmp_path, variables):
  done = launch.python("""
import json, pathlib, types
from rethink_tf.runs import environment
options = types.SimpleNamespace(logdir=pathlib.Path("run"), data_dir=None)
recorded = environment.describe(options, None)
from tensorflow.python.framework import test_util
print(json.dumps([recorded["onednn"], test_util.IsMklEnabled()]))
""", folder=tmp_path, **variables)
  recorded, as_it_is = json.loads(done.stdout)
  assert recorded is as_it_is and not (recorded and variables)


def test_the_instructions_of_the_processor_are_recorded():
  recorded = environment.describe(_OPTIONS, None)["instruction_set"]
  words = pathlib.Path("/proc/cpuinfo").read_text().split()
  assert recorded == sorted(recorded) and set(recorded) <= set(words)
  for name in ("sse2", "avx2", "avx512f", "fma", "asimd"):
    assert (name in recorded) == (name in words)
  assert not {"aes", "rdrand", "nx"} & set(recorded)

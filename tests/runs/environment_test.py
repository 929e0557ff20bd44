"""Tests of environment: what a run ran on is said."""

import pathlib
import types

from rethink_tf.runs import environment

_OPTIONS = types.SimpleNamespace(logdir=pathlib.Path("/w/run"), data_dir=None)


def test_variables_that_change_rounding_are_recorded_where_they_are_set(
    monkeypatch):
  monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
  monkeypatch.delenv("XLA_FLAGS", raising=False)
  monkeypatch.setenv("SOME_TOKEN", "secret")
  variables = environment.describe(_OPTIONS, None)["variables"]
  assert variables["TF_ENABLE_ONEDNN_OPTS"] == "0"
  assert not {"XLA_FLAGS", "SOME_TOKEN"} & set(variables)

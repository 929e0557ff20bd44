"""Tests of when TensorFlow is made deterministic."""

import types

import pytest
import tensorflow as tf

from rethink_tf.training import determinism


@pytest.mark.parametrize("asked, gpus, expected", [
    (True, ["gpu"], True), (False, [], False),
    (None, [], True), (None, ["gpu"], False)])
def test_it_is_as_asked_and_by_default_where_there_is_no_gpu(
    asked, gpus, expected, monkeypatch):
  calls = []
  monkeypatch.setattr(
      tf.config.experimental, "enable_op_determinism",
      lambda: calls.append(True))
  monkeypatch.setattr(
      tf.config, "list_physical_devices",
      lambda kind: {"GPU": gpus}.get(kind, []))
  options = types.SimpleNamespace(deterministic=asked)
  assert determinism.configure(options) is expected
  assert calls == [True] * expected

"""Tests of when a backend is made deterministic."""

import types

import keras
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.training import determinism

_OF_XLA = "--xla_gpu_exclude_nondeterministic_ops=true"


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


@pytest.mark.parametrize("asked, devices, flags, expected", [
    (None, ["cpu:0"], "", True), (True, ["cpu:0"], "", True),
    (None, ["gpu:0"], "", False), (False, ["gpu:0"], "", False),
    (True, ["gpu:0"], _OF_XLA, True), (None, ["gpu:0"], f"-a {_OF_XLA}", True)])
def test_jax_is_where_there_is_no_gpu_or_it_was_told_so(
    asked, devices, flags, expected, monkeypatch):
  _pretend_jax(monkeypatch, devices, flags)
  options = types.SimpleNamespace(deterministic=asked)
  assert determinism.configure(options) is expected


def test_jax_on_a_gpu_that_was_not_told_so_is_refused(monkeypatch):
  _pretend_jax(monkeypatch, ["gpu:0"], "--xla_gpu_autotune_level=0")
  with pytest.raises(
      errors.UsageError, match=f"XLA_FLAGS={_OF_XLA}.*Received: '--xla_gpu_a"):
    determinism.configure(types.SimpleNamespace(deterministic=True))


def _pretend_jax(monkeypatch, devices, flags):
  monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
  monkeypatch.setattr(keras.distribution, "list_devices", lambda: devices)
  monkeypatch.setenv("XLA_FLAGS", flags)

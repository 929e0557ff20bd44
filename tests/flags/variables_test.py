"""Tests of what libraries read of their user's environment."""

import importlib.util
import json

import pytest

from rethink_tf import errors
from rethink_tf.flags import training
from rethink_tf.flags import variables


def _refusal(**environment):
  with pytest.raises(errors.UsageError) as raised:
    variables.check(environment)
  return str(raised.value)


@pytest.fixture(name="home")
def _home(tmp_path, monkeypatch):
  monkeypatch.setenv("HOME", str(tmp_path))
  return tmp_path


@pytest.mark.parametrize("name", ["torch", "numpy", "openvino", "tensorfow"])
def test_a_backend_that_the_programs_do_not_run_on_is_refused(home, name):
  assert _refusal(KERAS_BACKEND=name) == (
      "KERAS_BACKEND: expected tensorflow, or jax where it is installed. "
      f"Received: {name!r}")


def test_jax_is_refused_where_it_is_not_installed(home, monkeypatch):
  monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
  assert "Received: 'jax'" in _refusal(KERAS_BACKEND="jax")
  variables.check({"KERAS_BACKEND": "tensorflow"})
  monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
  variables.check({"KERAS_BACKEND": "jax"})


def test_what_is_unset_or_empty_or_harmless_is_accepted(home):
  variables.check({})
  variables.check({"KERAS_BACKEND": "", "KERAS_NNX_ENABLED": "false"})


@pytest.mark.parametrize(
    "name", ["KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"])
@pytest.mark.parametrize("value", ["1", "", "x"])
def test_limits_that_end_training_early_are_refused(home, name, value):
  assert _refusal(**{name: value}) == (
      f"{name}: expected to be unset, as it ends training early. Received: "
      f"{value!r}")


@pytest.mark.parametrize("name, value, harmless", [
    ("KERAS_NNX_ENABLED", "True", "false"),
    ("KERAS_NNX_ENABLED", "1", ""),
    ("TF_ONEDNN_ASSUME_FROZEN_WEIGHTS", "1", "0"),
    ("TF_FUNCTION_JIT_COMPILE_DEFAULT", "true", "False"),
    ("TF_SET_ONEDNN_FPMATH_MODE", "BF16", "STRICT"),
    ("ONEDNN_DEFAULT_FPMATH_MODE", "any", "strict"),
    ("DNNL_DEFAULT_FPMATH_MODE", "tf32", ""),
    ("JAX_ENABLE_X64", "True", "0"),
])
def test_what_makes_a_config_another_is_refused(home, name, value, harmless):
  message = _refusal(**{name: value})
  assert message.startswith(f"{name}: expected to be unset, as ")
  assert message.endswith(f"Received: {value!r}")
  variables.check({name: harmless})


def _write(folder, settings):
  folder.mkdir(exist_ok=True)
  (folder / "keras.json").write_text(settings)


@pytest.mark.parametrize("settings, said", [
    ({"backend": "torch"}, "backend: expected tensorflow, or jax where it is "
     "installed. Received: 'torch'"),
    ({"backend": []}, "Received: []"),
    ({"floatx": "float64"}, 'floatx: expected "float32", or KERAS_HOME to name '
     'a folder without this file. Received: "float64"'),
    ({"image_data_format": "channels_first"}, 'Received: "channels_first"'),
    ({"epsilon": 1}, "epsilon: expected 1e-07"),
    ({"nnx_enabled": True}, "nnx_enabled: expected false"),
    ([1], "expected an object. Received: [1]"),
])
def test_a_file_that_changes_the_network_is_refused_by_name(
    home, settings, said):
  _write(home / ".keras", json.dumps(settings))
  message = _refusal()
  assert message.startswith(f"{home}/.keras/keras.json: ") and said in message


def test_the_file_is_looked_for_where_keras_does(home):
  _write(home / ".keras", '{"floatx": "float64"}')
  variables.check({"KERAS_HOME": str(home / "absent")})
  _write(home / "mine", '{"floatx": "float16"}')
  assert "float16" in _refusal(KERAS_HOME="~/mine")


def test_the_file_that_keras_writes_itself_is_accepted(home):
  _write(home / ".keras", json.dumps({
      "floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow",
      "image_data_format": "channels_last"}))
  variables.check({})
  _write(home / ".keras", "no JSON")  # Which Keras passes over.
  variables.check({})


def test_a_variable_overrules_the_files_backend(home):
  _write(home / ".keras", '{"backend": "torch"}')
  variables.check({"KERAS_BACKEND": "tensorflow"})


def test_a_file_that_cannot_be_read_is_refused(home):
  (home / ".keras/keras.json").mkdir(parents=True)
  assert "expected a file that can be read" in _refusal()


def test_the_environment_is_checked_after_the_flags_and_not_for_help(
    home, monkeypatch, capsys):
  monkeypatch.setenv("KERAS_BACKEND", "torch")
  with pytest.raises(errors.UsageError, match="KERAS_BACKEND"):
    training.parse([])
  with pytest.raises(errors.UsageError, match="Unknown command line flag"):
    training.parse(["--lr=1"])
  with pytest.raises(SystemExit):
    training.parse(["--help"])
  assert "--epochs" in capsys.readouterr().out

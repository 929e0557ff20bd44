"""What libraries read of their user's environment, checked as flags are.

An environment variable or a file of the user's that Keras does not know ends
the program in a traceback when it loads, and one that it or TensorFlow knows
may give another network under the same config. So both are answered with the
flags. What changes no more than rounding is recorded: see `runs.environment`.
"""

import importlib.util
import json
import os
import pathlib

from rethink_tf import documents
from rethink_tf import errors

_BACKEND = "KERAS_BACKEND"
_BACKENDS = ("tensorflow", "jax")
_OFF = ("", "0", "false")
_STRICT = ("", "strict")
_EARLY = "it ends training early"
_ROUNDED = "--precision says what layers compute in"
# Variables under which a config is no longer what its name says: the values
# that do nothing, in lower case, and what all others do.
_REFUSED = {
    "KERAS_MAX_EPOCHS": ((), _EARLY),
    "KERAS_MAX_STEPS_PER_EPOCH": ((), _EARLY),
    "KERAS_NNX_ENABLED": (
        _OFF, "it takes layers of another library"),
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": (
        _OFF, "convolutions then go on with the weights that they began with"),
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": (_OFF, "it compiles what XLA cannot"),
    "TF_SET_ONEDNN_FPMATH_MODE": (_STRICT, _ROUNDED),
    "ONEDNN_DEFAULT_FPMATH_MODE": (_STRICT, _ROUNDED),
    "DNNL_DEFAULT_FPMATH_MODE": (_STRICT, _ROUNDED),
    "JAX_ENABLE_X64": (_OFF, "networks are of float32"),
}
# Keras's own defaults, for which the models are written.
_SETTINGS = {
    "floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last",
    "nnx_enabled": False}


def check(environment):
  """Checks the variables and the file, keras.json, that libraries will read.

  Args:
    environment: the environment variables, a mapping.

  Raises:
    UsageError: one would not load, or would compute something else.
  """
  for name, (harmless, why) in _REFUSED.items():
    if name in environment and environment[name].lower() not in harmless:
      raise errors.UsageError(
          f"{name}: expected to be unset, as {why}. Received: "
          f"{environment[name]!r}")
  file = _find_file(environment)
  settings = _read_settings(file)
  if environment.get(_BACKEND):  # Empty, it counts as unset.
    _check_backend(_BACKEND, environment[_BACKEND])
  elif "backend" in settings:
    _check_backend(f"{file}: backend", settings["backend"])
  for name, expected in _SETTINGS.items():
    if settings.get(name, expected) != expected:
      raise errors.UsageError(
          f"{file}: {name}: expected {json.dumps(expected)}, or KERAS_HOME to "
          "name a folder without this file. Received: "
          f"{json.dumps(settings[name])}")


def find_backend(environment):
  """Returns the name of the backend that Keras will use.

  Args:
    environment: the environment variables, a mapping that `check` let pass.
  """
  settings = _read_settings(_find_file(environment))
  return environment.get(_BACKEND) or settings.get("backend", _BACKENDS[0])


def _check_backend(name, backend):
  # TensorFlow is asked for where it is needed, by `programs.train`. This
  # looks for a package without importing it.
  installed = backend != "jax" or importlib.util.find_spec("jax") is not None
  if backend not in _BACKENDS or not installed:
    raise errors.UsageError(
        f"{name}: expected tensorflow, or jax where it is installed. Received: "
        f"{backend!r}")


def _find_file(environment):
  """Returns the path of keras.json, where Keras looks for it."""
  folder = environment.get("KERAS_HOME")
  if folder is None:
    home = os.path.expanduser("~")
    folder = os.path.join(
        home if os.access(home, os.W_OK) else "/tmp", ".keras")
  return pathlib.Path(os.path.expanduser(os.path.join(folder, "keras.json")))


def _read_settings(file):
  """Returns what keras.json holds, a dict."""
  try:
    if not os.path.exists(file):
      return {}
    settings = documents.read_json(file)
  except ValueError:
    return {}  # As Keras takes a file that is no JSON.
  except OSError as error:
    raise errors.UsageError(
        f"{file}: expected a file that can be read. Received: {error.strerror}"
    ) from error
  if not isinstance(settings, dict):
    raise errors.UsageError(
        f"{file}: expected an object. Received: {json.dumps(settings)[:40]}")
  return settings

"""Whether the backend repeats itself to the bit."""

import os

import keras

from rethink_tf import errors

_OF_JAX = "--xla_gpu_exclude_nondeterministic_ops=true"


def configure(options):
  """Makes the backend's operations deterministic where that is asked for.

  Args:
    options: has `deterministic`; None asks for it where there is no GPU.

  Returns:
    Whether they are.

  Raises:
    UsageError: JAX on a GPU is to be, and was not told so when it started.
  """
  if keras.backend.backend() == "jax":
    return _is_jax(options)
  import tensorflow as tf  # noqa: PLC0415

  deterministic = options.deterministic
  if deterministic is None:
    deterministic = not tf.config.list_physical_devices("GPU")
  if deterministic:
    tf.config.experimental.enable_op_determinism()
  return deterministic


def _is_jax(options):
  """Returns whether JAX repeats itself, which no program can tell it later."""
  flags = os.environ.get("XLA_FLAGS", "")
  deterministic = _OF_JAX in flags or not any(
      name.startswith("gpu") for name in keras.distribution.list_devices())
  if options.deterministic and not deterministic:
    raise errors.UsageError(
        f"--deterministic: expected XLA_FLAGS={_OF_JAX} with it, of JAX on a "
        f"GPU. Received: {flags!r}")
  return deterministic

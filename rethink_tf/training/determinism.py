"""Whether TensorFlow repeats itself to the bit."""

import tensorflow as tf


def configure(options):
  """Makes TensorFlow's operations deterministic where that is asked for.

  Args:
    options: has `deterministic`; None asks for it where there is no GPU.

  Returns:
    Whether they are.
  """
  deterministic = options.deterministic
  if deterministic is None:
    deterministic = not tf.config.list_physical_devices("GPU")
  if deterministic:
    tf.config.experimental.enable_op_determinism()
  return deterministic

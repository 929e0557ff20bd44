"""What a program does before it imports Keras and its backend."""

import importlib.util
import os

from rethink_tf import errors
from rethink_tf.flags import variables
from rethink_tf.programs import library_notes
from rethink_tf.programs import quick_imports


def prepare(level=2):
  """Has the libraries come quickly, and say nothing that is no warning.

  To be called once all that is refused without them was.

  Args:
    level: as for `library_notes.silence`.
  """
  library_notes.silence(level)
  quick_imports.install()


def require_backend():
  """Refuses the backend that Keras would compute with, where it is not there.

  Raises:
    UsageError: it is TensorFlow, which need not be installed.
  """
  backend = variables.find_backend(os.environ)
  if importlib.util.find_spec(backend) is None:
    raise errors.UsageError(
        "KERAS_BACKEND: expected jax, as TensorFlow is not installed. "
        f"Received: {os.environ.get('KERAS_BACKEND')!r}")


def require_tensorflow():
  """Refuses a machine without TensorFlow, for what needs it on any backend.

  Raises:
    UsageError: it is not installed.
  """
  if importlib.util.find_spec("tensorflow") is None:
    raise errors.UsageError(
        "expected TensorFlow, which this program computes with whatever "
        "KERAS_BACKEND is; train does without. Received: none installed")

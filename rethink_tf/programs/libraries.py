"""What a program does before it imports TensorFlow and Keras."""

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

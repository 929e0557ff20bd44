"""Imports TensorFlow and Keras in about half of the time that it takes.

Where scikit-learn, pandas and Matplotlib are installed, Keras 3.15 imports them
with itself, for wrappers, data frames and galleries, of which nothing here
makes use. And Python, which looks for garbage each time that so many objects
were made, looks through all of two libraries' functions and classes again and
again, none of which is any.
"""

import contextlib
import gc
import sys

from rethink_tf.programs import import_hook

_LIBRARIES = ("tensorflow", "keras")
_UNUSED = ("matplotlib", "pandas", "sklearn")


def install():
  """Has those of the two that are yet to be imported come quickly.

  Keras takes a package that is hidden from it for one that is not installed;
  all others import it as ever.
  """
  import_hook.install(_LIBRARIES, _run_quickly)


def _run_quickly(execute, module):
  with _hidden(), _no_collection():
    execute(module)
  # What was imported stays: the collections to come need not look through it.
  gc.freeze()


@contextlib.contextmanager
def _hidden():
  """Has imports of the unused packages fail in the block."""
  hidden = [name for name in _UNUSED if name not in sys.modules]
  sys.modules.update(dict.fromkeys(hidden))
  try:
    yield
  finally:
    for name in hidden:
      del sys.modules[name]


@contextlib.contextmanager
def _no_collection():
  """Has no garbage collected in the block."""
  was_on = gc.isenabled()
  gc.disable()
  try:
    yield
  finally:
    if was_on:
      gc.enable()

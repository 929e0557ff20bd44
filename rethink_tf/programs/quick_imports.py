"""Imports TensorFlow and Keras in about half of the time that it takes.

Where scikit-learn, pandas and Matplotlib are installed, Keras 3.15 imports them
with itself, for wrappers, data frames and galleries, of which nothing here
makes use. And Python, which looks for garbage each time that so many objects
were made, looks through all of two libraries' functions and classes again and
again, none of which is any.
"""

import contextlib
import gc
import importlib.abc
import importlib.util
import sys

_LIBRARIES = frozenset(("tensorflow", "keras"))
_UNUSED = ("matplotlib", "pandas", "sklearn")


def install():
  """Has those of the two that are yet to be imported come quickly.

  Keras takes a package that is hidden from it for one that is not installed;
  all others import it as ever.
  """
  if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
    sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
  """Finds the libraries as Python does, to be executed without what slows."""

  def __init__(self):
    self._to_come = set(_LIBRARIES)

  def find_spec(self, fullname, path=None, target=None):
    if fullname not in self._to_come:
      return None
    self._to_come.remove(fullname)
    spec = importlib.util.find_spec(fullname)
    if spec:
      execute = spec.loader.exec_module
      spec.loader.exec_module = lambda module: _run_quickly(execute, module)
    return spec


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

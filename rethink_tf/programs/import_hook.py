"""Has libraries, when they are first imported, be executed in a way of ours."""

import importlib.abc
import importlib.util
import sys


def install(names, run):
  """Runs the code of those libraries that are yet to be imported by a function.

  Args:
    names: of top-level packages.
    run: a function of (execute, module) that calls `execute(module)`, which is
      that of what was installed before, or Python's own.
  """
  to_come = set(names) - set(sys.modules)
  if to_come:
    sys.meta_path.insert(0, _Finder(to_come, run))


class _Finder(importlib.abc.MetaPathFinder):
  """Finds packages as Python does, to be executed, once, by a function.

  Who only looks whether a package is there changes nothing.
  """

  def __init__(self, names, run):
    self._names = names
    self._run = run
    self._looked_for = set()

  def find_spec(self, fullname, path=None, target=None):
    if fullname not in self._names - self._looked_for:
      return None
    self._looked_for.add(fullname)  # All finders but this one are asked.
    try:
      spec = importlib.util.find_spec(fullname)
    finally:
      self._looked_for.remove(fullname)
    if spec:
      execute = spec.loader.exec_module
      spec.loader.exec_module = lambda module: self._execute(execute, module)
    return spec

  def _execute(self, execute, module):
    self._names.discard(module.__name__)
    self._run(execute, module)

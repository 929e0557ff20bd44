"""Tests of quick_imports: what is imported, and that all is as it was after."""

import os
import sys

from tests import launch

# Keras in what it does with packages that may be there.
_LIBRARY = """
import gc
try:
  import pandas
except ImportError:
  pandas = None
collects = gc.isenabled()
"""
_IMPORT = """
import gc, sys
from rethink_tf.programs import quick_imports
quick_imports.install()
quick_imports.install()
{before}
try:
  import keras
  print(keras.pandas and keras.pandas.__name__, keras.collects)
except ZeroDivisionError:
  print("failed")
import pandas, sklearn
print(gc.isenabled(), pandas.__name__, sklearn.__name__)
"""


def _import_fake(folder, before="", last=""):
  """Returns what is printed while a library of that name is imported."""
  (folder / "keras.py").write_text(_LIBRARY + last)
  path = os.pathsep.join([str(folder), *filter(None, sys.path)])
  done = launch.python(
      _IMPORT.format(before=before), folder=folder, PYTHONPATH=path)
  assert done.returncode == 0, done.stderr
  return done.stdout.splitlines()


def test_an_unused_package_is_hidden_and_nothing_is_collected(tmp_path):
  assert _import_fake(tmp_path) == ["None False", "True pandas sklearn"]


def test_a_package_that_is_imported_is_not_hidden(tmp_path):
  assert _import_fake(tmp_path, before="import pandas") == [
      "pandas False", "True pandas sklearn"]


def test_a_collector_that_is_off_stays_off(tmp_path):
  assert _import_fake(tmp_path, before="gc.disable()") == [
      "None False", "False pandas sklearn"]


def test_after_an_import_that_fails_all_is_as_before(tmp_path):
  assert _import_fake(tmp_path, last="1 / 0") == [
      "failed", "True pandas sklearn"]


def test_of_the_real_libraries_the_unused_packages_are_not_imported(tmp_path):
  done = launch.python("""
import gc, sys
from rethink_tf.programs import quick_imports
quick_imports.install()
import tensorflow, keras
print([name for name in quick_imports._UNUSED if name in sys.modules])
print(gc.isenabled(), gc.get_freeze_count() > 10**5)
import matplotlib.pyplot, pandas, sklearn
""", folder=tmp_path)
  assert done.returncode == 0, done.stderr
  assert done.stdout.splitlines() == ["[]", "True True"]

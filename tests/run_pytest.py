"""Runs the test functions of the file that the command line names.

Every py_test has this main, so that no test file can forget to run its
functions: pytest exits with 5, which Bazel counts as failed, where it finds
none.
"""

import os
import sys

import pytest

from rethink_tf.programs import quick_imports

_OPTIONS = [
    "--import-mode=importlib",  # Leaves sys.path as Bazel made it.
    "-pno:cacheprovider",  # Writes nothing beside the tests.
    "-ra",  # Says which were skipped, and why.
]

if __name__ == "__main__":
  # Most tests are over sooner than TensorFlow by itself is imported.
  quick_imports.install()
  # `bazel test --test_filter=words` runs the functions that -k would choose.
  only = os.environ.get("TESTBRIDGE_TEST_ONLY")
  chosen = ["-k", only] if only else []
  sys.exit(pytest.main([*_OPTIONS, *chosen, *sys.argv[1:]]))

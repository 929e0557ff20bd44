"""Compares the linear models with their golden numbers."""

import pathlib

import pytest

from rethink_tf import errors
from tests.linear import golden

FILE = pathlib.Path(__file__).parent / "golden.json"


def check(dataset, case):
  """Fails where a case differs from its golden numbers; skips without them.

  Args:
    dataset: its name.
    case: one of `golden.CASES`.
  """
  try:
    name = f"{dataset}-{golden.fingerprint(dataset)}"
  except errors.DataError as error:
    pytest.skip(str(error))
  numbers = golden.read(FILE)
  if name not in numbers:
    pytest.skip(f"this copy of {dataset} has no golden numbers; "
                "bazel run //tests/linear:update_goldens makes them")
  expected = numbers[name][case]
  measured = golden.measure(dataset, case)
  assert measured["label_hash"] == expected["label_hash"]
  assert measured["test_examples"] == expected["test_examples"]
  assert measured["min_norm"] == pytest.approx(
      expected["min_norm"], rel=golden.NORM_TOLERANCE)
  gap = abs(measured["test_error"] - expected["test_error"])
  assert gap * expected["test_examples"] < golden.ERROR_TOLERANCE

"""The linear models against their golden numbers."""

import pathlib

import pytest

from rethink_tf import errors
from tests.linear import golden

_FILE = pathlib.Path(__file__).parent / "golden.json"


@pytest.mark.parametrize("case", golden.CASES)
@pytest.mark.parametrize("dataset", ["digits", "mnist", "cifar10"])
def test_a_case_gives_its_golden_numbers(dataset, case):
  try:
    name = f"{dataset}-{golden.fingerprint(dataset)}"
  except errors.DataError as error:
    pytest.skip(str(error))
  numbers = golden.read(_FILE)
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


def test_digits_always_have_golden_numbers():
  cases = golden.read(_FILE)[f"digits-{golden.fingerprint('digits')}"]
  assert set(cases) == set(golden.CASES)
  # Two solvers of one problem.
  assert cases["pixels_cg"]["min_norm"] == pytest.approx(
      cases["pixels_l2"]["min_norm"], rel=1e-6)

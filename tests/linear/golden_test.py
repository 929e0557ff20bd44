"""The linear models against their golden numbers, on digits."""

import pytest

from tests.linear import golden
from tests.linear import golden_checks


@pytest.mark.parametrize("case", golden.CASES)
def test_a_case_gives_its_golden_numbers(case):
  golden_checks.check("digits", case)


def test_digits_always_have_golden_numbers():
  cases = golden.read(golden_checks.FILE)[
      f"digits-{golden.fingerprint('digits')}"]
  assert set(cases) == set(golden.CASES)
  # Two solvers of one problem.
  assert cases["pixels_cg"]["min_norm"] == pytest.approx(
      cases["pixels_l2"]["min_norm"], rel=1e-6)

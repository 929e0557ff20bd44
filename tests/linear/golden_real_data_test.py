"""The linear models against their golden numbers, on MNIST and CIFAR-10."""

import pytest

from tests.linear import golden
from tests.linear import golden_checks


@pytest.mark.parametrize("case", golden.CASES)
@pytest.mark.parametrize("dataset", ["mnist", "cifar10"])
def test_a_case_gives_its_golden_numbers(dataset, case):
  golden_checks.check(dataset, case)

"""Golden numbers of every flagfile on cifar10."""

import pytest

from tests.golden import golden
from tests.golden import golden_checks


@pytest.fixture(name="numbers", scope="module")
def _numbers():
  return golden_checks.load_or_skip("cifar10")


@pytest.mark.parametrize("stem", golden.names())
def test_run_gives_its_golden_numbers(stem, numbers):
  golden_checks.check(stem, "cifar10", numbers)

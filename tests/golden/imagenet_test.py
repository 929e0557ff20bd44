"""Golden numbers of Table 2's rows at 299x299: two steps on photographs."""

import pytest

from tests.golden import golden
from tests.golden import golden_checks

_ROWS = golden.names("imagenet2012")


@pytest.fixture(name="numbers", scope="module")
def _numbers():
  return golden_checks.load_or_skip("imagenet2012")


@pytest.mark.parametrize("stem", _ROWS)
def test_run_gives_its_golden_numbers(stem, numbers):
  golden_checks.check(stem, "imagenet2012", numbers)


def test_every_row_has_a_loss_of_its_own(numbers):
  assert len({numbers[stem]["losses"][1] for stem in _ROWS}) == 7
  hashes = [numbers[stem]["label_hash"] for stem in _ROWS]
  assert len({*hashes[:4]}) == len({*hashes[4:]}) == 1
  assert hashes[0] != hashes[4]

"""Every mutation turns a golden number of every model family red."""

import pytest

from tests.golden import golden
from tests.golden import golden_checks
from tests.golden import mutations

# The MLP has no padding to change.
_WITHOUT_EFFECT = {("SAME to VALID", "table1_row17")}


@pytest.fixture(name="numbers", scope="module")
def _numbers():
  return golden_checks.load_or_skip(mutations.DATASET)


@pytest.mark.parametrize("stem", mutations.STEMS)
@pytest.mark.parametrize("mutation", mutations.MUTATIONS)
def test_mutation_is_caught(mutation, stem, numbers):
  red = mutations.caught(mutation, stem, numbers)
  assert bool(red) != ((mutation, stem) in _WITHOUT_EFFECT)


@pytest.mark.parametrize("stem", mutations.STEMS)
def test_unchanged_code_is_not_caught(stem, numbers):
  assert not golden.differences(
      numbers[stem], golden.measure(stem, mutations.DATASET))

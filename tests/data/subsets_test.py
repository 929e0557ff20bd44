"""Tests of the random subsets: how large, how independent, keyed by what."""

import numpy as np
import pytest
from scipy import stats

from rethink_tf.data import subsets


def test_a_subset_has_its_size_and_is_the_same_each_time():
  for size in (1, 700, 999):
    seen = subsets.draw(1000, size, 3)
    assert (seen.dtype, seen.shape, seen.sum()) == (bool, (1000,), size)
    np.testing.assert_array_equal(seen, subsets.draw(1000, size, 3))


def test_every_example_is_as_likely_a_part_of_one():
  counts = sum(subsets.draw(500, 350, k).astype(int) for k in range(1, 401))
  # Of so many subsets, those that an example is in are binomial; but that the
  # sizes are fixed, which makes the counts' sum exact.
  assert counts.sum() == 400 * 350
  assert stats.chisquare(counts).statistic / 0.3 < stats.chi2.ppf(0.999, 499)
  assert counts.var() == pytest.approx(400 * 0.7 * 0.3, rel=0.25)


@pytest.mark.parametrize("other", [(350, 2), (250, 1)])
def test_subsets_of_other_numbers_and_sizes_are_independent(other):
  one, two = subsets.draw(500, 350, 1), subsets.draw(500, *other)
  # Hypergeometric, the overlap of two independent subsets.
  overlap = stats.hypergeom(500, 350, other[0])
  low, high = overlap.interval(0.999)
  assert low <= (one & two).sum() <= high
  assert not (two <= one).all()  # Nested in nothing.


def test_photographs_are_drawn_by_name_in_any_order():
  names = np.array([f"n{i}.JPEG" for i in range(300)])
  seen = subsets.draw(300, 210, 5, names)
  order = np.random.default_rng(0).permutation(300)
  np.testing.assert_array_equal(
      subsets.draw(300, 210, 5, names[order]), seen[order])
  assert seen.sum() == 210

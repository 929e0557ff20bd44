"""Tests of streams: values pinned, keys apart, uniform, same everywhere."""

import hashlib
import json

import numpy as np
from scipy import stats

from rethink_tf import streams
from tests import launch


def test_values_are_pinned_so_that_no_upgrade_moves_a_label():
  # Written down once from NumPy 2.4's Philox. Golden numbers elsewhere depend
  # on them: should this fail, NumPy broke its promise about raw output.
  assert streams.integers(8, 10, 1, "random_labels").tolist() == [
      5, 8, 7, 1, 8, 8, 6, 4]
  assert streams.permutation(8, 1, "order", 0).tolist() == [
      6, 2, 7, 3, 1, 0, 4, 5]
  assert streams.seed_of(1, "initial_weights", "logits") == 858636161
  np.testing.assert_array_equal(
      streams.uniform(3, 1, "label_corruption"),
      [0.10785673412604813, 0.7889213335667659, 0.746035100329566])


def test_a_name_draws_what_its_hash_says_wherever_it_stands():
  names = ["n01440764_18.JPEG", "ILSVRC2012_val_00000001.JPEG", "\u00e9"]
  drawn = streams.uniform_of_names(names, 7, "random_labels")
  for name, value in zip(names, drawn):
    text = f'[7, "random_labels"] {name}'
    first = hashlib.sha256(text.encode()).digest()[:8]
    assert value == (int.from_bytes(first, "little") >> 11) * 2.0**-53
  np.testing.assert_array_equal(
      streams.uniform_of_names(names[::-1], 7, "random_labels"), drawn[::-1])
  for other in ((8, "random_labels"), (7, "label_corruption")):
    assert not set(streams.uniform_of_names(names, *other)) & set(drawn)


def test_first_block_of_philox_is_that_of_its_published_algorithm():
  digest = hashlib.sha256(json.dumps([7, "key", 3]).encode()).digest()
  expected = [x >> 11 for x in _philox_4x64(
      counter=1, key=int.from_bytes(digest[:16], "little"))]
  drawn = streams.uniform(4, 7, "key", 3) * 2**53
  assert drawn.astype(np.uint64).tolist() == expected


def test_another_process_draws_the_same(tmp_path):
  code = ("from rethink_tf import streams; "
          "print(streams.integers(50, 1000, 5, 'order', 2).tolist())")
  printed = launch.python(code, folder=tmp_path)
  here = streams.integers(50, 1000, 5, "order", 2).tolist()
  assert json.loads(printed.stdout) == here


def test_what_was_drawn_before_does_not_matter():
  first = streams.uniform(10, 3, "a")
  streams.uniform(10, 3, "b")
  np.testing.assert_array_equal(streams.uniform(10, 3, "a"), first)


def test_a_shorter_draw_is_the_start_of_a_longer_one():
  long = streams.uniform(1001, 3, "labels")
  for count in (0, 1, 5, 1000):
    np.testing.assert_array_equal(
        streams.uniform(count, 3, "labels"), long[:count])


def test_different_seeds_and_keys_draw_different_numbers():
  keys = [(1, "order", 0), (2, "order", 0), (1, "order", 1), (1, "order"),
          (1, "crop", 0), (1, "order0"), (1, "order", "0"), (12, "order", 0),
          (1, "or", "der", 0)]
  drawn = {tuple(streams.uniform(4, *key)) for key in keys}
  assert len(drawn) == len(keys)


def test_streams_of_neighbouring_seeds_are_uncorrelated():
  count = 20_000
  rows = np.stack([streams.uniform(count, seed, "order", epoch)
                   for seed in (1, 2) for epoch in (0, 1)])
  correlations = np.corrcoef(rows)[np.triu_indices(4, k=1)]
  # Of independent streams, each has the standard deviation 1 / sqrt(count).
  assert np.abs(correlations).max() < 4 / np.sqrt(count)


def test_uniform_is_uniform():
  drawn = streams.uniform(100_000, 1, "test")
  assert 0 <= drawn.min() and drawn.max() < 1
  counts, _ = np.histogram(drawn, bins=100, range=(0, 1))
  assert 1e-3 < stats.chisquare(counts).pvalue < 1 - 1e-3


def test_integers_are_uniform_over_all_values():
  for high in (2, 7, 10):
    counts = np.bincount(streams.integers(70_000, high, 1, "test", high))
    assert len(counts) == high
    assert 1e-3 < stats.chisquare(counts).pvalue < 1 - 1e-3


def test_integers_never_reach_the_end_of_the_range(monkeypatch):
  ones = np.full(1, 2**64 - 1, np.uint64)
  monkeypatch.setattr(streams, "_bits", lambda *_: ones)
  for high in (1, 3, 5, 10, 1000, 2**31 - 1):
    assert streams.integers(1, high, 1, "test").tolist() == [high - 1]


def test_permutation_holds_every_index_once():
  for count in (0, 1, 2, 1297):
    drawn = streams.permutation(count, 1, "order", 0)
    assert drawn.dtype == np.int64
    assert sorted(drawn.tolist()) == list(range(count))


def test_all_permutations_are_equally_likely():
  drawn = [tuple(streams.permutation(3, 1, "order", epoch))
           for epoch in range(3000)]
  _, counts = np.unique(drawn, axis=0, return_counts=True)
  assert len(counts) == 6
  assert 1e-3 < stats.chisquare(counts).pvalue < 1 - 1e-3


def test_seed_of_is_a_31_bit_whole_number():
  seeds = [streams.seed_of(1, "layer", index) for index in range(2000)]
  assert all(isinstance(seed, int) and 0 <= seed < 2**31 for seed in seeds)
  # Of 2,000 values out of 2^31, two are the same once in a thousand times.
  assert len(set(seeds)) == len(seeds)
  # The top bit is used: half the seeds lie above the middle.
  upper = sum(seed >= 2**30 for seed in seeds)
  assert stats.binomtest(upper, len(seeds)).pvalue > 1e-3


def _philox_4x64(counter, key):
  """Salmon et al. (2011), Figure 2: ten rounds on one block, by hand."""
  words = [counter, 0, 0, 0]
  keys = [key % 2**64, key >> 64]
  for _ in range(10):
    first, second = words[0] * 0xD2E7470EE14C6C93, words[2] * 0xCA5A826395121157
    words = [(second >> 64) ^ words[1] ^ keys[0], second % 2**64,
             (first >> 64) ^ words[3] ^ keys[1], first % 2**64]
    keys = [(keys[0] + 0x9E3779B97F4A7C15) % 2**64,
            (keys[1] + 0xBB67AE8584CAA73B) % 2**64]
  return words

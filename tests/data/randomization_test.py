"""Tests of randomization: rates, uniformity, nesting, and what stays."""

import dataclasses
import hashlib
import struct
import types

import numpy as np
import pytest
from scipy import stats

from rethink_tf.data import dataset
from rethink_tf.data import digits
from rethink_tf.data import randomization
from tests import launch

_COUNT, _CLASSES = 50_000, 10
# Balanced and in a row, unlike anything that is drawn.
_LABELS = (np.arange(_COUNT) % _CLASSES).astype(np.int32)


def _corrupt(probability, labels=_LABELS, seed=1, classes=_CLASSES):
  return randomization.corrupt_labels(labels, probability, classes, seed)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9, 1.0])
def test_the_share_of_changed_labels_is_binomial(probability):
  changed = int((_corrupt(probability) != _LABELS).sum())
  # A corrupted label is the true one again with probability 1/10.
  rate = probability * (1 - 1 / _CLASSES)
  assert stats.binomtest(changed, _COUNT, rate).pvalue > 1e-3


@pytest.mark.parametrize("probability", [0.3, 1.0])
def test_new_labels_are_uniform_whatever_the_true_label(probability):
  corrupted = _corrupt(probability)
  for label in range(_CLASSES):
    counts = np.bincount(corrupted[_LABELS == label], minlength=_CLASSES)
    expected = np.full(_CLASSES, probability / _CLASSES)
    expected[label] += 1 - probability
    total = counts.sum()
    assert total == _COUNT // _CLASSES
    assert stats.chisquare(counts, expected * total).pvalue > 1e-4


def test_random_labels_are_no_permutation_of_the_classes():
  # Each pair (true, random) comes as often as any other: nothing to learn.
  table = np.zeros((_CLASSES, _CLASSES), int)
  np.add.at(table, (_LABELS, _corrupt(1.0)), 1)
  assert stats.chi2_contingency(table).pvalue > 1e-3


def test_which_labels_are_corrupted_does_not_depend_on_the_position():
  changed = _corrupt(0.5) != _LABELS
  halves = [int(half.sum()) for half in np.split(changed, 2)]
  table = [[n, _COUNT // 2 - n] for n in halves]
  assert stats.chi2_contingency(table).pvalue > 1e-3
  # Neighbours are independent.
  assert abs(np.corrcoef(changed[1:], changed[:-1])[0, 1]) < 4 / _COUNT**0.5


def test_probability_0_changes_nothing():
  np.testing.assert_array_equal(_corrupt(0.0), _LABELS)


def test_probability_1_does_not_look_at_the_true_labels():
  np.testing.assert_array_equal(
      _corrupt(1.0), _corrupt(1.0, labels=np.zeros_like(_LABELS)))


def test_a_larger_probability_only_adds_to_what_a_smaller_one_corrupted():
  # Labels that are no class show what was drawn, the true class included.
  unlabelled = np.full(_COUNT, -1, np.int32)
  sweep = [_corrupt(p, unlabelled) for p in (0.0, 0.1, 0.2, 0.5, 0.8, 1.0)]
  for smaller, larger in zip(sweep, sweep[1:]):
    corrupted = smaller >= 0
    np.testing.assert_array_equal(larger[corrupted], smaller[corrupted])
    assert (larger >= 0).sum() > corrupted.sum()
  assert (sweep[-1] >= 0).all()


def test_the_first_n_examples_get_the_labels_they_have_among_all():
  for probability in (0.4, 1.0):
    everything = _corrupt(probability)
    for count in (1, 100, 1297):
      np.testing.assert_array_equal(
          _corrupt(probability, _LABELS[:count]), everything[:count])


def test_seeds_corrupt_independently():
  first, second = _corrupt(1.0), _corrupt(1.0, seed=2)
  equal = int((first == second).sum())
  assert stats.binomtest(equal, _COUNT, 1 / _CLASSES).pvalue > 1e-3


def test_which_are_corrupted_says_nothing_about_the_new_class():
  unlabelled = np.full(_COUNT, -1, np.int32)
  half = _corrupt(0.5, unlabelled)
  counts = np.bincount(half[half >= 0], minlength=_CLASSES)
  assert stats.chisquare(counts).pvalue > 1e-3


def test_labels_are_int32_within_the_classes_and_the_input_is_left_alone():
  before = _LABELS.copy()
  corrupted = _corrupt(1.0, classes=3)
  assert corrupted.dtype == np.int32
  assert set(np.unique(corrupted)) == {0, 1, 2}
  np.testing.assert_array_equal(_LABELS, before)


# Labels of photographs, which are keyed by their files' names.


def test_labels_drawn_to_be_what_they_were_are_no_corrupted_ones():
  labels = randomization.Labels(
      true=np.array([0, 1, 2, 3]), assigned=np.array([0, 1, 5, 3]),
      drawn=np.array([False, True, True, False]), seen=np.ones(4, bool))
  kinds = {name: which.tolist() for name, which in labels.kinds().items()}
  assert kinds == {
      "corrupted": [False, False, True, False],
      "drawn_equal": [False, True, False, False],
      "untouched": [True, False, False, True],
      "drawn": [False, True, True, False]}


def test_of_the_labels_drawn_one_in_as_many_as_there_are_classes_is_equal():
  split = dataset.Split(np.zeros((50_000, 1, 1, 1), np.uint8), _LABELS)
  data = dataset.Dataset(split, split, tuple("abcdefghij"), "")
  for count in (0, 40_000):
    train = randomization.corrupt_training_labels(data, count, 0.5, 3)
    labels = randomization.compare_labels(data, train, 0.5, 3)
    kinds = labels.kinds()
    assert len(labels.true) == len(train) == (count or 50_000)
    # Nothing that was not drawn has changed.
    assert not (kinds["corrupted"] & kinds["untouched"]).any()
    assert sum(kinds[name].sum() for name in (
        "corrupted", "drawn_equal", "untouched")) == len(train)
    drawn = kinds["drawn"].sum()
    for kind, share in (("drawn_equal", 0.1), ("corrupted", 0.9)):
      assert stats.binomtest(int(kinds[kind].sum()), drawn, share).pvalue > 1e-3


def _of_names(probability, names, labels, seed=1):
  return randomization.corrupt_labels(labels, probability, 1000, seed, names)


def test_labels_by_name_stay_with_the_photograph_in_any_order():
  names = np.array([f"n{i % 7}_{i}.JPEG" for i in range(2000)])
  labels = np.arange(2000) % 1000
  corrupted = _of_names(0.5, names, labels)
  order = np.random.default_rng(1).permutation(2000)
  np.testing.assert_array_equal(
      _of_names(0.5, names[order], labels[order]), corrupted[order])
  np.testing.assert_array_equal(
      _of_names(0.5, names[:50], labels[:50]), corrupted[:50])
  assert (_of_names(0.5, names, labels, seed=2) != corrupted).any()


def test_labels_by_name_are_uniform_over_a_thousand_classes_and_nested():
  names = np.array([f"{i}.JPEG" for i in range(_COUNT)])
  labels = np.full(_COUNT, -1)
  random, half, few = (_of_names(p, names, labels) for p in (1.0, 0.5, 0.1))
  assert stats.chisquare(np.bincount(random, minlength=1000)).pvalue > 1e-3
  assert stats.binomtest(int((half >= 0).sum()), _COUNT, 0.5).pvalue > 1e-3
  np.testing.assert_array_equal(half[few >= 0], few[few >= 0])
  np.testing.assert_array_equal(random[half >= 0], half[half >= 0])


# Asymmetric noise.

_CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog",
            "horse", "ship", "truck")


def _confuse(probability, labels=_LABELS, names=_CIFAR10, seed=1):
  return randomization.confuse_labels(
      labels, probability, randomization.find_confusions(names), seed)


def test_classes_of_cifar10_become_those_they_are_taken_for():
  pairs = {(_CIFAR10[old], _CIFAR10[new])
           for old, new in zip(_LABELS, _confuse(1.0))}
  assert pairs == {
      ("truck", "automobile"), ("bird", "airplane"), ("deer", "horse"),
      ("cat", "dog"), ("dog", "cat"), *((name, name) for name in (
          "airplane", "automobile", "frog", "horse", "ship"))}


def test_a_class_of_other_data_becomes_the_next_and_the_last_the_first():
  digit_names = tuple("0123456789")
  np.testing.assert_array_equal(
      _confuse(1.0, names=digit_names), (_LABELS + 1) % 10)
  assert randomization.find_confusions("abc").tolist() == [1, 2, 0]


@pytest.mark.parametrize("probability", [0.1, 0.4])
def test_asymmetric_noise_changes_a_binomial_share_of_classes_that_change(
    probability):
  confused = _confuse(probability)
  affected = np.isin(_LABELS, [2, 3, 4, 5, 9])
  changed = int((confused != _LABELS)[affected].sum())
  assert stats.binomtest(
      changed, int(affected.sum()), probability).pvalue > 1e-3
  np.testing.assert_array_equal(confused[~affected], _LABELS[~affected])


def test_what_asymmetric_noise_changed_stays_so_at_every_greater_p():
  sweep = [_confuse(p) for p in (0.0, 0.1, 0.2, 0.5, 0.8, 1.0)]
  np.testing.assert_array_equal(sweep[0], _LABELS)
  for smaller, larger in zip(sweep, sweep[1:]):
    changed = smaller != _LABELS
    np.testing.assert_array_equal(larger[changed], smaller[changed])
    assert (larger != _LABELS).sum() > changed.sum()


def test_both_kinds_of_noise_draw_the_same_examples_by_the_same_keys():
  names = np.array([f"n{i:05}" for i in range(_COUNT)])
  confusions = randomization.find_confusions("0123456789")
  confused = randomization.confuse_labels(_LABELS, 0.3, confusions, 1, names)
  drawn = randomization.is_drawn(_COUNT, 0.3, 1, names)
  np.testing.assert_array_equal(confused != _LABELS, drawn)
  assert (drawn != randomization.is_drawn(_COUNT, 0.3, 1)).any()


def test_label_hash_is_sha256_over_little_endian_int32():
  labels = [3, 0, 9]
  expected = hashlib.sha256(struct.pack("<3i", *labels)).hexdigest()
  # The same, written down: any other machine must get it too.
  assert expected == (
      "49d91da7f7c13fde2a5ddec9677e2063555db670a39ebca912515facb30ae620")
  for dtype in (np.int32, np.int64, np.uint8, ">i4"):
    assert randomization.label_hash(np.array(labels, dtype)) == expected


def test_label_hash_sees_one_changed_label_and_the_order():
  hashes = {randomization.label_hash(labels)
            for labels in ([1, 2, 3], [1, 2, 4], [2, 1, 3], [1, 2])}
  assert len(hashes) == 4


@dataclasses.dataclass(frozen=True)
class _Keyed:
  """A split that has keys, as photographs have their names."""

  keys: np.ndarray
  labels: np.ndarray

  def first(self, count):
    return _Keyed(self.keys[:count], self.labels[:count])


def test_the_training_split_has_other_labels_and_nothing_else():
  train, test, names = digits.load()
  data = dataset.Dataset(train, test, names, "f" * 64)
  first = randomization.corrupt_training_labels(data, 40, 1.0, seed=3)
  np.testing.assert_array_equal(first.images, train.images[:40])
  np.testing.assert_array_equal(
      first.labels, _corrupt(1.0, train.labels[:40], seed=3))
  every = randomization.corrupt_training_labels(data, 0, 0.0, seed=3)
  np.testing.assert_array_equal(every.labels, train.labels)
  np.testing.assert_array_equal(data.test.labels, digits.load()[1].labels)


def test_what_is_drawn_goes_by_keys_where_a_split_has_them():
  names = np.array([f"n{i:05}" for i in range(500)])
  labels = np.zeros(500, np.int32)
  data = types.SimpleNamespace(
      train=_Keyed(names, labels), num_classes=_CLASSES)
  first = randomization.corrupt_training_labels(data, 300, 1.0, seed=3)
  np.testing.assert_array_equal(first.labels, randomization.corrupt_labels(
      labels[:300], 1.0, _CLASSES, 3, names[:300]))
  assert (first.labels != _corrupt(1.0, labels[:300], seed=3)).any()


_LABELS_OF_DIGITS = """
import sys
from rethink_tf.data import digits, randomization
from rethink_tf.flags import training as training_flags
train = digits.load()[0]
parsed, _ = training_flags.parse(sys.argv[1:])
print(randomization.label_hash(randomization.corrupt_labels(
    train.labels, parsed.label_corruption, 10, parsed.seed)))
"""


def test_any_process_draws_the_same_labels(tmp_path):
  labels = _corrupt(0.5, digits.load()[0].labels, seed=3)
  printed = launch.python(
      _LABELS_OF_DIGITS, "--label_corruption=0.5", "--seed=3",
      folder=tmp_path, PYTHONHASHSEED="7")
  assert printed.stdout.strip() == randomization.label_hash(labels)

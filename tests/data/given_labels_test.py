"""Tests of given_labels: matched by id or position, or refused with a count."""

import types

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import given_labels
from rethink_tf.data import randomization

_COUNT, _CLASSES = 5000, 10
_ORIGINAL = np.random.default_rng(1).integers(0, _CLASSES, _COUNT)
# Prepared data are in another order: a hash's.
_ORDER = np.random.default_rng(2).permutation(_COUNT).astype(np.int32)


def _split(numbers=_ORDER, order=_ORDER):
  images = np.zeros((_COUNT, 1), np.uint8)
  return dataset.Split(images, _ORIGINAL[order].astype(np.int32), numbers)


def _noisy(share):
  changed = np.arange(_COUNT) < share * _COUNT
  return np.where(changed, (_ORIGINAL + 1) % _CLASSES, _ORIGINAL)


def test_labels_go_to_their_examples_by_id(capsys):
  matched = given_labels.match(_noisy(0.4), _split())
  np.testing.assert_array_equal(matched, _noisy(0.4)[_ORDER])
  assert matched.dtype == np.int32
  assert capsys.readouterr().out == (
      "labels of --labels_file, matched by the data's ids: 40.00% are others "
      "than the data set's\n")


def test_where_there_are_no_ids_they_go_by_position(capsys):
  split = _split(None, np.arange(_COUNT))
  np.testing.assert_array_equal(
      given_labels.match(_noisy(0.1), split), _noisy(0.1))
  assert ("matched by position: 10.00% are others"
          in capsys.readouterr().out)


def test_labels_in_another_order_agree_as_a_guess_does_and_are_refused():
  shuffled = _ORIGINAL[np.random.default_rng(3).permutation(_COUNT)]
  agreeing = int(np.sum(shuffled == _ORIGINAL))
  with pytest.raises(errors.UsageError) as refusal:
    given_labels.match(shuffled, _split(None, np.arange(_COUNT)))
  # By chance, a tenth.
  assert f"Received: {agreeing:,} of 5,000 agree by position, and of a guess " \
      in str(refusal.value)
  with pytest.raises(errors.UsageError, match="agree by the data's ids"):
    given_labels.match(shuffled, _split())


def test_labels_in_the_order_of_the_prepared_data_are_told_so():
  with pytest.raises(errors.UsageError, match=(
      "position by position 5,000 agree: they are in the order of the "
      "prepared data")):
    given_labels.match(_ORIGINAL[_ORDER], _split())


def test_mostly_random_labels_that_are_in_order_are_taken():
  values = randomization.corrupt_labels(_ORIGINAL, 0.85, _CLASSES, 1)
  given_labels.match(values, _split())


def test_a_guess_is_judged_by_how_often_its_classes_come():
  # 90% of one class: as many agree whatever the order.
  lopsided = np.where(np.arange(_COUNT) < 4500, 0, _ORIGINAL)
  labels = lopsided[_ORDER]
  split = dataset.Split(np.zeros((_COUNT, 1), np.uint8), labels)
  with pytest.raises(errors.UsageError, match="of a guess"):
    given_labels.match(lopsided[::-1], split)
  given_labels.match(labels, split)


def test_ids_that_are_not_each_original_example_once_are_refused():
  doubled = _ORDER.copy()
  doubled[0] = doubled[1]
  with pytest.raises(errors.DataError, match="0 to 4999, each once"):
    given_labels.match(_ORIGINAL, _split(doubled))


def test_the_first_examples_have_the_labels_they_have_among_all():
  data = types.SimpleNamespace(
      train=_split(), num_classes=_CLASSES, label_names=tuple("0123456789"))
  given = types.SimpleNamespace(values=_noisy(0.4))
  for count in (0, 700):
    train = randomization.corrupt_training_labels(
        data, count, 0.0, 1, given=given)
    np.testing.assert_array_equal(
        train.labels, _noisy(0.4)[_ORDER][:count or _COUNT])
    np.testing.assert_array_equal(
        train.numbers, _ORDER[:count or _COUNT])

"""Tests of the checks that compare architectures, at their margins."""

import pytest

from rethink_tf.reporting import architecture_checks
from rethink_tf.reporting import runs as runs_lib
from tests.reporting import made_up_runs


def _runs(folder, numbers, **changed):
  """Returns `Runs` of rows of Table 1, by their numbers."""
  for row, values in numbers.items():
    made_up_runs.write(
        folder / str(row), made_up_runs.row(row, **changed), **values)
  return runs_lib.find(folder)[0]


@pytest.mark.parametrize("test, holds", [
    (0.506, True), (0.504, False), (0.45, False)])
def test_another_architecture_has_to_beat_a_regularized_one(
    tmp_path, test, holds):
  runs = _runs(tmp_path, {12: {"test": test}, 14: {"test": 0.5}})
  found, = architecture_checks.architecture_gains_more(runs, [[12, 14]], 0.5)
  assert found.holds is holds and found.count == 50_000
  assert found.subject == "alexnet_small in place of mlp_3x512"
  assert found.ours == (
      f"{100 * test:.2f}% without regularizers against 50.00% with all")
  assert found.paper == (
      "76.07% without regularizers against 53.35% with all")


@pytest.mark.parametrize("train, test, holds", [
    (1.0, 0.506, True), (1.0, 0.504, False), (0.9, 0.406, True),
    (0.9, 0.404, False)])
def test_gaps_are_of_training_accuracy_over_test_accuracy(
    tmp_path, train, test, holds):
  runs = _runs(tmp_path, {12: {"train": train, "test": test},
                          15: {"train": 0.98, "test": 0.48}})
  found, = architecture_checks.gap_is_smaller(runs, [[12, 15]], 0.5)
  assert found.holds is holds
  assert found.ours == (
      f"{100 * (train - test):.2f} points between training and test against "
      "50.00")
  # 100 - 76.07 and 100 - 52.39, of Table 1.
  assert found.paper == (
      "23.93 points between training and test against 47.61")


def test_architectures_are_not_compared_on_different_numbers_of_images(
    tmp_path):
  _runs(tmp_path, {12: {"test": 0.7}})
  runs = _runs(tmp_path, {14: {"test": 0.4}, 15: {"test": 0.4}},
               train_examples=5000, epochs=50)
  gains, = architecture_checks.architecture_gains_more(runs, [[12, 14]], 0.5)
  gap, = architecture_checks.gap_is_smaller(runs, [[12, 15]], 0.5)
  assert gains.holds is None and gap.holds is None


@pytest.mark.parametrize("weights, holds", [(500_000, True), (499_999, False)])
def test_weights_are_counted_for_each_image_of_the_whole_training_set(
    tmp_path, weights, holds):
  runs = _runs(tmp_path, {18: {"params": weights}}, train_examples=1000)
  found, missing = architecture_checks.more_weights_than_examples(
      runs, [18, 15], 10)
  assert found.holds is holds and missing.holds is None
  assert found.ours == (
      f"{weights:,} weights, 10.0 for each of 50,000 training images")
  assert found.paper == "24.2 per image"


@pytest.mark.parametrize("weights, holds", [
    (23 * 50_000 - 1, False), (23 * 50_000, True), (24 * 50_000 - 1, True),
    (24 * 50_000, False)])
def test_a_quoted_number_is_rounded_down(tmp_path, weights, holds):
  runs = _runs(tmp_path, {12: {"params": weights}})
  found, = architecture_checks.weights_per_example(runs, [[12, 23]])
  assert found.holds is holds and found.paper == "23n"


def test_the_talk_divides_by_the_test_images_too(tmp_path):
  runs = _runs(tmp_path, {12: {"params": 1_387_786}})
  found, = architecture_checks.weights_per_example(runs, [[12, 23]])
  assert found.holds is False
  assert found.ours == (
      "1,387,786 weights, 27.8 for each of 50,000 training images, 23.1 for "
      "each of 60,000 with tests")

"""Tests of the checks on the training loss, against steps counted by hand."""

import math

import pytest

from rethink_tf.reporting import loss_checks
from rethink_tf.reporting import runs as runs_lib
from tests.reporting import made_up_runs

_STEPS = 391  # An epoch of 50,000 images in batches of 128.
_NEVER = "more steps than were run"


def _runs(folder, **by_row):
  """Returns `Runs` of rows of Table 1: row18={"speed": 2.0}, ..."""
  for name, numbers in by_row.items():
    config = made_up_runs.row(int(name[3:5]), seed=numbers.pop("seed", 1),
                              epochs=numbers.pop("epochs", 100))
    made_up_runs.write(folder / name, config, **numbers)
  return runs_lib.find(folder)[0]


# A made-up loss is 2.301 - 2.3 (1 - exp(-speed (epoch - wait) / 4)): at a speed
# of 2 it is at most 2.07, and then 0.23, 1 and 5 epochs after the wait; at a
# speed of 1 after 1 and 10.
def test_a_start_is_the_end_of_the_epoch_before_the_loss_has_fallen(tmp_path):
  runs = _runs(tmp_path, row18={"speed": 2.0}, row19={"speed": 2.0, "wait": 7})
  later, = loss_checks.random_labels_start_later(runs, [[18, 19]], 0.9)
  assert later.holds and later.count == 50_000
  assert later.ours == (
      f"starts to fall, to 2.07 in the next epoch, after {7 * _STEPS:,} steps "
      "on random labels, 0 steps on true ones "
      "(epochs: 100 and 100, of 391 steps)")
  quick, = loss_checks.converges_quickly(runs, [[18, 19]], 0.9, 0.1)
  assert quick.holds
  assert quick.ours == (
      f"from 2.07 to 0.23 in {5 * _STEPS:,} steps on random labels, "
      f"{5 * _STEPS:,} steps on true ones (epochs: 100 and 100, of 391 steps)")


def test_a_fall_that_takes_longer_is_not_quick(tmp_path):
  runs = _runs(tmp_path, row18={"speed": 2.0}, row19={"speed": 1.0})
  quick, = loss_checks.converges_quickly(runs, [[18, 19]], 0.9, 0.1)
  assert quick.holds is False
  assert f"{10 * _STEPS:,} steps on random labels" in quick.ours
  # Both start with the first epoch.
  later, = loss_checks.random_labels_start_later(runs, [[18, 19]], 0.9)
  assert later.holds is False


def test_steps_are_means_over_seeds(tmp_path):
  runs = _runs(
      tmp_path, row18={"speed": 2.0}, row19_a={"speed": 2.0, "wait": 2},
      row19_b={"speed": 2.0, "wait": 5, "seed": 2})
  later, = loss_checks.random_labels_start_later(runs, [[18, 19]], 0.9)
  assert f"after {3.5 * _STEPS:,.0f} steps on random labels" in later.ours


@pytest.mark.parametrize("never", [18, 19])
def test_a_loss_that_never_falls_is_said_to(tmp_path, never):
  numbers = {f"row{row}": {"train": 0.01 if row == never else 1.0, "speed": 2.0}
             for row in (18, 19)}
  runs = _runs(tmp_path, **numbers)
  quick, = loss_checks.converges_quickly(runs, [[18, 19]], 0.9, 0.1)
  assert quick.holds is False and _NEVER in quick.ours
  later, = loss_checks.random_labels_start_later(runs, [[18, 19]], 0.9)
  assert later.holds is (never == 19) and _NEVER in later.ours


def test_rows_are_compared_on_equally_many_images_and_name_their_epochs(
    tmp_path):
  runs = _runs(tmp_path, row12={"epochs": 25}, row13={"epochs": 40, "wait": 9})
  later, = loss_checks.random_labels_start_later(runs, [[12, 13]], 0.9)
  assert later.ours.endswith(
      "(epochs: 40 of 100 and 25 of 100, of 391 steps)")
  true = runs.best(made_up_runs.row(12))
  made_up_runs.write(tmp_path / "fewer", made_up_runs.row(
      13, train_examples=5000, epochs=60))
  random = runs_lib.find(tmp_path / "fewer")[0].best(made_up_runs.row(13))
  alone = runs_lib.Runs([*true, *random])
  later, = loss_checks.random_labels_start_later(alone, [[12, 13]], 0.9)
  assert len(random) == 1 and later.holds is None


def test_a_loss_is_zero_up_to_a_share_of_a_guess(tmp_path):
  most = 0.01 * math.log(10)
  runs = _runs(tmp_path, row13={"train_loss": 0.99 * most, "epochs": 40},
               row16={"train_loss": 1.01 * most})
  alexnet, mlp, missing = loss_checks.loss_is_zero(runs, [13, 16, 19], 0.01)
  assert (alexnet.holds, mlp.holds, missing.holds) == (True, False, None)
  assert alexnet.ours == (
      "loss 0.0228, 0.99% of a guess's (epochs: 40 of 100)")
  assert mlp.ours.endswith("1.01% of a guess's (epochs: 100)")


def test_the_loss_is_the_mean_of_the_seeds(tmp_path):
  runs = _runs(tmp_path, row19_a={"train_loss": 0.01},
               row19_b={"train_loss": 0.05, "seed": 2})
  found, = loss_checks.loss_is_zero(runs, [19], 0.01)
  assert found.ours.startswith("loss 0.03, 1.30% of") and not found.holds

"""Tests of the ledger: claims on made-up runs that hold and that do not."""

import dataclasses
import inspect

import pytest

from rethink_tf import errors
from rethink_tf.paper import claims as claims_lib
from rethink_tf.programs import report
from rethink_tf.reporting import architecture_checks
from rethink_tf.reporting import certainty
from rethink_tf.reporting import checks
from rethink_tf.reporting import imagenet_checks
from rethink_tf.reporting import ledger
from rethink_tf.reporting import linear_checks
from rethink_tf.reporting import loss_checks
from rethink_tf.reporting import measure_checks
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table1
from rethink_tf.reporting import theory_checks
from rethink_tf.suites import plan as suite_plan
from tests.reporting import made_up_runs

# Those on trained networks; the others' tests are in theory_report_test.
_CLAIMS = {
    claim.name: claim for claim in claims_lib.claims() if not claim.programs}
_PAPER_TEST = {
    1: 0.8905, 2: 0.8931, 3: 0.8603, 4: 0.8575, 5: 0.0978, 6: 0.83, 7: 0.82,
    8: 0.1012, 9: 0.8122, 10: 0.7966, 11: 0.7736, 12: 0.7607, 13: 0.0986,
    14: 0.5335, 15: 0.5239, 16: 0.1048, 17: 0.5039, 18: 0.5051, 19: 0.1061}
_ROWS = {made_up_runs.row(n): n for n in _PAPER_TEST}
_WEIGHTS = {config.model: row.params for row, config in table1.rows()}

# Row of Table 2: top-1 in training, at the end and at best on the test set.
_PAPER_IMAGENET = {
    1: (0.9218, 0.7784, 0.7784), 2: (0.9233, 0.7295, 0.7295),
    3: (0.9060, 0.6718, 0.7257), 4: (0.9953, 0.5980, 0.6316),
    5: (0.9118, 0.0009, 0.0012), 6: (0.8781, 0.0012, 0.0015),
    7: (0.9520, 0.0011, 0.0013)}
_IMAGENET_ROWS = {
    made_up_runs.row(n, table=2): n for n in _PAPER_IMAGENET}


def _paper(config):
  """Returns the numbers of a world in which all that the paper says holds."""
  if config in _IMAGENET_ROWS:
    train, test, best = _PAPER_IMAGENET[_IMAGENET_ROWS[config]]
    return {"train": train, "test": test, "best": best}
  p, model = config.label_corruption, config.model
  if config in _ROWS:
    test = _PAPER_TEST[_ROWS[config]]
  else:
    true = {"inception_small": 0.86, "alexnet_small": 0.76}.get(model, 0.5)
    noise = config.pixel_randomization in ("random_pixels", "gaussian")
    test = 0.1 if noise else true * (1 - p) + 0.1 * p
  train = 1.0
  if model == "alexnet_small" and p == 1 and config.weight_decay:
    train = 0.1
  speed = 2.0
  if config.pixel_randomization in ("random_pixels", "gaussian"):
    speed = 1.0
  if config.pixel_randomization == "shuffled_pixels":
    speed = 1.5
  setback = 1.0 if model == "inception_small_no_bn" else 0.0
  return {"train": train, "test": test, "speed": speed, "wait": 3 * p,
          "setback": setback, "halves": test, "params": _WEIGHTS[model]}


# The talk's numbers are not those that the paper's table gives, and what weight
# decay adds in it is within the sampling error of its test set.
_IN_THE_PAPERS_WORLD = {
    **dict.fromkeys(_CLAIMS, "holds"), "weights_per_example": "does not hold",
    "both_regularizers_help":
    "undecided: inception_small, weight decay, 0.78 points from the bound, "
    "within two standard errors of 10,000 test images (0.98 points); 16,000 "
    "would decide"}


def _verdicts(folder, names=tuple(_CLAIMS)):
  runs, _, damaged = runs_lib.find(folder)
  assert not damaged
  return {entry.claim.name: entry for entry in ledger.entries(runs)
          if entry.claim.name in names}


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory):
  folder = tmp_path_factory.mktemp("world")
  for suite in ("table1", "fig1a", "fig1b", "fig2b", "regularized_random",
                "table2"):
    made_up_runs.write_suite(folder, suite, _paper)
  return folder


def test_all_claims_hold_where_the_numbers_are_the_papers(world):
  verdicts = {n: e.verdict for n, e in _verdicts(world).items()}
  assert verdicts == _IN_THE_PAPERS_WORLD


def test_nothing_is_said_without_runs(tmp_path):
  for name, entry in _verdicts(tmp_path).items():
    # The configs can be compared whatever was run.
    expected = "holds" if name == "same_hyperparameters" else "not run"
    assert entry.verdict == expected


# For each claim, one number of that world changed so that it fails.
_BROKEN = {
    "random_labels_are_fitted": ({"row": 16}, {"train": 0.985}),
    "random_labels_leave_chance": ({"row": 13}, {"test": 0.13}),
    "more_weights_than_examples": ({"row": 18}, {"params": 499_999}),
    "random_labels_start_later": ({"row": 16}, {"wait": 0}),
    "fitting_is_quick_once_started": ({"row": 5}, {"speed": 1.0}),
    "fitting_is_quick_in_other_networks": ({"row": 13}, {"speed": 1.0}),
    "loss_on_random_labels_is_zero": ({"row": 19}, {"train_loss": 0.024}),
    "architecture_gains_more": ({"row": 9}, {"test": 0.89}),
    "architectures_differ_in_generalization": ({"row": 12}, {"test": 0.90}),
    "imagenet_random_labels_are_fitted": (
        {"row": 6, "table": 2}, {"train": 0.84}),
    "imagenet_random_labels_leave_chance": (
        {"row": 7, "table": 2}, {"test": 0.01}),
    "imagenet_unregularized_generalizes": (
        {"row": 4, "table": 2}, {"test": 0.5}),
    "augmentation_beats_weight_decay_on_imagenet": (
        {"row": 2, "table": 2}, {"test": 0.66}),
    "early_stopping_could_gain_on_imagenet": (
        {"row": 4, "table": 2}, {"best": 0.60}),
    "pixels_are_fitted": (
        {"row": 4, "pixel_randomization": "random_pixels"}, {"train": 0.97}),
    "noise_before_random_labels": (
        {"row": 4, "pixel_randomization": "gaussian"}, {"speed": 0.3}),
    "true_labels_before_noise": (
        {"row": 4, "pixel_randomization": "shuffled_pixels"}, {"speed": 2.5}),
    "corrupted_labels_are_fitted": (
        {"row": 12, "label_corruption": 0.6}, {"train": 0.97}),
    "small_constant_slowdown": (
        {"row": 18, "label_corruption": 1.0}, {"speed": 0.35}),
    "test_error_grows_with_corruption": (
        {"row": 18, "label_corruption": 0.5}, {"test": 0.6}),
    "remaining_signal_is_learned": (
        {"row": 12, "label_corruption": 0.8}, {"test": 0.11}),
    "unregularized_networks_generalize": ({"row": 15}, {"test": 0.45}),
    "both_regularizers_help": ({"row": 14}, {"test": 0.49}),
    "crop_beats_weight_decay": ({"row": 10}, {"test": 0.74}),
    "weight_decay_and_random_labels": (
        {"row": 11, "label_corruption": 1.0}, {"train": 0.99}),
    "early_stopping_gains_nothing": ({"row": 7}, {"best": 0.84}),
    "early_stopping_gains_nothing_apart": ({"row": 18}, {"halves": 0.53}),
    "batch_normalization_helps_a_little": ({"row": 7}, {"test": 0.77}),
    "batch_normalization_stabilizes": ({"row": 4}, {"setback": 1.5}),
}


def test_every_claim_is_broken_once():
  assert set(_BROKEN) == set(_CLAIMS) - {
      "same_hyperparameters", "weights_per_example"}


@pytest.mark.parametrize("name", _BROKEN)
def test_a_claim_fails_where_one_number_is_against_it(name, tmp_path):
  where, changed = _BROKEN[name]
  where = dict(where)
  broken = made_up_runs.row(where.pop("row"), **where)

  def numbers(config):
    return {**_paper(config), **(changed if config == broken else {})}

  for suite in _CLAIMS[name].suites:
    made_up_runs.write_suite(tmp_path, suite, numbers)
  entry = _verdicts(tmp_path)[name]
  assert entry.verdict == "does not hold"
  assert [f.holds for f in entry.findings].count(False) == 1


def test_hyperparameters_that_differ_are_seen():
  finding, = checks.same_hyperparameters(runs_lib.Runs([]), [[3, 5]])
  assert finding.holds is False
  assert finding.ours == "differ in label_corruption, weight_decay"


def test_an_epoch_is_chosen_by_one_half_and_measured_by_the_other(tmp_path):
  config = made_up_runs.row(18, epochs=3, halve_test_set=True)
  made_up_runs.write(tmp_path / "run", config, halves=0.0)
  path = tmp_path / "run/test_halves.csv"
  header = path.read_text("utf-8").splitlines()[0]
  path.write_text(f"{header}\n1,391,0.5,0.3\n2,782,0.4,0.6\n3,1173,0.45,0.55\n")
  (tmp_path / "run/SHA256SUMS").unlink()
  finding, = checks.early_stopping_by_halves(
      runs_lib.find(tmp_path)[0], [18], 1.0)
  # The first half's best epoch costs 25 points of the second, the second's
  # best 5 of the first.
  assert finding.holds and finding.count == 50_000
  assert finding.ours == (
      "-15.00 points on the other half, of epochs 1, 2 against 3")


def test_runs_stopped_after_different_epochs_are_named(tmp_path):
  for row, epochs in ((12, 25), (13, 40)):
    made_up_runs.write(
        tmp_path / str(row), made_up_runs.row(row, epochs=epochs))
  finding, = checks.same_hyperparameters(
      runs_lib.find(tmp_path)[0], [[12, 13]])
  assert finding.holds and finding.ours == (
      "differ in labels alone (these runs were stopped after 25 and 40 epochs)")


def test_random_labels_that_are_fitted_sooner_take_no_longer(tmp_path):
  sooner = made_up_runs.row(18, label_corruption=1.0)
  made_up_runs.write_suite(tmp_path, "fig1b", lambda config: {
      **_paper(config), **({"speed": 4.0} if config == sooner else {})})
  entry = _verdicts(tmp_path)["small_constant_slowdown"]
  assert {f.subject: f.holds for f in entry.findings} == {
      "inception_small": True, "alexnet_small": True, "mlp_1x512": False}


def test_a_claim_on_fewer_images_says_so(tmp_path):
  made_up_runs.write_suite(tmp_path, "fig2b", _paper, train_examples=1000)
  made_up_runs.write(tmp_path / "full", made_up_runs.row(4), test=0.8575)
  verdicts = _verdicts(tmp_path)
  # Two networks are compared on equally many images only.
  assert verdicts["batch_normalization_helps_a_little"].verdict.endswith(
      "at small scale (1,000 images)")


def test_claims_on_different_numbers_of_images_name_each(tmp_path):
  for row, count, epochs in ((16, 5000, 50), (5, 1000, 40), (19, 0, 100)):
    made_up_runs.write(tmp_path / f"row{row}", made_up_runs.row(
        row, train_examples=count, epochs=epochs), test=0.1)
  entry = _verdicts(tmp_path)["random_labels_leave_chance"]
  assert entry.verdict == (
      "holds, in part at small scale (1,000 and 5,000 images); 2 of 5 not run")
  row = next(line for line in ledger.lines(runs_lib.find(tmp_path)[0])
             if line["claim"] == entry.claim.says)
  assert row["measured"] == (
      "inception_small on 1,000 images: 10.00%; mlp_3x512 on 5,000 images: "
      "10.00%; mlp_1x512 on 50,000 images: 10.00%")


def test_a_network_that_never_fits_is_slower_than_any_factor(tmp_path):
  broken = made_up_runs.row(12, label_corruption=0.3)
  made_up_runs.write_suite(tmp_path, "fig1b", lambda config: {
      **_paper(config), **({"train": 0.5} if config == broken else {})})
  entry = _verdicts(tmp_path)["small_constant_slowdown"]
  assert entry.verdict == "does not hold"
  assert {f.subject: f.holds for f in entry.findings} == {
      "inception_small": True, "alexnet_small": False, "mlp_1x512": True}
  assert entry.findings[1].ours == "never at 90% with p = 0.3"


def test_a_comparison_names_a_row_cut_short(tmp_path):
  made_up_runs.write(tmp_path / "4", made_up_runs.row(4), test=0.8575)
  made_up_runs.write(tmp_path / "7", made_up_runs.row(7, epochs=30), test=0.82)
  entry = _verdicts(tmp_path)["batch_normalization_helps_a_little"]
  assert entry.findings[0].ours == (
      "85.75% against 82.00%; row 7 after 30 of 100 epochs")


@pytest.mark.parametrize("train, verdict", [
    (0.5, "undecided: inception_small_no_bn, 8 of 100 epochs; 4 of 5 not run"),
    # Fitted is fitted, however soon.
    (1.0, "holds; 4 of 5 not run")])
def test_a_run_cut_short_before_it_fits_decides_nothing(
    train, verdict, tmp_path):
  made_up_runs.write(tmp_path / "8", made_up_runs.row(8, epochs=8),
                     train=train, speed=4.0)
  assert _verdicts(tmp_path)["random_labels_are_fitted"].verdict == verdict


def test_a_comparison_with_a_run_cut_short_decides_nothing(tmp_path):
  made_up_runs.write(tmp_path / "4", made_up_runs.row(4), test=0.8575)
  made_up_runs.write(tmp_path / "7", made_up_runs.row(7, epochs=8), train=0.5,
                     test=0.4)
  entry = _verdicts(tmp_path)["batch_normalization_helps_a_little"]
  assert entry.verdict == "undecided: inception_small, row 7: 8 of 100 epochs"


def test_a_bound_that_is_met_by_a_hair_says_so(tmp_path):
  # The paper's 99.34%, less the point of slack.
  made_up_runs.write(tmp_path / "19", made_up_runs.row(19), train=0.98336)
  finding = _verdicts(tmp_path)["random_labels_are_fitted"].findings[-1]
  assert finding.holds and finding.ours == (
      "98.34% (the bound, met to within 0.01 point)")


@pytest.mark.parametrize("seeds, holds, undecided", [
    # Means 98.31% and 98.36%, of which the spread leaves 0.04 points uncertain.
    ((0.9827, 0.9831, 0.9834), False, "0.03 points from the bound, within two "
     "standard errors of 3 seeds (0.04 points)"),
    ((0.9832, 0.9836, 0.9839), True, "0.02 points from the bound, within two "
     "standard errors of 3 seeds (0.04 points)"),
    ((0.9837, 0.9841, 0.9844), True, ""), ((0.982, 0.983, 0.9825), False, "")])
def test_a_mean_over_seeds_decides_beyond_their_spread(
    seeds, holds, undecided, tmp_path):
  for seed, train in enumerate(seeds, 1):
    made_up_runs.write(tmp_path / str(seed), dataclasses.replace(
        made_up_runs.row(19), seed=seed), train=train)
  finding = _verdicts(tmp_path)["random_labels_are_fitted"].findings[-1]
  assert (finding.holds, finding.undecided) == (holds, undecided)


# 10,000 images leave 10% and 50% uncertain by 0.6 and 1 point.
@pytest.mark.parametrize("parts, holds, decided", [
    ([(0.59, [10])], True, False), ([(0.61, [10])], True, True),
    ([(-0.59, [90])], False, False), ([(-0.61, [90])], False, True),
    ([(1.41, [50, 50])], True, False), ([(1.42, [50, 50])], True, True),
    ([(0.1, [50]), (2, [50])], True, False),
    ([(0.1, [50]), (-2, [50])], False, True)])
def test_numbers_decide_beyond_two_standard_errors(parts, holds, decided):
  judged = certainty.judge(*parts)
  assert (judged.holds, not judged.undecided) == (holds, decided)


def test_what_is_undecided_says_how_many_images_would_decide():
  # A quarter of the error takes sixteen times the images.
  assert certainty.judge((0.25, [50])).undecided == (
      "0.25 points from the bound, within two standard errors of 10,000 test "
      "images (1.00 points); 160,000 would decide")
  assert "would" not in certainty.judge((0.0, [50])).undecided


def test_every_claim_names_suites_and_a_check_that_takes_its_values():
  for claim in claims_lib.claims():
    assert set(claim.suites) <= set(suite_plan.names())
    inspect.signature(ledger.check_of(claim)).bind(None, **claim.values)
    assert claim.place.startswith("Section") and claim.needs


def test_every_check_has_a_name_of_its_own_and_a_claim():
  checked = [check.__name__ for module in (
      architecture_checks, checks, imagenet_checks, linear_checks, loss_checks,
      measure_checks, theory_checks)
             for check in module.CHECKS]
  assert len(set(checked)) == len(checked)
  assert set(checked) == {claim.check for claim in claims_lib.claims()}


def test_the_ledger_is_printed_whatever_the_verdicts(world, capsys):
  code = errors.exit_code_of(
      report.main, ["report", f"--runs={world}", "--claims"])
  out = capsys.readouterr().out
  assert code == 0
  for name, claim in _CLAIMS.items():
    verdict = _IN_THE_PAPERS_WORLD[name]
    for word in ("does not hold", "holds", "undecided"):
      verdict = verdict.replace(word, word.upper())
    assert f"{verdict}: {claim.says}\n  {claim.place}; needs suite " in out
  assert "- inception_small on 50,000 images: 85.75% against 82.00%" in out

"""Tests of claims, figures, selection and statements on real small runs."""

import copy

import numpy as np
import pytest

from rethink_tf import linear_config
from rethink_tf import streams
from rethink_tf.linear import claims
from rethink_tf.linear import figures
from rethink_tf.linear import fourier
from rethink_tf.linear import kernels
from rethink_tf.linear import problem
from rethink_tf.linear import progress
from rethink_tf.linear import selection
from rethink_tf.linear import statements


@pytest.fixture(name="measured", scope="module")
def _measured():
  options = linear_config.parse_section5([
      "--dataset=digits", "--train_examples=600", "--test_examples=300",
      "--sgd_examples=40", "--sgd_epochs=200", "--out=unused"])
  return statements.measure(options, progress.Quiet())


def test_the_statements_hold_on_digits(measured):
  assert [c.holds for c in claims.of_section5(measured)] == 6 * [True]


@pytest.mark.parametrize("part, name, value, which", [
    ("sgd", "outside_span", 0.1, 0),
    ("sgd", "distance_to_kernel_solution", 0.1, 1),
    ("sgd", "distances", [1.0, 0.1, 0.2, 1e-9], 1),
    ("sgd", "distances", [1.0, 0.5, 0.4, 0.3], 1),
    ("curvature", "differences", [0.0, 0.1], 2),
    ("curvature", "difference_elsewhere", 0.0, 2),
    ("curvature", "null_directions", 0, 3),
])
def test_a_claim_does_not_hold_against_its_numbers(
    measured, part, name, value, which):
  changed = copy.deepcopy(measured)
  changed[part][name] = value
  held = [c.holds for c in claims.of_section5(changed)]
  assert held == [i != which for i in range(6)]


@pytest.mark.parametrize("name, which", [
    ("random_centers", 4), ("labels_on_test", 5)])
@pytest.mark.parametrize("value", [
    {"norm": 1.0}, {"train_error": 0.01}, {"test_error": 0.0}])
def test_a_solution_that_is_small_or_good_or_not_exact_is_no_example(
    measured, name, which, value):
  changed = copy.deepcopy(measured)
  changed["solutions"][name].update(value)
  assert not claims.of_section5(changed)[which].holds


def test_all_solutions_interpolate_and_the_minimum_norm_is_least(measured):
  found = measured["solutions"]
  assert all(s["residual"] < 1e-6 for s in found.values())
  assert min(found, key=lambda name: found[name]["norm"]) == "minimum_norm"
  # Without l2, the path is at the same solution.
  first = measured["path"][0]
  assert first["l2"] == 0
  assert first["norm"] == pytest.approx(found["minimum_norm"]["norm"], rel=1e-6)


def _result(**changes):
  return {"dataset": "mnist", "n": 60_000, "l2": 0.0, "train_error": 0.0,
          "test_error": 0.0122, "relative_residual": 9e-5, "min_norm": 145.0,
          **changes}


def test_exact_interpolation_is_claimed_of_exact_interpolation_alone():
  assert claims.interpolates(_result(), 0.012).holds
  for changes in ({"train_error": 1e-4}, {"relative_residual": 1e-3},
                  {"l2": 0.1}, {"test_error": 0.02}):
    assert not claims.interpolates(_result(**changes), 0.012).holds


def test_a_larger_norm_with_a_smaller_error_is_not_predictive():
  pixels = _result()
  assert claims.norm_is_not_predictive(
      pixels, _result(min_norm=290.0, test_error=0.006)).holds
  claim = claims.norm_is_not_predictive(
      pixels, _result(min_norm=290.0, test_error=0.011))
  assert not claim.holds and "2.00" in claim.measured
  assert not claims.norm_is_not_predictive(
      pixels, _result(min_norm=100.0, test_error=0.006)).holds


@pytest.mark.parametrize("best, helps", [(0.10, True), (0.165, False)])
def test_regularization_helps_where_the_error_falls(best, helps):
  path = [{"l2": 1.0, "test_error": 0.3}, {"l2": 0.0, "test_error": 0.17},
          {"l2": 0.1, "test_error": best}]
  for expected in (True, False):
    claim = claims.regularization(path, "it", expected)
    assert claim.holds == (helps == expected)
    assert "17.00%" in claim.measured and f"{best:.2%}" in claim.measured


def test_fourier_features_are_the_gaussian_kernel_on_average():
  points = streams.uniform(60, 1, "points").reshape(12, 5)
  exact = kernels.matrix(kernels.Kernel("gaussian", 0.8), points, points)
  x = fourier.features(points, 0.8, 20_000, 1)
  # The standard error is 1 / sqrt(10,000) at most.
  np.testing.assert_allclose(x @ x.T, exact, atol=0.05)
  np.testing.assert_allclose((x**2).sum(axis=1), 1)


# Selection.


def test_folds_hold_each_example_out_once():
  parts = selection.folds(10, 3)
  assert sorted(np.concatenate([held for _, held in parts])) == list(range(10))
  for fitted, held in parts:
    assert sorted([*fitted, *held]) == list(range(10))


def _small():
  parsed = linear_config.parse_interpolate(
      ["--dataset=digits", "--train_examples=240"])[0]
  return parsed, problem.load(parsed, None)


def test_selection_measures_what_was_held_out_and_never_the_test_set():
  config, data = _small()
  choice = selection.evaluate("", config, data, 3)
  assert 0 < choice.mean < 0.3 and len(choice.errors) == 3
  # By hand, the first fold.
  fitted, held = selection.folds(240, 3)[0]
  points = problem.points(config, data.images).astype(float)
  kernel = problem.kernel(config)
  alpha = np.linalg.solve(
      kernels.matrix(kernel, points[fitted], points[fitted]),
      data.targets[fitted])
  predicted = kernels.matrix(kernel, points[held], points[fitted]) @ alpha
  wrong = np.mean(predicted.argmax(axis=1) != data.labels[held])
  assert choice.errors[0] == pytest.approx(wrong, abs=1.01 / 80)
  # A test set that would break anything that touched it.
  poisoned = problem.Problem(**{
      **{f: getattr(data, f) for f in data.__dataclass_fields__},
      "test_images": None, "test_labels": None})
  assert selection.evaluate("", config, poisoned, 3) == choice


def test_selection_finds_the_better_of_two():
  config, data = _small()
  net = linear_config.parse_interpolate([
      "--dataset=digits", "--train_examples=240",
      "--preprocessing=random_convnet", "--filters=50"])[0]
  narrow = linear_config.parse_interpolate([
      "--dataset=digits", "--train_examples=240", "--bandwidth=0.05"])[0]
  choices = [selection.evaluate(name, c, data, 2) for name, c in (
      ("narrow", narrow), ("as is", config), ("net", net))]
  # So narrow that every image is alone: no better than guessing.
  assert choices[0].mean > 0.5 > 0.3 > choices[2].mean
  assert selection.best(choices[:2]).flags == "as is"


def test_a_choices_row_is_its_mean_and_standard_error():
  row = selection.Choice("--l2=1", (0.1, 0.3), (2.0, 4.0)).as_row()
  assert row == {"flags": "--l2=1", "held_out_error": pytest.approx(0.2),
                 "standard_error": pytest.approx(0.1), "min_norm": 3.0,
                 "folds": 2}
  assert tuple(row) == selection.COLUMNS


# Figures: what is drawn is what was given.


def _lines(figure):
  axes, = figure.axes
  assert axes.get_xlabel() and axes.get_ylabel()
  return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_errors_are_drawn_in_percent_in_order():
  runs = [{"n": 60_000, "filters": 9, "test_error": 0.012},
          {"n": 1000, "filters": 3, "test_error": 0.06}]
  lines = _lines(figures.error_against_examples(
      {"pixels": runs}, {"pixels": 0.02}))
  assert lines["pixels"] == [[1000, 6.0], [60_000, 1.2]]
  assert lines["pixels, paper, all examples"][0][1] == 2.0
  lines = _lines(figures.error_against_filters({"net": runs}))
  assert lines == {"net": [[3, 6.0], [9, 1.2]]}


def test_both_errors_are_drawn_along_l2(measured):
  lines = _lines(figures.error_against_l2({"digits": measured["path"]}))
  path = measured["path"]
  assert lines["digits, test"] == [
      [p["l2"], 100 * p["test_error"]] for p in path]
  assert lines["digits, training"][-1][1] == 100 * path[-1]["train_error"]


def test_solutions_are_drawn_at_their_norm_and_error(measured):
  figure = figures.norm_against_error(
      {**measured["solutions"], "a run": _result()})
  axes, = figure.axes
  texts = {text.get_text(): text.xy for text in axes.texts}
  assert texts["a run"] == (145.0, pytest.approx(1.22))
  assert len(texts) == 4 and axes.get_xscale() == "log"


def test_the_distance_is_drawn_by_epoch(measured):
  line, = _lines(figures.distance_against_epochs(measured["sgd"])).values()
  assert line == [list(point) for point in zip(
      measured["sgd"]["epochs"], measured["sgd"]["distances"])]

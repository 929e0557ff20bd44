"""Tests of the report on Sections 2.2 and 4: what is drawn and said."""

import io

import numpy as np
import pytest

from rethink_tf.paper import claims as claims_lib
from rethink_tf.reporting import ledger
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import theory_figures
from rethink_tf.reporting import theory_tables
from rethink_tf.runs import directory as run_directory

_ROWS = ({"row": 1},)


def _write(folder, program, result, rows=_ROWS, **config):
  with run_directory.claim(folder) as directory:
    directory.begin({"program": program, "seed": 1} | config, {}, False)
    directory.write_metrics(rows, tuple(rows[0]))
    directory.write_result({"status": "done", **result})


def _expressivity(folder, method="construction", config=(), **changed):
  result = {"n": 50_000, "d": 3, "weights": 100_003, "train_accuracy": 1.0,
            "max_abs_error": 1e-9, "test_accuracy": 0.125, **changed}
  _write(folder, "expressivity", result, method=method, label_corruption=1.0,
         **{"dataset": "digits", **dict(config)})


def _rademacher(folder, model, estimate, linear=0.03, seed=1):
  _write(folder, "rademacher", {
      "model": model, "draws": {"1000": 3, "2000": 1},
      "estimates": {"2000": estimate - 0.005, "1000": estimate},
      "standard_errors": {"1000": 0.01, "2000": None},
      "linear": {"1000": linear, "2000": linear / 2}}, dataset="digits",
         seed=seed)


def _stability(folder, probability, generalization, seed=1):
  rows = [
      {"label_corruption": p, "replacement": r, "epoch": e,
       "max_loss_difference": e * (1 + r), "generalization_error": e * p / 10}
      for p in (0.0, 1.0)[:len(probability)] for r in (0, 1)
      for e in range(4)]
  _write(folder, "stability", {
      "model": "mlp_1x512", "n": 1000,
      "max_probability_difference": dict(zip("01", probability)),
      "generalization_error": dict(zip("01", generalization))}, rows,
         dataset="digits", model="mlp_1x512", n=1000, seed=seed)


def _lemma1(folder, **changed):
  rows = [{"n": 10, "position": p, "inverse_singular": 6.0,
           "inverse_eigenvalue": 2.0} for p in (0.25, 0.5)]
  _write(folder, "lemma1", {"full_rank": True, "eigenvalue_error": 1e-12,
                            "instances": 3, **changed}, rows)


def _corollary1(folder, config=(), **changed):
  rows = [{"blocks": b, "depth": b + 4, "width": 100 // b, "max_abs_error": 0.1}
          for b in (2, 4)]
  _write(folder, "corollary1", {
      "n": 10, "train_accuracy": 1.0, "depth_constant": 4, "width_constant": 8,
      "weights_per_block": 15.0, "max_abs_error": 0.1, **changed}, rows,
         **{"dataset": "digits", **dict(config)})


def _vc_dimension(folder, **changed):
  rows = [{"n": 4, "labelings": 16, "fitted": 15, "of_a_line": 8}]
  _write(folder, "vc_dimension", {
      "shattered": 12, "fitted": 100, **changed}, rows, dataset="digits")


def _separation(folder, nearest=64.0):
  names = ("none", "shuffled_pixels", "random_pixels", "gaussian")
  distances = {
      "same_class": dict(zip(names, (38.0, 36.0, 68.0, 69.0))),
      "other_class": dict.fromkeys(names, 53.0),
      "nearest": dict(zip(names, (17.0, 16.0, nearest, 66.0)))}
  _write(folder, "separation", {"n": 100, **distances}, [
      {"pixel_randomization": name, **{
          column: by_name[name] for column, by_name in distances.items()}}
      for name in names], dataset="digits")


def _perceptron(folder, mistakes=24, true_bound=0.25, random_bound=0.98):
  rows = [{"n": n, "label_corruption": p, "mistakes": mistakes, "passes": 3,
           "fits": 1, "radius": 10.0, "margin": m, "error_bound": e,
           "test_error": 0.1}
          for p, m, e in ((0.0, 2.0, true_bound), (1.0, 1.0, random_bound))
          for n in (20, 40)]
  rows[-1]["margin"] = 0.0  # Too many points for any linear function.
  by_labels = {"0": 0.5, "1": 0.5}
  _write(folder, "perceptron", {
      "n": 40, "mistakes_over_bound": 0.5, "mistakes": {"0": 24, "1": 24},
      "error_bound": by_labels, "test_error": by_labels}, rows,
         dataset="digits", classes=[0, 1])


def _find(folder):
  runs, _, damaged = runs_lib.find(folder)
  assert not damaged
  return runs


def _entry(folder, name):
  return next(e for e in ledger.entries(_find(folder)) if e.claim.name == name)


def _drawn(folder, name):
  """Draws a figure of the runs in a folder; returns its axes."""
  table = getattr(theory_tables, name)(_find(folder))
  figure = getattr(theory_figures, name)(table)
  figure.savefig(io.BytesIO(), format="png")
  assert all(axes.get_xlabel() or axes.get_ylabel() for axes in figure.axes)
  return figure.axes


# Figures.


def test_expressivity_draws_percent_of_each_network(tmp_path):
  _expressivity(tmp_path / "a")
  _expressivity(tmp_path / "b", method="sgd", train_accuracy=0.5,
                test_accuracy=0.1, weights=7)
  axes, = _drawn(tmp_path, "expressivity")
  assert [bar.get_height() for bar in axes.patches] == [100, 50, 12.5, 10]
  label = axes.get_xticklabels()[0].get_text()
  assert label == "Theorem 1,\nrandom labels\n100,003 weights"


def test_datasets_and_seeds_are_told_apart_where_there_are_several(tmp_path):
  _expressivity(tmp_path / "a")
  _expressivity(tmp_path / "b", config={"dataset": "cifar100", "seed": 2})
  axes, = _drawn(tmp_path, "expressivity")
  assert [label.get_text().splitlines()[3:] for label in axes.get_xticklabels()
          ] == [["digits", "seed 1"], ["CIFAR-100", "seed 2"]]
  chances = [line for line in axes.get_lines() if len(line.get_xdata()) == 2]
  assert [(line.get_ydata()[0], line.get_label()) for line in chances] == [
      (1, "chance, 1%"), (10, "chance, 10%")]
  for seed in (1, 2):
    _corollary1(tmp_path / f"c{seed}", config={"seed": seed})
  width, error = _drawn(tmp_path, "corollary1")
  assert [line.get_label() for line in width.get_lines()] == [
      "seed 1", "seed 2"]
  assert [list(line.get_xdata()) for line in error.get_lines()] == 2 * [[6, 8]]


def test_seeds_are_curves_of_their_own(tmp_path):
  for seed in (1, 2):
    _rademacher(tmp_path / f"r{seed}", "linear", 0.02, seed=seed)
    _stability(tmp_path / f"s{seed}", (0.05, 0.6), (0.1, 0.9), seed=seed)
  axes, = _drawn(tmp_path, "rademacher")
  assert [label.get_text() for label in axes.get_yticklabels()] == [
      "linear, digits, seed 1", "linear, digits, seed 2"]
  panels = _drawn(tmp_path, "stability")
  assert len(panels) == 4
  assert [panels[k].get_title("left") for k in (0, 2)] == [
      f"MLP 1×512, 1,000 images of digits, seed {seed}" for seed in (1, 2)]


def test_rademacher_draws_a_row_a_network_and_the_closed_form(tmp_path):
  _rademacher(tmp_path / "a", "mlp_1x512", 1.0)
  _rademacher(tmp_path / "b", "linear", 0.02, linear=0.02)
  axes, = _drawn(tmp_path, "rademacher")
  assert [label.get_text() for label in axes.get_yticklabels()] == [
      "linear, digits", "MLP 1×512, digits"]
  assert {curve.get_label(): list(curve.lines[0].get_xdata())
          for curve in axes.containers} == {
      "n = 1,000": [0.02, 1.0], "n = 2,000": [0.015, 0.995]}
  closed = [list(line.get_xdata()) for line in axes.get_lines()
            if line.get_marker() == "|" and line.get_markersize() == 16]
  assert closed == [[0.02], [0.01]]


def test_stability_draws_a_line_a_replacement_and_percent(tmp_path):
  _stability(tmp_path / "a", (0.05, 0.6), (0.1, 0.9))
  left, right = _drawn(tmp_path, "stability")
  assert [list(line.get_ydata()) for line in left.get_lines()] == 2 * [
      [0, 1, 2, 3], [0, 2, 4, 6]]
  assert [list(line.get_ydata()) for line in right.get_lines()] == [
      [0, 0, 0, 0], [0, 10, 20, pytest.approx(30)]]
  assert [t.get_text() for t in left.get_legend().get_texts()] == [
      "true labels", "random labels"]


def test_the_other_figures_draw_their_rows(tmp_path):
  _corollary1(tmp_path / "c")
  width, error = _drawn(tmp_path, "corollary1")
  assert list(width.get_lines()[0].get_ydata()) == [50, 25]
  assert list(error.get_lines()[0].get_xdata()) == [6, 8]
  _lemma1(tmp_path / "l")
  axes, = _drawn(tmp_path, "lemma1")
  assert [list(x.get_ydata()) for x in axes.get_lines()] == [[3.0], [3.0]]
  _vc_dimension(tmp_path / "v")
  axes, = _drawn(tmp_path, "vc_dimension")
  assert [x.get_ydata()[0] for x in axes.get_lines()] == [15 / 16, 8 / 16]
  assert axes.get_xticklabels()[0].get_text() == "4\n(16 tried)"
  _separation(tmp_path / "s")
  axes, = _drawn(tmp_path, "separation")
  assert [list(x.get_ydata()) for x in axes.get_lines()] == [
      [53.0] * 4, [38.0, 36.0, 68.0, 69.0], [17.0, 16.0, 64.0, 66.0]]
  _perceptron(tmp_path / "p")
  left, right = _drawn(tmp_path, "perceptron")
  # Of 40 points with random labels there is no bound.
  np.testing.assert_array_equal(
      [line.get_ydata() for line in left.get_lines()],
      [[24, 24], [25, 25], [24, 24], [100, np.nan]])
  assert [list(line.get_ydata()) for line in right.get_lines()] == [
      [10, 10], [25, 25], [10, 10], [98, 98]]
  written = pages.files(_find(tmp_path))
  assert {"corollary1.png", "lemma1.svg", "vc_dimension.csv"} <= set(written)


# Claims.


def test_without_runs_nothing_is_said(tmp_path):
  verdicts = {e.claim.name: e.verdict for e in ledger.entries(_find(tmp_path))}
  assert {verdicts[c.name] for c in claims_lib.claims() if c.programs} == {
      "not run"}


@pytest.mark.parametrize("changed, holds", [
    ({}, True), ({"weights": 100_004}, False),
    ({"train_accuracy": 0.999}, False)])
def test_theorem_1_needs_every_label_and_exactly_2n_plus_d(
    tmp_path, changed, holds):
  _expressivity(tmp_path / "sgd", method="sgd", train_accuracy=0.1)
  _expressivity(tmp_path / "theorem", **changed)
  entry = _entry(tmp_path, "two_layers_represent_anything")
  assert entry.verdict == ("holds" if holds else "does not hold")
  assert "2n + d = 100,003" in entry.findings[0].paper
  assert "12.50%" in entry.findings[0].ours


@pytest.mark.parametrize("estimate, verdict", [
    (0.999, "holds at small scale (1,000 images); 3 of 4 not run"),
    (0.994, "does not hold at small scale (1,000 images); 3 of 4 not run")])
def test_rademacher_needs_every_n(tmp_path, estimate, verdict):
  _rademacher(tmp_path / "a", "mlp_1x512", estimate)
  assert _entry(tmp_path, "rademacher_complexity_is_one").verdict == verdict


@pytest.mark.parametrize("ratio, holds", [
    (0.995, True), (0.9, False), (1.01, False)])
def test_the_estimator_is_right_neither_above_nor_far_below(
    tmp_path, ratio, holds):
  _write(tmp_path / "a", "rademacher", {
      "model": "linear", "draws": {"1000": 5},
      "estimates": {"1000": 0.3 * ratio}, "standard_errors": {"1000": 0.1},
      "linear": {"1000": 0.3}}, dataset="digits")
  finding, = _entry(tmp_path, "rademacher_estimator_is_right").findings
  assert finding.holds == holds


@pytest.mark.parametrize("generalization, holds", [
    # beta is no less than the error with random labels.
    ((0.1, 0.9), True),
    # A beta that would do for true labels.
    ((0.1, 0.15), False)])
def test_one_beta_for_all_labels_is_held_against_the_error_with_true_ones(
    tmp_path, generalization, holds):
  _stability(tmp_path / "a", (0.05, 0.6), generalization)
  finding, = _entry(tmp_path, "stability_does_not_see_labels").findings
  assert finding.holds == holds
  assert f"at least {generalization[1]:.2f} for" in finding.ours
  assert "moved a probability by 0.05 and by 0.60" in finding.ours


def test_stability_of_one_kind_of_labels_says_nothing(tmp_path):
  _stability(tmp_path / "a", (0.1,), (0.1,))
  assert _entry(tmp_path, "stability_does_not_see_labels").verdict == "not run"


@pytest.mark.parametrize("name, write, changed", [
    ("lemma_1", _lemma1, {"full_rank": False}),
    ("lemma_1", _lemma1, {"eigenvalue_error": 0.1}),
    ("depth_trades_for_width", _corollary1, {"train_accuracy": 0.9}),
    ("the_perceptrons_mistakes_are_bounded", _perceptron, {"mistakes": 26}),
    ("the_perceptrons_theory_explains", _perceptron, {"true_bound": 0.6}),
    ("the_perceptrons_theory_explains", _perceptron, {"random_bound": 0.4}),
    ("vc_dimension_exceeds_n", _vc_dimension, {"shattered": 0}),
    ("vc_dimension_exceeds_n", _vc_dimension, {"fitted": 11})])
def test_the_other_claims_hold_and_can_fail(tmp_path, name, write, changed):
  write(tmp_path / "good" / "run")
  finding, = _entry(tmp_path / "good", name).findings
  assert finding.holds is True
  write(tmp_path / "bad" / "run", **changed)
  finding, = _entry(tmp_path / "bad", name).findings
  assert finding.holds is False


def test_noise_has_to_be_farther_apart_than_a_class_and_its_nearest(tmp_path):
  _separation(tmp_path / "good")
  entry = _entry(tmp_path / "good", "noise_is_separated")
  assert [each.holds for each in entry.findings] == [True, True]
  _separation(tmp_path / "bad", nearest=17.0)
  entry = _entry(tmp_path / "bad", "noise_is_separated")
  assert [each.holds for each in entry.findings] == [False, True]
  assert "to the nearest input 17.0, 17.0" in entry.findings[0].ours

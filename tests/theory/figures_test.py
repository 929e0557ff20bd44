"""Tests of figures and claims: what is drawn and said is what was measured."""

import io

import pytest

from rethink_tf.theory import claims
from rethink_tf.theory import figures


def _rademacher(model, estimate, linear=0.03):
  return {"model": model, "estimates": {"2000": estimate - 0.1,
                                        "1000": estimate},
          "standard_errors": {"1000": 0.01, "2000": None},
          "linear": {"1000": linear, "2000": linear / 2}}


def _stability_rows():
  return [
      {"label_corruption": p, "replacement": r, "epoch": e,
       "max_loss_difference": e * (1 + r), "generalization_error": e * p / 10}
      for p in (0.0, 1.0) for r in (0, 1) for e in range(4)]


def _drawn(figure):
  """Renders a figure; returns its axes."""
  figure.savefig(io.BytesIO(), format="png")
  assert all(axes.get_ylabel() for axes in figure.axes)
  return figure.axes


def test_expressivity_draws_percent_of_each_network():
  axes, = _drawn(figures.expressivity({
      "Theorem 1": {"weights": 12, "train_accuracy": 1.0,
                    "test_accuracy": 0.125},
      "SGD": {"weights": 13, "train_accuracy": 0.5, "test_accuracy": 0.1}}))
  heights = [bar.get_height() for bar in axes.patches]
  assert heights == [100, 50, 12.5, 10]
  assert "12 weights" in axes.get_xticklabels()[0].get_text()


def test_rademacher_draws_sizes_in_order_and_the_closed_form():
  axes, = _drawn(figures.rademacher([_rademacher("mlp", 1.0)]))
  x, y = axes.containers[0].lines[0].get_data()
  assert list(x) == [1000, 2000] and list(y) == [1.0, 0.9]
  closed = [line for line in axes.get_lines()
            if line.get_label() == "linear, closed form"]
  assert list(closed[0].get_ydata()) == [0.03, 0.015]


def test_stability_draws_a_line_a_replacement_and_percent():
  left, right = _drawn(figures.stability(_stability_rows()))
  assert [list(line.get_ydata()) for line in left.get_lines()] == 2 * [
      [0, 1, 2, 3], [0, 2, 4, 6]]
  assert [list(line.get_ydata()) for line in right.get_lines()] == [
      [0, 0, 0, 0], [0, 10, 20, pytest.approx(30)]]
  assert [t.get_text() for t in left.get_legend().get_texts()] == [
      "true labels", "random labels"]


def test_the_other_figures_draw_their_rows():
  rows = [{"blocks": b, "depth": b + 4, "width": 100 // b, "max_abs_error": 0.1}
          for b in (2, 4)]
  width, error = _drawn(figures.corollary1(rows))
  assert list(width.get_lines()[0].get_ydata()) == [50, 25]
  assert list(error.get_lines()[0].get_xdata()) == [6, 8]
  rows = [{"n": 10, "position": p, "inverse_singular": 6.0,
           "inverse_eigenvalue": 2.0} for p in (0.25, 0.5)]
  axes, = _drawn(figures.lemma1(rows))
  assert [list(x.get_ydata()) for x in axes.get_lines()] == [[3.0], [3.0]]
  rows = [{"n": 4, "labelings": 16, "fitted": 15, "of_a_line": 8}]
  axes, = _drawn(figures.vc_dimension(rows))
  assert [x.get_ydata()[0] for x in axes.get_lines()] == [16, 15, 8]


_FITTED = {"n": 10, "d": 3, "weights": 23, "train_accuracy": 1.0,
           "max_abs_error": 1e-9, "test_accuracy": 0.1}


@pytest.mark.parametrize("changed, holds", [
    ({}, True), ({"weights": 24}, False), ({"train_accuracy": 0.999}, False)])
def test_theorem_1_needs_every_label_and_exactly_2n_plus_d(changed, holds):
  claim = claims.theorem1({**_FITTED, **changed})
  assert claim.holds == holds
  assert "2n + d = 23" in claim.evidence and "10.00%" in claim.evidence


@pytest.mark.parametrize("estimate, holds", [(1.1, True), (1.05, False)])
def test_rademacher_needs_every_n(estimate, holds):
  claim = claims.rademacher(_rademacher("mlp_1x512", estimate))
  assert claim.holds == holds and "n = 1,000" in claim.evidence


@pytest.mark.parametrize("ratio, holds", [
    (0.99, True), (0.9, False), (1.01, False)])
def test_the_estimator_is_right_neither_above_nor_far_below(ratio, holds):
  result = {"estimates": {"10": 0.3 * ratio}, "linear": {"10": 0.3}}
  assert claims.rademacher_estimator(result).holds == holds


@pytest.mark.parametrize("probability, generalization, holds", [
    ({"0": 0.05, "1": 0.6}, {"0": 0.1, "1": 0.9}, True),
    ({"0": 0.6, "1": 0.5}, {"0": 0.1, "1": 0.9}, True),
    # A bound that would do; and errors that do not differ.
    ({"0": 0.05, "1": 0.15}, {"0": 0.1, "1": 0.9}, False),
    ({"0": 0.5, "1": 0.6}, {"0": 0.1, "1": 0.15}, False)])
def test_one_beta_for_all_labels_is_held_against_the_error_with_true_ones(
    probability, generalization, holds):
  claim = claims.stability({
      "model": "mlp_1x512", "n": 1000, "epochs": 50,
      "max_probability_difference": probability,
      "generalization_error": generalization})
  assert claim.holds == holds
  assert f"at least {max(probability.values()):.2f} for" in claim.evidence


def test_the_other_claims_can_fail():
  lemma = {"full_rank": True, "eigenvalue_error": 1e-12, "instances": 3}
  assert claims.lemma1(lemma).holds
  assert not claims.lemma1({**lemma, "full_rank": False}).holds
  assert not claims.lemma1({**lemma, "eigenvalue_error": 0.1}).holds
  corollary = {**_FITTED, "depth_constant": 4, "width_constant": 8,
               "weights_per_block": 15.0}
  assert claims.corollary1(corollary).holds
  assert not claims.corollary1({**corollary, "train_accuracy": 0.9}).holds
  assert claims.vc_dimension({"shattered": 12, "fitted": 100}).holds
  assert not claims.vc_dimension({"shattered": 0, "fitted": 100}).holds

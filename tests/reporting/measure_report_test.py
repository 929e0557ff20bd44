"""Tests of the report on measures: what is drawn and said of made-up runs."""

import io
import json

import numpy as np
import pytest

from rethink_tf.reporting import gallery
from rethink_tf.reporting import ledger
from rethink_tf.reporting import measure_figures
from rethink_tf.reporting import measure_tables
from rethink_tf.reporting import runs as runs_lib
from tests.reporting import made_up_runs

_NAME = "MLP 1×512, 50,000 images of CIFAR-10"


def _write(folder, p, values, test, weights="", **changed):
  config = made_up_runs.row(18, label_corruption=p, epochs=3, **changed)
  path = folder / f"{config.short_hash()}-{config.seed}"
  made_up_runs.write(path, config, test=test)
  (path / "measures.json").write_text(json.dumps(
      {"weights_sha256": weights, "values": values, "undefined": {}}))


@pytest.fixture(name="folder")
def _folder(tmp_path):
  """A network at three levels of p, one of them with two seeds."""
  for p, norm, sharpness, bound in (
      (0.0, 10, 0.03, 40), (0.5, 20, 0.01, 30), (1.0, 30, 0.02, 50)):
    _write(tmp_path, p, {"frobenius_norm": norm, "sharpness": sharpness,
                         "pac_bayes_bound": bound}, 0.5 - 0.4 * p)
  _write(tmp_path, 1.0, {"frobenius_norm": 40}, 0.3, seed=2)
  return tmp_path


def _find(folder):
  runs, _, damaged = runs_lib.find(folder)
  assert not damaged
  return runs


def _entry(folder, name):
  return next(e for e in ledger.entries(_find(folder)) if e.claim.name == name)


def test_values_are_normalized_within_their_curve_and_some_reversed(folder):
  table = measure_tables.measures(_find(folder))
  assert set(table.curve) == {_NAME}

  def of(name):
    part = table[table.measure == name]
    return list(part.p), pytest.approx(list(part.normalized))

  assert of("frobenius_norm") == ([0, 0.5, 1, 1], [0, 1 / 3, 2 / 3, 1])
  assert of("sharpness") == ([0, 0.5, 1], [0, 1, 0.5])
  assert of("test_error") == ([0, 0.5, 1, 1], [0, 0.5, 1, 0.5])


@pytest.mark.parametrize("changed", [
    {"label_noise": "asymmetric"}, {"weight_decay": 0.1}])
def test_other_labels_are_no_curve_and_other_flags_one_of_their_own(
    folder, changed):
  for p in (0.5, 1.0):
    _write(folder, p, {"frobenius_norm": 1}, 0.3, **changed)
  table = measure_tables.measures(_find(folder))
  assert table.curve.nunique() == (1 if "label_noise" in changed else 2)
  assert all(curve.startswith(_NAME) for curve in table.curve)
  part = table[(table.measure == "frobenius_norm") & (table.value == 1)]
  assert list(part.normalized) == ([] if "label_noise" in changed else [0, 0])


def test_one_level_or_measures_of_other_weights_draw_nothing(tmp_path):
  _write(tmp_path, 0.0, {"frobenius_norm": 1}, 0.3)
  _write(tmp_path, 1.0, {"frobenius_norm": 1}, 0.3, weights="of another run")
  assert measure_tables.measures(_find(tmp_path)).empty
  drawn = [name for _, name, _ in gallery.tables(_find(tmp_path))]
  assert "measures" not in drawn
  entry = _entry(tmp_path, "measures_order_labels")
  assert entry.verdict == "not run"


@pytest.mark.parametrize("text", [
    "{", "[]", '{"weights_sha256": "", "values": 3}',
    '{"weights_sha256": "", "values": {"frobenius_norm": "large"}}'])
def test_a_damaged_file_of_measures_leaves_the_run_as_it_is(folder, text):
  path = next(folder.glob("*/measures.json"))
  path.write_text(text)
  runs = _find(folder)
  assert len(runs.of_training()) == 4
  assert len(runs.measured()) == 3


def test_each_measure_has_a_panel_with_the_test_error(folder):
  figure = measure_figures.measures(measure_tables.measures(_find(folder)))
  figure.savefig(io.BytesIO(), format="png")
  shown = [axes for axes in figure.axes if axes.get_visible()]
  assert [axes.get_title() for axes in shown] == [
      "frobenius norm", "sharpness,\nreversed", "pac bayes bound"]
  error, norm = shown[0].get_lines()
  # Means over the seeds at p = 1.
  np.testing.assert_allclose(norm.get_ydata(), [0, 1 / 3, 5 / 6])
  np.testing.assert_allclose(error.get_ydata(), [0, 0.5, 0.75])
  assert [text.get_text() for text in figure.legends[0].get_texts()] == [
      "test error", _NAME]


def test_each_measure_has_a_verdict_on_the_order_of_labels(folder):
  entry = _entry(folder, "measures_order_labels")
  found = {f.subject: f for f in entry.findings}
  assert {name: f.holds for name, f in found.items()} == {
      "frobenius norm": True, "sharpness": True, "pac bayes bound": True}
  assert found["sharpness"].ours == (
      f"{_NAME}: 0.03 on true labels, 0.02 on random ones, tau 0.33 over 3 "
      "levels")
  assert entry.verdict == "holds"
  assert len(entry.directories) == 4


@pytest.mark.parametrize("values", [
    {"frobenius_norm": 5, "sharpness": 0.02}, {"frobenius_norm": 10},
    {"margin_10": 100}])
def test_the_contrary_order_and_none_fail(tmp_path, values):
  true = {"frobenius_norm": 10, "sharpness": 0.01, "margin_10": 3}
  _write(tmp_path, 0.0, true, 0.5)
  _write(tmp_path, 1.0, values, 0.1)
  entry = _entry(tmp_path, "measures_order_labels")
  assert {f.holds for f in entry.findings} == {False}
  assert {f.subject for f in entry.findings} == {
      name.replace("_", " ") for name in values}
  assert entry.verdict == "does not hold"


@pytest.mark.parametrize("least, holds", [(31, True), (0.99, False)])
def test_a_bound_that_says_something_of_any_network_is_named(
    folder, least, holds):
  _write(folder, 0.25, {"pac_bayes_bound": least}, 0.5)
  finding, = _entry(folder, "bounds_say_nothing").findings
  assert finding.holds is holds
  assert finding.ours == (f"at least 30 ({_NAME}, p = 0.5)" if holds else
                          f"at least 0.99 ({_NAME}, p = 0.25)")

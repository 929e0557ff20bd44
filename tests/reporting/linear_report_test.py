"""Tests of the report on Section 5: Table 3, figures, claims."""

import copy
import io

import pytest

from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import ledger
from rethink_tf.reporting import linear_figures
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.runs import directory as run_directory

_ROWS = ({"iteration": 0},)


def _write(folder, config, result, rows=_ROWS):
  with run_directory.claim(folder) as directory:
    directory.begin(config.as_dict(), {}, False)
    directory.write_metrics(rows, tuple(rows[0]))
    directory.write_result({"status": "done", **result})


def _solve(folder, stem, *flags, **changed):
  """Writes a run of a flagfile, with numbers that the paper would like."""
  config, _ = linear_flags.parse_interpolate(
      [f"--flagfile=configs/{stem}.flags", *flags])
  errors = {"table3_mnist": 0.012, "table3_mnist_gabor": 0.006,
            "table3_cifar10": 0.46, "table3_cifar10_random_convnet": 0.17,
            "table3_cifar10_random_convnet_l2": 0.15}
  _write(folder, config, {
      "dataset": config.dataset, "n": config.examples, "l2": config.l2,
      "train_error": 0.0, "test_error": errors[stem],
      "relative_residual": 9e-5,
      "min_norm": 390.0 if "gabor" in stem else 220.0, "wall_seconds": 510.0,
      "peak_memory_gb": 9.0, "dataset_fingerprint": f"{config.dataset}-0123",
      **changed})


_STATEMENTS = {
    "n": 1000,
    "sgd": {"epochs": [0, 10], "distances": [1.0, 1e-9], "outside_span": 1e-13,
            "distance_to_kernel_solution": 1e-12, "examples": 40},
    "curvature": {
        "differences": [1e-9, 1e-8], "difference_elsewhere": 0.3,
        "distance_of_minima": 2.0, "null_directions": 60, "weights": 100,
        "rank": 40, "examples": 40},
    "solutions": {
        "minimum_norm": {"norm": 20.0, "train_error": 0.0, "test_error": 0.05},
        "random_centers": {
            "norm": 2000.0, "train_error": 0.0, "test_error": 0.2},
        "labels_on_test": {
            "norm": 60.0, "train_error": 0.0, "test_error": 0.9}},
    "path": [{"l2": 0.0, "train_error": 0.0, "test_error": 0.05},
             {"l2": 0.1, "train_error": 0.1, "test_error": 0.06}],
}


def _measure(folder, result, *flags):
  config, _ = section5_flags.parse_section5(["--dataset=digits", *flags])
  sgd = result["sgd"]
  _write(folder, config, result, [
      {"epoch": e, "distance": d}
      for e, d in zip(sgd["epochs"], sgd["distances"])])


def _find(folder):
  runs, _, damaged = runs_lib.find(folder)
  assert not damaged
  return runs


def _entry(folder, name):
  return next(e for e in ledger.entries(_find(folder)) if e.claim.name == name)


# Table 3.


def test_table_3_has_the_papers_rows_and_flagfiles():
  rows = tables.table3()
  assert [(row.title, row.test_error) for row in rows] == [
      ("MNIST", 1.2), ("MNIST, gabor filters", 0.6), ("CIFAR-10", 46),
      ("CIFAR-10, random conv-net", 17), ("CIFAR-10, random conv-net, l2", 15)]
  for row in rows:
    config, _ = linear_flags.parse_interpolate([f"--flagfile={row.flagfile}"])
    assert config.dataset == row.data_set.lower()
    assert (config.l2 > 0) == (row.regularized == "l2")


def test_a_row_takes_its_run_on_the_most_examples(tmp_path):
  _solve(tmp_path / "a", "table3_mnist", "--train_examples=10000",
         test_error=0.024)
  _solve(tmp_path / "b", "table3_mnist")
  _solve(tmp_path / "c", "table3_mnist", "--bandwidth=6", test_error=0.5)
  first, *others = linear_tables.table3(_find(tmp_path))
  assert (first["n"], first["test error, ours"], first["norm"]) == (
      "60,000", "1.20", "220")
  assert (first["minutes"], first["GB"]) == ("8.5", "9.0")
  assert {row["test error, ours"] for row in others} == {"not run"}


def test_fewer_filters_stand_in_and_say_so(tmp_path):
  for filters in (1000, 8000):
    _solve(tmp_path / str(filters), "table3_cifar10_random_convnet",
           f"--filters={filters}", test_error=0.2)
  row = linear_tables.table3(_find(tmp_path))[3]
  assert (row["filters"], row["test error, paper"]) == ("8,000", "17")


@pytest.mark.parametrize("filters, said", [
    (8000, " with 8,000 of 32,000 filters"), (32_000, "")])
def test_a_verdict_says_how_many_filters_stand_in(tmp_path, filters, said):
  for weight, error in ((0, 0.17), (0.1, 0.15)):
    _solve(tmp_path / str(weight), "table3_cifar10_random_convnet",
           f"--filters={filters}", f"--l2={weight}", test_error=error)
  interpolates = _entry(tmp_path, "interpolation_generalizes")
  assert interpolates.verdict == f"holds{said}; 3 of 4 not run"
  l2 = _entry(tmp_path, "regularization_improves_convolutional_features")
  assert l2.verdict == f"holds{said}"


def test_norms_are_compared_on_equally_many_examples(tmp_path):
  _solve(tmp_path / "a", "table3_mnist", min_norm=220.0)
  _solve(tmp_path / "b", "table3_mnist_gabor", "--train_examples=10000",
         n=10_000, min_norm=150.0)
  name = "norm_does_not_predict_generalization"
  assert _entry(tmp_path, name).verdict == "not run"
  _solve(tmp_path / "c", "table3_mnist", "--train_examples=10000", n=10_000,
         min_norm=100.0, test_error=0.024)
  entry = _entry(tmp_path, name)
  assert entry.verdict == "holds at small scale (10,000 images)"
  assert "bandwidths 5 and 4" in entry.findings[0].ours


# Figures.


def test_statements_of_other_points_are_curves_of_their_own(tmp_path):
  _measure(tmp_path / "a", _STATEMENTS)
  _measure(tmp_path / "b", _STATEMENTS, "--preprocessing=gabor", "--seed=2")
  runs = _find(tmp_path)
  for table in (linear_tables.error_against_l2(runs),
                linear_tables.distance_against_epochs(runs)):
    assert {name.partition(", n")[0] for name in table.curve} == {
        "digits", "digits, gabor, seed 2"}
  assert linear_tables.norm_against_error(runs).solution.is_unique


def test_sgd_on_as_many_of_other_images_is_a_curve_of_its_own(tmp_path):
  for count in (1000, 500):
    _measure(tmp_path / str(count), _STATEMENTS, f"--train_examples={count}")
  table = linear_tables.distance_against_epochs(_find(tmp_path))
  assert set(table.curve) == {
      "digits, n = 40 of 1,000", "digits, n = 40 of 500"}


def _lines(figure):
  figure.savefig(io.BytesIO(), format="png")
  axes, = figure.axes
  assert axes.get_xlabel() and axes.get_ylabel()
  return {line.get_label(): line.get_xydata().tolist() for line in axes.lines}


def test_errors_are_drawn_in_percent_in_order(tmp_path):
  _solve(tmp_path / "b", "table3_mnist")
  _solve(tmp_path / "a", "table3_mnist", "--train_examples=1000",
         test_error=0.06)
  table = linear_tables.error_against_examples(_find(tmp_path))
  lines = _lines(linear_figures.error_against_examples(table))
  assert lines["MNIST"] == [[1000, 6.0], [60_000, 1.2]]
  assert lines["MNIST, paper, all examples"][0][1] == 1.2


def test_filters_are_compared_on_the_most_examples(tmp_path):
  for count, filters, error in ((50_000, 500, 0.3), (50_000, 1000, 0.25),
                                (2000, 500, 0.7), (2000, 1000, 0.6)):
    _solve(tmp_path / f"{count}-{filters}", "table3_cifar10_random_convnet",
           f"--filters={filters}", f"--train_examples={count}",
           test_error=error)
  table = linear_tables.error_against_filters(_find(tmp_path))
  lines = _lines(linear_figures.error_against_filters(table))
  assert lines["CIFAR-10, random conv-net, n = 50,000, test"] == [
      [500, 30.0], [1000, 25.0]]
  assert [x for x, _ in lines[
      "CIFAR-10, random conv-net, n = 50,000, training"]] == [500, 1000]
  assert lines["CIFAR-10, random conv-net, paper, test"] == [[32_000, 17.0]]


def test_both_errors_are_drawn_along_l2(tmp_path):
  _measure(tmp_path / "s", _STATEMENTS)
  _solve(tmp_path / "a", "table3_mnist")
  _solve(tmp_path / "b", "table3_mnist", "--l2=0.5", test_error=0.013)
  table = linear_tables.error_against_l2(_find(tmp_path))
  lines = _lines(linear_figures.error_against_l2(table))
  assert lines["digits, n = 1,000"] == [[0, 5.0], [0.1, 6.0]]
  assert lines["MNIST, n = 60,000"] == [[0, 1.2], [0.5, 1.3]]


def test_a_curve_is_on_the_most_examples_that_have_one(tmp_path):
  _solve(tmp_path / "a", "table3_mnist")
  for l2, error in ((0, 0.02), (0.5, 0.03)):
    _solve(tmp_path / f"b{l2}", "table3_mnist", f"--l2={l2}",
           "--train_examples=20000", test_error=error)
  table = linear_tables.error_against_l2(_find(tmp_path))
  lines = _lines(linear_figures.error_against_l2(table))
  assert lines["MNIST, n = 20,000"] == [[0, 2.0], [0.5, 3.0]]


def test_l2_of_random_filters_is_on_the_most_that_have_a_curve(tmp_path):
  for filters, l2, error in ((16_000, 0, 0.2), (8000, 0, 0.24),
                             (8000, 0.1, 0.19)):
    _solve(tmp_path / f"{filters}-{l2}", "table3_cifar10_random_convnet",
           f"--filters={filters}", f"--l2={l2}", test_error=error)
  table = linear_tables.error_against_l2(_find(tmp_path))
  figure = linear_figures.error_against_l2(table)
  lines = _lines(figure)
  assert lines["CIFAR-10, random conv-net, n = 50,000, 8,000 filters"] == [
      [0, 24.0], [0.1, 19.0]]
  axes, = figure.axes
  legend = figure.legends[0].get_window_extent()
  assert 0 < legend.x0 < legend.x1 < figure.bbox.x1
  assert legend.y1 < axes.bbox.y0


def test_interpolation_is_drawn_by_label_corruption(tmp_path):
  for p, error, norm in ((0, 0.02, 100.0), (0.5, 0.4, 300.0), (1, 0.9, 500.0)):
    _solve(tmp_path / f"p{p}", "table3_mnist", f"--label_corruption={p}",
           "--train_examples=10000", test_error=error, min_norm=norm, n=10_000)
  _solve(tmp_path / "whole", "table3_mnist")  # Alone on all images.
  table = linear_tables.error_against_corruption(_find(tmp_path))
  figure = linear_figures.error_against_corruption(table)
  errors, norms = figure.axes
  assert errors.get_lines()[0].get_label() == "MNIST, n = 10,000"
  assert errors.get_lines()[0].get_xydata().tolist() == [
      [0, 2], [0.5, 40], [1, 90]]
  assert norms.get_lines()[0].get_ydata().tolist() == [100, 300, 500]


def test_solutions_are_drawn_at_their_norm_and_error(tmp_path):
  _measure(tmp_path / "s", _STATEMENTS)
  _solve(tmp_path / "a", "table3_mnist")
  table = linear_tables.norm_against_error(_find(tmp_path))
  axes, = linear_figures.norm_against_error(table).axes
  points = {line.get_label(): line.get_xydata().tolist()
            for line in axes.get_lines()}
  assert points["MNIST, n = 60,000"] == [[220.0, pytest.approx(1.2)]]
  assert len(points) == 4 and axes.get_xscale() == "log"


def test_the_distance_is_drawn_by_epoch_and_all_figures_are_written(tmp_path):
  _measure(tmp_path / "s", _STATEMENTS)
  table = linear_tables.distance_against_epochs(_find(tmp_path))
  lines = _lines(linear_figures.distance_against_epochs(table))
  assert list(lines.values()) == [[[0, 1.0], [10, 1e-9]]]
  written = pages.files(_find(tmp_path))
  assert {"table3.md", "norm_against_error.png", "error_against_l2.csv",
          "distance_against_epochs.svg"} <= set(written)


# Claims.


@pytest.mark.parametrize("name, count", [
    ("sgd_stays_in_the_span", "40"),
    ("sgd_reaches_the_minimum_norm_solution", "40"),
    ("curvature_is_the_same_at_all_minima", "40"),
    ("hessian_is_degenerate", "40"),
    ("random_centers_are_worse", "1,000"),
    ("labels_on_the_test_data_are_worse", "1,000")])
def test_the_statements_hold_where_they_do(tmp_path, name, count):
  _measure(tmp_path / "s", _STATEMENTS)
  assert _entry(tmp_path, name).verdict == (
      f"holds at small scale ({count} images)")


@pytest.mark.parametrize("part, key, value, name", [
    ("sgd", "outside_span", 0.1, "sgd_stays_in_the_span"),
    ("sgd", "distance_to_kernel_solution", 0.1,
     "sgd_reaches_the_minimum_norm_solution"),
    ("sgd", "distances", [1.0, 0.3], "sgd_reaches_the_minimum_norm_solution"),
    ("sgd", "distances", [1e-8, 1e-7], "sgd_reaches_the_minimum_norm_solution"),
    ("curvature", "differences", [0.0, 0.1],
     "curvature_is_the_same_at_all_minima"),
    ("curvature", "difference_elsewhere", 0.0,
     "curvature_is_the_same_at_all_minima"),
    ("curvature", "null_directions", 0, "hessian_is_degenerate"),
    *(("solutions", other, change, claim)
      for other, claim in (
          ("random_centers", "random_centers_are_worse"),
          ("labels_on_test", "labels_on_the_test_data_are_worse"))
      for change in ({"norm": 1.0}, {"train_error": 0.01},
                     {"test_error": 0.0}))])
def test_a_statement_does_not_hold_against_its_numbers(
    tmp_path, part, key, value, name):
  changed = copy.deepcopy(_STATEMENTS)
  if isinstance(value, dict):
    changed[part][key].update(value)
  else:
    changed[part][key] = value
  _measure(tmp_path / "s", changed)
  count = "1,000" if part == "solutions" else "40"
  assert _entry(tmp_path, name).verdict == (
      f"does not hold at small scale ({count} images)")


@pytest.mark.parametrize("changed, holds", [
    ({}, True), ({"train_error": 1e-4}, False),
    ({"relative_residual": 1e-3}, False), ({"test_error": 0.02}, False)])
def test_exact_interpolation_is_claimed_of_exact_interpolation_alone(
    tmp_path, changed, holds):
  _solve(tmp_path / "a", "table3_mnist", **changed)
  entry = _entry(tmp_path, "interpolation_generalizes")
  assert [f.holds for f in entry.findings] == [holds, None, None, None]


@pytest.mark.parametrize("changed, holds", [
    ({}, True), ({"test_error": 0.011}, False), ({"min_norm": 100.0}, False)])
def test_a_larger_norm_with_a_smaller_error_is_not_predictive(
    tmp_path, changed, holds):
  _solve(tmp_path / "a", "table3_mnist")
  _solve(tmp_path / "b", "table3_mnist_gabor", **changed)
  finding, = _entry(tmp_path, "norm_does_not_predict_generalization").findings
  assert finding.holds == holds


def _descend(folder, *flags):
  config, _ = double_descent_flags.parse_double_descent(
      ["--dataset=digits", "--features=10,100,1000", *flags])
  rows = [
      {"label_corruption": p, "l2": l2, "features": features,
       "train_error": 0.0, "test_error": error + p / 10 - l2,
       "train_loss": 0.0, "test_loss": 1.0, "norm": 10 * error}
      for features, error in ((10, 0.3), (100, 0.8), (1000, 0.2))
      for l2 in config.l2 for p in config.label_corruption]
  _write(folder, config, {
      "dataset": "digits", "n": config.examples,
      "peaks": [{"label_corruption": p, "l2": l2, "test_loss": 100, "norm": 100}
                for l2 in config.l2 for p in config.label_corruption],
      "dataset_fingerprint": "digits-0123"}, rows)


def test_double_descent_is_drawn_by_features_noise_and_penalty(tmp_path):
  _descend(tmp_path / "a", "--train_examples=100", "--label_corruption=0,0.5")
  _descend(tmp_path / "b", "--train_examples=200", "--label_corruption=0")
  table = linear_tables.double_descent(_find(tmp_path))
  figure = linear_figures.double_descent(table)
  errors, norms, *second = figure.axes
  assert (errors.get_title(), second[0].get_title()) == (
      "digits, n = 100", "digits, n = 200")
  by_label = {line.get_label(): line for line in errors.lines}
  for label, expected in (
      ("label corruption 0", [30, 80, 20]),
      ("label corruption 0.5", [35, 85, 25]),
      ("label corruption 0.5, l2 0.1", [25, 75, 15])):
    assert by_label[label].get_xdata().tolist() == [10, 100, 1000]
    assert by_label[label].get_ydata().tolist() == pytest.approx(expected)
  # As many features as examples.
  assert [100, 100] in [list(line.get_xdata()) for line in norms.lines]
  assert norms.get_yscale() == "log"
  # Each setting stands in the legend once, whatever the number of runs.
  texts = [text.get_text() for text in figure.legends[0].get_texts()]
  assert sorted(texts) == sorted({*texts}) and len(texts) == 5


@pytest.mark.parametrize("best, helps", [(0.10, True), (0.165, False)])
def test_regularization_helps_where_the_error_falls(tmp_path, best, helps):
  for stem, name in (("table3_cifar10_random_convnet",
                      "regularization_improves_convolutional_features"),
                     ("table3_mnist", "regularization_does_not_improve_mnist")):
    for l2, error in ((0.0, 0.17), (0.1, best), (1.0, 0.3)):
      _solve(tmp_path / f"{stem}{l2}", stem, f"--l2={l2}", test_error=error)
    finding = _entry(tmp_path, name).findings[0]
    assert finding.holds == (helps if "improves" in name else not helps)
    assert "17.00%" in finding.ours and f"{best:.2%}" in finding.ours
    # Half a point is within 2 sqrt((0.17 0.83 + 0.165 0.835) / 10,000).
    assert bool(finding.undecided) == (best == 0.165)

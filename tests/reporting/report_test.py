"""Tests of the report: tables and figures from runs, and a README not stale."""

import csv
import os
import pathlib
import struct

import matplotlib
import pandas as pd
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.paper import tables
from rethink_tf.programs import report
from rethink_tf.reporting import figures
from rethink_tf.reporting import gallery
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import storage
from tests.reporting import made_up_runs

_ROOT = pathlib.Path(rethink_tf.__file__).parent.parent
_TABLES = ("table1", "table1_small", "weight_decay", "table2",
           "imagenet_sample", "table3", "claims", "runs")
# The pages with sections that the report writes.
_PAGES = ("README.md", "docs/results.md", "docs/claims.md", "docs/choices.md")
_RUN = ("scripts/bazel run //rethink_tf:report -- --runs=results --out=results "
        "--readme=")


def _main(*arguments):
  return errors.exit_code_of(report.main, ["report", *map(str, arguments)])


def _table(folder, name="table1"):
  with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def _write(folder, number, train, test, **changed):
  config = made_up_runs.row(number, **changed)
  made_up_runs.write(folder, config, train=train, test=test)


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory):
  """Runs for every figure: Inception at n = 1,000, MLP 1x512 in full."""
  folder = tmp_path_factory.mktemp("runs")

  def numbers(config):
    p = config.label_corruption
    return {"train": 0.9995, "test": 0.5 - 0.4 * p, "speed": 2 / (1 + p),
            "fitted": (0.99, 1.0) if 0 < p < 1 else None}

  for suite in ("fig1a", "fig2b"):
    made_up_runs.write_suite(folder, suite, numbers, train_examples=1000)
  made_up_runs.write_suite(
      folder, "fig2a", lambda config: {
          "test": 0.6, "best": 0.65, "train_top5": 0.9, "test_top5": 0.8,
          "best_test_top5": 0.85})
  for p in (0.0, 0.2, 0.5, 1.0):
    config = made_up_runs.row(18, label_corruption=p)
    made_up_runs.write(folder / f"mlp{p}", config, **numbers(config))
  for p in (0.5, 0.7):
    config = made_up_runs.row(
        4, label_corruption=p, train_examples=1000, epochs=40)
    made_up_runs.write(folder / f"inception{p}", config, **numbers(config))
  return folder


@pytest.fixture(name="out", scope="module")
def _out(runs, tmp_path_factory):
  folder = tmp_path_factory.mktemp("out") / "new" / "report"
  assert _main(f"--runs={runs}", f"--out={folder}") == 0
  return folder


# Table 1.


def test_seeds_of_a_row_are_averaged_with_their_sample_deviation(tmp_path):
  _write(tmp_path / "a" / "seed1", 19, 0.98, 0.10)
  _write(tmp_path / "b", 19, 1.00, 0.12, seed=2)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  row = _table(tmp_path)[18]
  # The sample deviation of two values is their distance over sqrt(2).
  assert row["train, ours"] == "99.00 ± 1.41"
  assert row["test, ours"] == "11.00 ± 1.41"
  assert (row["seeds"], row["n"], row["epochs"]) == ("1, 2", "50,000", "100")
  # Counted in the run; where there is none, the paper's.
  assert (row["params"], _table(tmp_path)[17]["params"]) == ("7", "1,209,866")


def test_a_run_that_stopped_when_it_was_fitted_says_after_how_many(tmp_path):
  stopping = made_up_runs.row(13, stop_when_fitted=10)
  made_up_runs.write(tmp_path / "run", stopping, stopped_after=43)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  for row in (_table(tmp_path)[12], *_table(tmp_path, "runs")):
    assert row["epochs"] == "fitted, stopped after 43 of at most 100"
  # Without the flag, a run of 43 rows is one that has lost some.
  made_up_runs.write(
      tmp_path / "cut", made_up_runs.row(12), stopped_after=43)
  _, _, damaged = runs_lib.find(tmp_path)
  assert "expected epochs 1 to 100. Received: 43 rows" in damaged[0]


def test_bfloat16_stands_in_a_row_where_float32_did_not_come_as_far(tmp_path):
  _write(tmp_path / "half", 13, 0.97, 0.1, precision="bfloat16")
  _write(tmp_path / "cut", 13, 0.5, 0.1, epochs=40)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path)[12]
  assert (row["epochs"], row["train, ours"]) == ("100; bfloat16", "97.00")
  readme = tmp_path / "README.md"
  readme.write_text(_marks("glance"))
  _main(f"--runs={tmp_path}", f"--out={tmp_path}", f"--readme={readme}")
  assert ("| AlexNet, random labels | 50,000, bfloat16 | 97.00 |"
          in readme.read_text("utf-8"))
  # Never both in one mean.
  _write(tmp_path / "full", 13, 0.99, 0.1, seed=2)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path)[12]
  assert (row["epochs"], row["train, ours"]) == ("100", "99.00")


def test_a_row_without_a_run_of_its_config_says_not_run(tmp_path):
  _write(tmp_path / "other", 19, 0.98, 0.10, dropout=0.5)
  _write(tmp_path / "longer", 19, 0.98, 0.10, epochs=101)
  _write(tmp_path / "fewer", 18, 0.98, 0.10, train_examples=5000, epochs=2)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  assert {row["train, ours"] for row in _table(tmp_path)} == {"not run"}


def test_shorter_runs_stand_in_until_there_is_a_whole_one(tmp_path):
  _write(tmp_path / "a", 19, 0.50, 0.10, epochs=3)
  _write(tmp_path / "b", 19, 0.60, 0.10, seed=2, epochs=4)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path)[18]
  assert (row["train, ours"], row["epochs"]) == ("60.00", "4 of 100")
  _write(tmp_path / "c", 19, 0.98, 0.10, seed=3)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path)[18]
  assert (row["train, ours"], row["epochs"]) == ("98.00", "100")


def test_on_fewer_images_a_longer_run_stands_in_where_no_other_is(tmp_path):
  for epochs in (100, 99):
    _write(tmp_path / str(epochs), 18, epochs / 100, 0.1, train_examples=5000,
           epochs=epochs)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path, "table1_small")[17]
  assert (row["train, ours"], row["epochs"]) == ("99.00", "99 of 50")


def test_fewer_images_have_a_table_that_says_how_many(tmp_path):
  for count, epochs in ((5000, 50), (2000, 125)):
    _write(tmp_path / f"n{count}", 18, 1.0, count / 1e5, train_examples=count,
           epochs=epochs, eval_every=10)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  row = _table(tmp_path, "table1_small")[17]
  assert (row["n"], row["epochs"], row["test, ours"]) == ("5,000", "50", "5.00")
  assert _table(tmp_path)[17]["test, ours"] == "not run"


def test_weight_decay_on_random_labels_is_compared_where_nothing_else_differs(
    tmp_path):
  for name, train, changed in (
      ("without", 0.98, {}), ("with", 0.97, {"weight_decay": 1e-4}),
      ("z-faster", 0.11, {"weight_decay": 1e-4, "learning_rate": 1.0})):
    _write(tmp_path / name, 19, train, 0.1, **changed)
  _write(tmp_path / "alone", 16, 0.99, 0.1)  # Without any weight decay.
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  rows = _table(tmp_path, "weight_decay")
  assert [(row["model"], row["weight decay"], row["train accuracy"])
          for row in rows] == [
      ("mlp_1x512", "0", "98.00"), ("mlp_1x512", "0.0001", "97.00")]


def test_the_papers_numbers_stand_in_every_row(out):
  assert [(float(r["train, paper"]), float(r["test, paper"]))
          for r in _table(out)] == [
      (row.train_accuracy, row.test_accuracy) for row in tables.table1()]
  assert _table(out)[12]["test, paper"] == "9.86"  # AlexNet, random labels.


_SMALL_TABLE = """\
| 18 | mlp_1x512 | 7 | true | no | no | 2,000 | 124 of 125 | 1, 2 | \
100.00 ± 0.00 | 100.00 | 30.50 ± 0.71 | 50.51 |
| 19 | mlp_1x512 | 7 | random | no | no | 5,000 | 50 | 3 | \
99.98 | 99.34 | 10.02 | 10.61 |

Accuracies in percent, at the end of training, weights fixed, over all \
training and all 10,000 test images; mean ± sample standard deviation where \
there are several seeds. Each network trained on the first n images only, \
the learning rate still falling by 0.95 per 50,000 images seen; each model's \
file in rethink_tf/models says how many epochs that makes. The paper's \
numbers are for 50,000 images. CIFAR-10 with dataset fingerprint 01234567.
"""


def test_a_tables_file_says_all_of_it(tmp_path):
  for seed, test in ((1, 0.30), (2, 0.31)):
    _write(tmp_path / f"true{seed}", 18, 1.0, test, train_examples=2000,
           epochs=124, seed=seed)
  _write(tmp_path / "random", 19, 0.9998, 0.1002, train_examples=5000,
         epochs=50, seed=3)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  lines = (tmp_path / "table1_small.md").read_text("utf-8").splitlines(True)
  assert len(lines) == 23
  assert "".join(lines[-4:]) == _SMALL_TABLE
  assert all(line.count("| not run |") == 2 for line in lines[2:19])
  assert [row["fingerprint"] for row in _table(tmp_path, "table1_small")] == (
      17 * [""] + 2 * ["01234567"])
  rows = (tmp_path / "runs.csv").read_text("utf-8").splitlines()
  assert rows[1:] == [
      'cifar10,mlp_1x512,"5,000",1,100.00,,none,no,no,0,0,,50,3,99.98,10.02,'
      'table1_small,01234567',
      'cifar10,mlp_1x512,"2,000",0,0.00,0.00,none,no,no,0,0,,124,1,100.00,'
      '30.00,table1_small,01234567',
      'cifar10,mlp_1x512,"2,000",0,0.00,0.00,none,no,no,0,0,,124,2,100.00,'
      '31.00,table1_small,01234567']


def test_the_list_of_runs_says_how_many_labels_were_drawn_and_changed(
    tmp_path):
  config = made_up_runs.row(19, label_corruption=0.5)
  made_up_runs.write(
      tmp_path / "a", config, labels_drawn=0.4934, labels_changed=0.4387)
  _write(tmp_path / "old", 19, 1.0, 0.1, label_corruption=0.7)
  _main(f"--runs={tmp_path}", f"--out={tmp_path}")
  assert [(row["label corruption"], row["labels drawn"], row["labels changed"])
          for row in _table(tmp_path, "runs")] == [
      ("0.5", "49.34", "43.87"), ("0.7", "", "")]


# Figures.


def test_every_figure_with_runs_is_written_thrice(out):
  figures = {"fig1", "fig1a_n1000", "fig1b", "fig1c", "label_kinds", "fig2a",
             "fig2b_n1000"}
  assert {path.name for path in out.iterdir()} == {
      *(f"{name}.{end}" for name in figures for end in ("png", "svg", "csv")),
      *(f"{name}.{end}" for name in _TABLES for end in ("md", "csv")),
      "index.html"}
  for path in out.glob("*.png"):
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 10_000
  for path in out.glob("*.svg"):
    assert "<svg" in path.read_text("utf-8")


def test_fig1a_has_the_training_loss_of_five_curves_by_step(out):
  rows = _table(out, "fig1a_n1000")
  assert {row["curve"] for row in rows} == {
      "true labels", "random labels", "shuffled pixels", "random pixels",
      "Gaussian"}
  mine = [row for row in rows if row["curve"] == "Gaussian"]
  assert [int(row["step"]) for row in mine] == list(range(8, 328, 8))
  assert float(mine[0]["train_loss"]) > float(mine[-1]["train_loss"])


def test_fig1b_is_relative_to_true_labels_at_a_level_all_reach(out):
  rows = _table(out, "fig1b")
  # Inception's runs, on 1,000 images, have p = 0, 0.5, 0.7 and 1.
  assert [(r["model"], r["n"], float(r["p"])) for r in rows] == [
      *(("inception_small", "1000", p) for p in (0, 0.5, 0.7, 1)),
      *(("mlp_1x512", "50000", p) for p in (0, 0.2, 0.5, 1))]
  # 0.9995 (0.1 + 0.9 (1 - exp(-x))) >= 0.999 holds from x = 7.495 on, and x is
  # epochs * 2 / (1 + p) / 4: in epoch 15, or 30 with random labels.
  assert {float(row["level"]) for row in rows} == {0.999}
  for row in rows:
    per_epoch = 8 if row["n"] == "1000" else 391
    if float(row["p"]) in (0, 1):
      epoch = 15 if float(row["p"]) == 0 else 30
      assert int(row["steps"]) == epoch * per_epoch
      assert float(row["relative"]) == pytest.approx(epoch / 15, rel=1e-4)


def test_fig1c_is_one_minus_the_test_accuracy(out):
  for row in _table(out, "fig1c"):
    assert float(row["test_error"]) == pytest.approx(
        0.5 + 0.4 * float(row["p"]), abs=1e-6)


def test_label_kinds_are_those_of_partly_corrupted_runs(out):
  rows = _table(out, "label_kinds")
  assert {(row["model"], float(row["p"])) for row in rows} == {
      ("inception_small", 0.5), ("inception_small", 0.7),
      ("mlp_1x512", 0.2), ("mlp_1x512", 0.5)}
  last = {name: float(value) for name, value in rows[-1].items()
          if name.endswith("_accuracy")}
  assert last["corrupted_accuracy"] < last["drawn_accuracy"] < (
      last["untouched_accuracy"])
  assert last["drawn_equal_accuracy"] == last["untouched_accuracy"]


@pytest.mark.parametrize("known, style, label", [
    (True, "--", "corrupted labels"),
    (False, ":", "drawn labels, changed or not")])
def test_a_figure_says_where_corrupted_labels_were_not_told_apart(
    known, style, label):
  table = pd.DataFrame({
      "model": "mlp_1x512", "n": 1000, "p": 0.5, "seed": 1, "epoch": [1, 2],
      "corrupted_accuracy": [0.1, 0.2] if known else float("nan"),
      "drawn_equal_accuracy": float("nan"), "untouched_accuracy": [0.5, 0.9],
      "drawn_accuracy": [0.2, 0.3]})
  figure = figures.label_kinds(table)
  untouched, drawn = figure.axes[0].get_lines()
  assert untouched.get_ydata().tolist() == [0.5, 0.9]
  assert drawn.get_ydata().tolist() == ([0.1, 0.2] if known else [0.2, 0.3])
  assert (untouched.get_linestyle(), drawn.get_linestyle()) == ("-", style)
  legend, = figure.legends
  assert [text.get_text() for text in legend.get_texts()] == [
      "untouched labels", label]
  assert figure.axes[0].get_title() == "p = 0.5"


def test_of_many_levels_four_are_shown_as_evenly_as_they_come():
  table = pd.DataFrame([
      {"model": model, "n": 1000, "p": p / 10, "seed": 1, "epoch": epoch,
       "corrupted_accuracy": 0.1, "drawn_equal_accuracy": 0.5,
       "untouched_accuracy": 0.5, "drawn_accuracy": 0.2}
      for model, levels in (("mlp_1x512", range(1, 10)), ("resnet18", (2, 5)))
      for p in levels for epoch in (1, 2)])
  panels = figures.label_kinds(table).axes
  assert [panel.get_title() for panel in panels if panel.get_visible()] == [
      "p = 0.2", "p = 0.4", "p = 0.6", "p = 0.8", "p = 0.2", "p = 0.5"]
  assert [panel.get_ylabel() for panel in panels[::4]] == [
      "MLP 1×512\n(1,000 images)", "ResNet-18\n(1,000 images)"]


def test_a_curve_of_loss_ends_where_all_are_at_zero():
  table = pd.DataFrame({
      "n": 1000, "curve": "true labels", "seed": 1,
      "step": range(10, 110, 10), "train_loss": [2, 1, 0.5] + 7 * [0.001]})
  axis, = figures.fig1a(table).axes
  assert axis.get_xlim() == (0, pytest.approx(33))


@pytest.mark.parametrize("name, curves", [
    ("fig2a", {"aug, dropout, wd", "wd", "no regularizers"}),
    ("fig2b_n1000", {"Inception", "Inception without BatchNorm"}),
])
def test_figure_2_has_the_best_so_far(out, name, curves):
  rows = _table(out, name)
  assert {row["curve"] for row in rows} == curves
  for curve in curves:
    mine = [row for row in rows if row["curve"] == curve]
    best = 0.0
    for row in mine:
      best = max(best, float(row["test_accuracy"]))
      assert float(row["best"]) == best


def test_the_best_so_far_is_named_where_there_is_an_area_to_see():
  table = pd.DataFrame({
      "n": 1000, "curve": 2 * ["rises"] + 2 * ["falls"], "seed": 1,
      "step": [1, 2, 1, 2], "test_accuracy": [0.4, 0.5, 0.4, 0.3],
      "best": [0.4, 0.5, 0.4, 0.4]})
  axis, = figures.fig2b(table).axes
  _, labels = axis.get_legend_handles_labels()
  assert labels == ["rises", "falls", "falls, best so far"]


@pytest.mark.parametrize("seeds, bars", [((1,), False), ((1, 2), True)])
def test_several_seeds_alone_have_error_bars(seeds, bars):
  table = pd.DataFrame([
      {"model": "mlp_1x512", "n": 1000, "p": p, "seed": seed,
       "test_error": p + 0.01 * seed} for p in (0, 1) for seed in seeds])
  axis, = figures.fig1c(table).axes
  drawn, = axis.containers
  assert drawn.has_yerr == bars


def test_a_users_matplotlibrc_changes_no_figure():
  fig1c, = [figure for figure in gallery.FIGURES if figure.name == "fig1c"]
  table = pd.DataFrame([
      {"model": "mlp_1x512", "n": 1000, "p": p, "seed": 1, "test_error": p}
      for p in (0, 1)])
  usual = fig1c.files("fig1c", table)
  with matplotlib.rc_context({
      "lines.linestyle": "--", "font.family": "monospace",
      "savefig.facecolor": "black", "svg.fonttype": "none"}):
    assert fig1c.files("fig1c", table) == usual


# What no figure is for.


def _write_sweep(folder, **changed):
  """Writes runs of MLP 1x512 on 200 images, at five levels with two seeds."""
  for p in (0.0, 0.25, 0.5, 0.75, 1.0):
    for seed in (1, 2):
      config = made_up_runs.row(
          18, train_examples=200, epochs=20, label_corruption=p, seed=seed,
          **changed)
      made_up_runs.write(
          folder / f"p{p}/seed{seed}", config, test=0.5 - 0.4 * p,
          fitted=(0.9 + seed / 100, 1.0) if 0 < p < 1 else None)


def test_a_sweep_of_ones_own_has_every_level_and_seed_in_its_figures(
    tmp_path, capsys):
  _write_sweep(tmp_path)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  expected = [(p, seed) for p in (0, 0.25, 0.5, 0.75, 1) for seed in (1, 2)]
  for name in ("fig1b", "fig1c"):
    assert [(float(row["p"]), int(row["seed"]))
            for row in _table(tmp_path, name)] == expected
  kinds = {(float(row["p"]), int(row["seed"]))
           for row in _table(tmp_path, "label_kinds")}
  assert kinds == {(p, seed) for p, seed in expected if 0 < p < 1}
  # Where it wrote, and where the page is.
  assert len(capsys.readouterr().out.splitlines()) == 2
  assert {row["shown in"] for row in _table(tmp_path, "runs")} == {
      "table1_small, fig1b, fig1c", "fig1b, fig1c, label_kinds"}


def test_a_sweep_that_no_figure_is_for_is_named_with_the_reason(
    tmp_path, capsys):
  _write_sweep(tmp_path, dataset="digits")
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}/out") == 0
  said, *_ = capsys.readouterr().out.splitlines()
  assert said == (
      f"no table or figure shows {tmp_path}/p0.0/seed1 and 9 more, of "
      "mlp_1x512 on 200 examples of digits, label corruption 0, 0.25, 0.5, "
      "0.75, 1, seed 1, 2: none is for --dataset=digits")
  rows = _table(tmp_path / "out", "runs")
  assert [row["shown in"] for row in rows] == 10 * ["here alone"]


def test_runs_in_whose_place_others_stand_are_named(tmp_path):
  for epochs in (30, 100):
    _write(tmp_path / f"epochs{epochs}", 19, 0.9, 0.1, epochs=epochs)
  _write(tmp_path / "again", 19, 0.9, 0.1, eval_every=10)
  _write(tmp_path / "half", 19, 0.9, 0.1, label_corruption=0.5)
  others, too_few = _left_out(tmp_path)
  assert f"shows {tmp_path}/again and 1 more, of mlp_1x512" in others
  assert "in its place stand others of its flags" in others
  assert f"shows {tmp_path}/half, of" in too_few
  assert "needs runs at 0, at 1 and between" in too_few


def _left_out(folder):
  return pages.left_out(runs_lib.find(folder)[0])


def test_a_model_that_never_fits_is_named_where_its_steps_are_not_drawn(
    tmp_path):
  for p, train in ((0.0, 1.0), (0.5, 1.0), (1.0, 0.5)):
    _write(tmp_path / f"{p}", 18, train, 0.1, label_corruption=p)
  assert _left_out(tmp_path) == [
      f"fig1b leaves out mlp_1x512: {tmp_path}/1.0 did not reach 90% training "
      "accuracy"]


def test_the_list_of_runs_tells_a_sweep_over_other_flags_apart(tmp_path):
  for rate in (0.01, 0.1):
    for batch in (32, 128):
      _write(tmp_path / f"{rate}-{batch}", 18, 1.0, 0.5, learning_rate=rate,
             batch_size=batch)
  files = pages.table_files(runs_lib.find(tmp_path)[0])
  rows = list(csv.DictReader(files["runs.csv"].decode().splitlines()))
  assert {row["other flags"] for row in rows} == {
      "", "--batch_size=32", "--learning_rate=0.1",
      "--batch_size=32 --learning_rate=0.1"}
  assert b"| --batch_size=32 --learning_rate=0.1 |" in files["runs.md"]


def test_a_run_of_another_program_that_nothing_shows_is_named(tmp_path):
  _write_other(tmp_path / "other", "mine")
  assert _left_out(tmp_path) == [
      f"no table or figure shows {tmp_path}/other, of mine"]


# What cannot be read.


def test_a_run_that_is_damaged_is_named_and_the_rest_reported(
    tmp_path, capsys):
  for seed in (1, 2, 3, 4):
    _write(tmp_path / f"seed{seed}", 19, 0.98, 0.10, seed=seed)
  (tmp_path / "seed2" / "metrics.csv").write_text("nonsense")
  (tmp_path / "seed3" / "config.json").write_text("{")
  for name, content in (("a_list", "[]"), ("nothing", "null")):
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text(content)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 4
  warnings = capsys.readouterr().err.splitlines()
  assert len(warnings) == 4
  for warning, damaged in zip(warnings, (
      "a_list/config.json", "nothing/config.json", "seed2/metrics.csv",
      "seed3/config.json")):
    assert f"{damaged} is damaged" in warning
  assert _table(tmp_path)[18]["seeds"] == "1, 4"


@pytest.mark.parametrize("change", [
    {"made_up": 1}, {"epochs": None}, {"epochs": "100"}, {"random_crop": 0.5}])
def test_a_run_of_another_version_is_named(tmp_path, capsys, change):
  config = made_up_runs.row(19).as_dict()
  config = {k: v for k, v in {**config, **change}.items() if v is not None}
  made_up_runs.write(tmp_path / "run", made_up_runs.row(19))
  (tmp_path / "run" / "SHA256SUMS").unlink()
  text = storage.json_text(config)
  (tmp_path / "run" / "config.json").write_text(text)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 4
  warning, = capsys.readouterr().err.splitlines()
  assert f"{tmp_path}/run was written by another version" in warning
  assert _table(tmp_path)[18]["train, ours"] == "not run"


@pytest.mark.parametrize("change", [
    {"best_test_accuracy": None}, {"train_examples": "50000"},
    {"dataset_fingerprint": None}, {"epochs_to_fit": {"0.5": 1}},
    {"epochs_to_fit": 3}])
def test_a_result_of_another_version_is_named_and_the_rest_reported(
    tmp_path, capsys, change):
  made_up_runs.write(tmp_path / "run", made_up_runs.row(19), **change)
  _write(tmp_path / "good", 18, 0.98, 0.10)
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 4
  warning, = capsys.readouterr().err.splitlines()
  assert f"{tmp_path}/run was written by another version" in warning
  assert [row["train, ours"] for row in _table(tmp_path)[17:]] == [
      "98.00", "not run"]


def test_a_table_cut_short_is_named_where_no_sums_are(tmp_path, capsys):
  _write(tmp_path / "run", 19, 0.98, 0.10)
  (tmp_path / "run" / "SHA256SUMS").unlink()
  metrics = tmp_path / "run" / "metrics.csv"
  metrics.write_text("".join(metrics.read_text().splitlines(True)[:-1]))
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 4
  warning, = capsys.readouterr().err.splitlines()
  assert "run/metrics.csv is damaged: expected epochs 1 to 100" in warning


def test_runs_of_other_data_are_named_and_not_averaged(tmp_path, capsys):
  for seed in (1, 2, 3):
    _write(tmp_path / f"seed{seed}", 19, 0.98, 0.10, seed=seed)
  config = tmp_path / "seed2" / "config.json"
  result = tmp_path / "seed2" / "result.json"
  (tmp_path / "seed2" / "SHA256SUMS").unlink()
  for file in (config, result):
    file.write_text(
        file.read_text().replace("0123456789abcdef", "feedfacecafe"))
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  assert (f"{tmp_path}/seed2 is of another cifar10 (fingerprint feedface) than "
          "most runs (01234567): left out") in capsys.readouterr().out
  assert _table(tmp_path)[18]["seeds"] == "1, 3"


def test_a_run_that_is_not_done_is_left_out_and_counted(tmp_path, capsys):
  _write(tmp_path / "run", 19, 0.98, 0.10)
  (tmp_path / "run" / "result.json").unlink()
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  assert f"{tmp_path}/run is not done: left out" in capsys.readouterr().out
  assert _table(tmp_path)[18]["train, ours"] == "not run"


@pytest.mark.parametrize("flags, said", [
    (("--runs=absent", "--out=x"), "--runs"),
    (("--runs=.",), "--out"),
    (("--runs=.", "--out=x", "--readme=absent"), "--readme"),
    (("--runs=.", "--out=x", "--figures"), "figures"),
])
def test_bad_input_is_refused_in_one_line(flags, said, capsys):
  assert _main(*flags) == 2
  out, err = capsys.readouterr()
  assert not out and len(err.splitlines()) == 1 and said in err


def test_a_folder_that_cannot_be_made_is_refused(runs, tmp_path, capsys):
  (tmp_path / "file").write_text("")
  assert _main(f"--runs={runs}", f"--out={tmp_path}/file/x") == 4
  assert "--out" in capsys.readouterr().err


# The README.


def test_only_what_stands_between_the_marks_is_rewritten():
  begin = "<!-- name: written by //rethink_tf:report, do not edit -->"
  text = f"before\n{begin}\nold\n<!-- end of name -->\nafter\n"
  once = pages.with_section(text, "name", "new")
  assert once.startswith("before\n") and once.endswith("\nafter\n")
  assert "old" not in once and "new" in once
  assert pages.with_section(once, "name", "new") == once


def test_only_the_sections_that_a_page_marks_are_written():
  content = dict.fromkeys(pages.SECTIONS, "new")
  text, names = pages.with_sections(
      _marks("table3") + _marks("claims"), content)
  assert names == ["table3", "claims"] and text.count("new") == 2


def _marks(name):
  return (f"<!-- {name}: written by //rethink_tf:report, do not edit -->\n"
          f"<!-- end of {name} -->\n")


@pytest.mark.parametrize("text, said", [
    ("no marks", "expected the lines"),
    (_marks("table1").replace("end of", "end"), "expected the lines"),
    (_marks("tabel1"), "Received: those of tabel1")])
def test_a_page_without_marks_or_with_wrong_ones_is_refused(text, said):
  content = dict.fromkeys(pages.SECTIONS, "new")
  with pytest.raises(errors.UsageError, match=said):
    pages.with_sections(text, content)


def test_on_a_page_what_was_not_run_stands_last_and_folded():
  table = pages.Table(
      "name", ("row", "n", "params", "ours", "paper"),
      [{"row": "1", "n": "", "params": "7", "ours": "not run", "paper": "90"},
       {"row": "2", "n": "50", "params": "7", "ours": "91", "paper": "92"}],
      "Notes.", ("params",))
  assert table.section() == """\
| row | n | ours | paper |
| --- | --- | --- | --- |
| 2 | 50 | 91 | 92 |

Notes.

<details>
<summary>Not run: 1</summary>

| row | paper |
| --- | --- |
| 1 | 90 |

</details>"""
  # The files have all of it, in the paper's order.
  assert table.files()["name.csv"] == (
      b"row,n,params,ours,paper\n1,,7,not run,90\n2,50,7,91,92\n")


def test_a_page_of_nothing_says_so(tmp_path):
  made = pages.sections(runs_lib.find(tmp_path)[0], "out")
  assert set(made) == set(pages.SECTIONS)
  assert {name for name, text in made.items() if "No runs yet" in text} == (
      set(pages.SECTIONS) - {"claims", "claims_at_length"})


def test_a_readme_gets_every_section_with_figures_where_they_are(
    runs, tmp_path, capsys):
  names = pages.SECTIONS
  readme = tmp_path / "README.md"
  readme.write_text("".join(map(_marks, names)))
  assert _main(f"--runs={runs}", f"--out={tmp_path}/docs/out",
               f"--readme={readme}") == 0
  assert ", ".join(names) in capsys.readouterr().out
  text = readme.read_text("utf-8")
  assert "](docs/out/fig1a_n1000.png)" in text
  assert "](docs/out/fig1.png)\n\nFigure 1, from runs" in text
  assert "| 19 | mlp_1x512 | random |" in text
  # Each network's row, on the most images that it was run on.
  assert "| MLP 1×512, random labels | 50,000 | 99.95 | 99.34 |" in text
  assert "| Inception, random labels | 1,000 | 99.95 | 100.00 |" in text
  assert "Not run: rows 1 to 17 of Table 1 on all 50,000 images; " in text


@pytest.fixture(name="committed", scope="module")
def _committed():
  runs, left_out, damaged = runs_lib.find(_ROOT / "results")
  assert not left_out and not damaged
  return runs


@pytest.mark.parametrize("page", _PAGES)
def test_the_pages_show_what_the_committed_runs_say(committed, page):
  text = (_ROOT / page).read_text("utf-8")
  folder = os.path.relpath("results", pathlib.Path(page).parent)
  new, _ = pages.with_sections(text, pages.sections(committed, folder))
  assert text == new, f"{page} is stale: {_RUN}{page}"


def test_every_section_is_on_a_page():
  texts = "".join((_ROOT / page).read_text("utf-8") for page in _PAGES)
  assert [name for name in pages.SECTIONS
          if f"<!-- {name}: written by " not in texts] == []


def _png_source(content):
  """Returns the Source text of a PNG."""
  place = 8
  while place < len(content):
    length, kind = struct.unpack(">I4s", content[place:place + 8])
    data = content[place + 8:place + 8 + length]
    if kind == b"tEXt" and data.startswith(b"Source\0"):
      return data.removeprefix(b"Source\0").decode()
    place += length + 12
  return None


def test_the_committed_figures_are_those_of_the_committed_runs(committed):
  tables_now = {name: table for _, name, table in gallery.tables(committed)}
  folder = _ROOT / "results"
  # The picture of modified images has no runs behind it, and its own test.
  assert {path.stem for path in folder.glob("*.png")} == (
      {*tables_now, "modifications"})
  for name, table in tables_now.items():
    numbers = (folder / f"{name}.csv").read_text("utf-8")
    assert numbers == gallery.csv_of(table), (
        f"{name} is stale: {_RUN}README.md")
    png = (folder / f"{name}.png").read_bytes()
    digest = gallery.digest_of(table)
    assert _png_source(png) == digest, f"{name} is stale: {_RUN}README.md"
    svg = (folder / f"{name}.svg").read_text("utf-8")
    assert f"<dc:source>{digest}</dc:source>" in svg, (
        f"{name} is stale: {_RUN}README.md")


def test_every_figure_has_a_title(committed):
  for figure, _, table in gallery.tables(committed):
    drawn = figure.draw(table)
    assert drawn.get_suptitle() or all(
        axes.get_title() or axes.get_title("left")
        for axes in drawn.axes if axes.get_visible()), figure.name


def test_the_committed_tables_are_those_of_the_committed_runs(committed):
  made = pages.table_files(committed)
  for name, content in made.items():
    assert (_ROOT / "results" / name).read_bytes() == content, (
        f"{name} is stale: {_RUN}README.md")


def _write_other(folder, program):
  with run_directory.claim(folder) as directory:
    directory.begin({"program": program, "seed": 1}, {}, False)
    directory.write_metrics([{"n": 3, "rank": 3}], ("n", "rank"))
    directory.write_result({"status": "done"})


def test_a_run_of_another_program_is_no_row_and_no_damage(tmp_path, capsys):
  _write(tmp_path / "row", 19, 0.98, 0.10)
  _write_other(tmp_path / "other", "mine")
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 0
  assert not capsys.readouterr().err
  runs, _, _ = runs_lib.find(tmp_path)
  other, = runs.of_program("mine")
  assert list(other.metrics.columns) == ["n", "rank"]


def test_another_programs_run_of_another_version_is_named(tmp_path, capsys):
  _write_other(tmp_path / "other", "lemma1")
  assert _main(f"--runs={tmp_path}", f"--out={tmp_path}") == 4
  warning, = capsys.readouterr().err.splitlines()
  assert f"{tmp_path}/other was written by another version" in warning

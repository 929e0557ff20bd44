"""Tests of a sweep of one's own: any number against any flag."""

import csv

import pytest

from rethink_tf import errors
from rethink_tf.programs import report
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import sweep
from tests.reporting import made_up_runs


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory):
  """Two models at three learning rates, MLP 1x512 with two seeds."""
  folder = tmp_path_factory.mktemp("runs")
  for number, seeds in ((12, (1,)), (18, (1, 2))):
    for rate in (0.001, 0.01, 0.1):
      for seed in seeds:
        config = made_up_runs.row(
            number, dataset="digits", epochs=4, learning_rate=rate, seed=seed)
        made_up_runs.write(
            folder / f"{number}-{rate}-{seed}", config,
            test=rate + 0.1 * seed)
  return folder


def _sweep(folder, *arguments):
  return sweep.of(runs_lib.find(folder)[0], *arguments)


def _main(*arguments):
  return errors.exit_code_of(report.main, ["report", *map(str, arguments)])


def test_a_sweep_has_a_row_a_run_by_what_was_asked_for(runs, tmp_path):
  assert _main(f"--runs={runs}", f"--out={tmp_path}", "--x=learning_rate",
               "--y=test_accuracy", "--by=model") == 0
  name = "test_accuracy_against_learning_rate_by_model"
  assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
  assert "<svg" in (tmp_path / f"{name}.svg").read_text("utf-8")
  with (tmp_path / f"{name}.csv").open(encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
  assert list(rows[0]) == [
      "model", "learning_rate", "test_accuracy", "seed", "directory"]
  assert [(r["model"], float(r["learning_rate"]), r["seed"],
           float(r["test_accuracy"])) for r in rows] == [
      *(("alexnet_small", x, "1", pytest.approx(x + 0.1))
        for x in (0.001, 0.01, 0.1)),
      *(("mlp_1x512", x, str(seed), pytest.approx(x + 0.1 * seed))
        for x in (0.001, 0.01, 0.1) for seed in (1, 2))]
  assert rows[0]["directory"] == f"{runs}/12-0.001-1"
  page = (tmp_path / "index.html").read_text("utf-8")
  assert "Test accuracy against learning rate, by model" in page


def test_points_are_means_with_the_sample_deviation_of_seeds(runs):
  figure = _sweep(runs, "learning_rate", "test_accuracy", ("model",)).draw()
  axis, = figure.axes
  one, several = axis.containers
  assert not one.has_yerr
  line, _, (bars,) = several.lines
  assert line.get_ydata().tolist() == pytest.approx([0.151, 0.16, 0.25])
  low, high = bars.get_segments()[0][:, 1]
  # Of two values, their distance over sqrt(2).
  assert high - low == pytest.approx(2 * 0.1 / 2 ** 0.5)
  assert axis.get_xscale() == "log"
  assert axis.get_legend_handles_labels()[1] == [
      "a guess: 10%", "AlexNet", "MLP 1×512"]


def test_whole_numbers_have_no_ticks_between_them(tmp_path):
  for seed in (1, 2):
    made_up_runs.write(tmp_path / str(seed), made_up_runs.row(
        18, dataset="digits", epochs=4, seed=seed))
  axis, = _sweep(tmp_path, "seed", "test_accuracy", ()).draw().axes
  low, high = axis.get_xlim()
  assert [tick for tick in axis.get_xticks() if low <= tick <= high] == [1, 2]


@pytest.mark.parametrize("flag, usual, other", [
    ("width", 512, 64), ("precision", "float32", "bfloat16")])
def test_the_usual_width_and_precision_are_values_too(
    tmp_path, flag, usual, other):
  for value in (None, other):
    made_up_runs.write(tmp_path / f"{value}", made_up_runs.row(
        18, dataset="digits", epochs=4, **{flag: value}))
  rows = _sweep(tmp_path, flag, "test_accuracy", ()).rows
  assert {row[flag] for row in rows} == {usual, other}


def test_runs_that_one_point_should_not_hold_together_are_named(runs):
  assert _sweep(runs, "learning_rate", "test_accuracy", ("model",)).note == ""
  assert _sweep(runs, "learning_rate", "test_accuracy", ()).note == (
      "Runs of one point also differ in model, and their mean is drawn: "
      "--by=model tells them apart.")


def test_a_number_within_a_dict_is_named_with_a_dot(tmp_path):
  config = made_up_runs.row(18, dataset="digits", epochs=9)
  made_up_runs.write(tmp_path / "run", config, speed=9)
  # Past 0.9 in the first epoch: 0.1 + 0.9 (1 - exp(-9/4)) = 0.905.
  row, = _sweep(tmp_path, "model", "epochs_to_fit.0.90", ()).rows
  assert row["epochs_to_fit.0.90"] == 1


def test_words_stand_along_the_axis_as_they_are(runs):
  axis, = _sweep(runs, "model", "test_loss", ()).draw().axes
  assert [label.get_text() for label in axis.get_xticklabels()] == [
      "AlexNet", "MLP 1×512"]


@pytest.mark.parametrize("flags, said", [
    (("--x=label_corruption",), "--x, --y: expected both"),
    (("--by=model",), "--x, --y: expected both"),
    (("--x=made_up", "--y=test_accuracy"), "--x: expected a flag of these"),
    (("--x=model", "--y=made_up"), "--y: expected a number in the result.json"),
    (("--x=model", "--y=status"), "--y: expected a number in the result.json"),
    (("--x=model", "--y=params", "--by=made_up"), "--by: expected flags of"),
    (("--x=../x", "--y=params"), "--x: expected a name"),
])
def test_a_sweep_that_there_is_not_is_refused_before_anything_is_written(
    runs, tmp_path, flags, said, capsys):
  assert _main(f"--runs={runs}", f"--out={tmp_path}/out", *flags) == 2
  line, = [line for line in capsys.readouterr().err.splitlines()
           if line.startswith("error")]
  assert said in line
  assert not (tmp_path / "out").exists()

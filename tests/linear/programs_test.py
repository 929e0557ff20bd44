"""Tests of section5 and select_kernel as programs: files, codes, refusals."""

import csv
import json

import pytest

from rethink_tf import errors
from rethink_tf.programs import section5
from rethink_tf.programs import select_kernel
from rethink_tf.runs import results

_STATEMENTS = (
    "--dataset=digits", "--train_examples=150", "--test_examples=50",
    "--sgd_examples=20", "--sgd_epochs=3")
_SELECT = (
    "--dataset=digits", "--train_examples=120", "--folds=2",
    "--try=bandwidth=2,5")


def _main(program, *flags):
  return errors.exit_code_of(program.main, ["program", *flags])


def test_statements_are_measured_recorded_and_shown_again(tmp_path, capsys):
  logdir = f"--logdir={tmp_path / 'run'}"
  assert _main(section5, *_STATEMENTS, logdir) == 0
  first = capsys.readouterr().out
  result = json.loads((tmp_path / "run/result.json").read_text())
  assert results.FIELDS["section5"] <= set(result)
  assert (result["status"], result["n"], result["test_examples"]) == (
      "done", 150, 50)
  least = result["solutions"]["minimum_norm"]
  assert f"minimum norm {least['norm']:.4g}" in first
  written = (tmp_path / "run/result.json").stat().st_mtime_ns
  assert _main(section5, *_STATEMENTS, logdir) == 0
  assert "holds this run, done" in capsys.readouterr().out
  assert (tmp_path / "run/result.json").stat().st_mtime_ns == written


def test_a_singular_matrix_ends_the_statements_with_5(tmp_path, capsys):
  code = _main(
      section5, *_STATEMENTS, "--bandwidth=1e7", f"--logdir={tmp_path / 'run'}")
  line, = [line for line in capsys.readouterr().err.splitlines()
           if line.startswith("error: ")]
  assert code == 5 and "singular" in line
  assert not (tmp_path / "run/result.json").exists()


def test_statements_that_do_not_fit_into_memory_are_refused(
    tmp_path, monkeypatch, capsys):
  monkeypatch.setattr("rethink_tf.linear.memory.available_gb", lambda: 8.0)
  code = _main(section5, "--dataset=mnist", "--train_examples=20000",
               f"--logdir={tmp_path / 'run'}")
  assert code == 4
  assert "fewer --train_examples" in capsys.readouterr().err


def test_a_selection_is_printed_and_written(tmp_path, capsys):
  assert _main(select_kernel, *_SELECT, f"--out={tmp_path / 'made'}") == 0
  with open(tmp_path / "made/selection.csv", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
  assert [row["flags"] for row in rows] == ["--bandwidth=2", "--bandwidth=5"]
  best = min(rows, key=lambda row: float(row["held_out_error"]))
  assert f"least held-out error: {best['flags']}" in capsys.readouterr().out


@pytest.mark.parametrize("out", ["file/folder", "file"])
def test_a_folder_that_cannot_be_made_is_refused_before_any_work(
    tmp_path, monkeypatch, capsys, out):
  (tmp_path / "file").write_text("")
  monkeypatch.setattr(select_kernel, "_compare", lambda options: 1 / 0)
  assert _main(select_kernel, *_SELECT, f"--out={tmp_path / out}") == 2
  assert "--out: " in capsys.readouterr().err

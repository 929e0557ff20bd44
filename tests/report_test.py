"""Tests of the report: rows from runs, and a README that is not stale."""

import dataclasses
import json
import pathlib

import pytest

import rethink_tf
from rethink_tf import config
from rethink_tf import errors
from rethink_tf import report
from rethink_tf.paper import tables

_ROOT = pathlib.Path(rethink_tf.__file__).parent.parent


def _write_run(folder, row, seed, train, test, **changed):
  parsed, _ = config.parse([f"--flagfile=configs/table1_row{row}.flags"])
  parsed = dataclasses.replace(parsed, seed=seed, **changed)
  folder.mkdir(parents=True)
  (folder / "config.json").write_text(json.dumps(parsed.as_dict()))
  (folder / "result.json").write_text(json.dumps({
      "params": 7, "epochs": parsed.epochs, "seed": seed,
      "train_accuracy": train, "test_accuracy": test,
      "dataset_fingerprint": "0123456789abcdef"}))


def test_seeds_of_a_row_are_averaged_with_their_sample_deviation(tmp_path):
  _write_run(tmp_path / "a" / "seed1", 19, 1, 0.98, 0.10)
  _write_run(tmp_path / "b", 19, 2, 1.00, 0.12)
  row = report.table1(tmp_path)[18]
  # The sample deviation of two values is their distance over sqrt(2).
  assert row["train, ours"] == "99.00 ± 1.41"
  assert row["test, ours"] == "11.00 ± 1.41"
  assert (row["seeds"], row["params"]) == ("1, 2", "7")


def test_a_row_without_a_run_of_its_config_says_not_run(tmp_path):
  _write_run(tmp_path / "other", 19, 1, 0.98, 0.10, dropout=0.5)
  _write_run(tmp_path / "longer", 19, 1, 0.98, 0.10, epochs=101)
  table = report.table1(tmp_path)
  assert [row["train, ours"] for row in table] == ["not run"] * 19


def test_shorter_runs_stand_in_until_there_is_a_whole_one(tmp_path):
  _write_run(tmp_path / "a", 19, 1, 0.50, 0.10, epochs=3)
  _write_run(tmp_path / "b", 19, 2, 0.60, 0.10, epochs=4)
  row = report.table1(tmp_path)[18]
  assert (row["train, ours"], row["epochs"]) == ("60.00", "4 of 100")
  _write_run(tmp_path / "c", 19, 3, 0.98, 0.10)
  row = report.table1(tmp_path)[18]
  assert (row["train, ours"], row["epochs"]) == ("98.00", "100")


def test_the_papers_numbers_stand_in_every_row(tmp_path):
  table = report.table1(tmp_path)
  assert [(float(r["train, paper"]), float(r["test, paper"])) for r in table] == [
      (row.train_accuracy, row.test_accuracy) for row in tables.table1()]
  assert table[12]["test, paper"] == "9.86"  # Table 1, AlexNet, random labels.


def test_only_what_stands_between_the_marks_is_rewritten():
  text = f"before\n{report._BEGIN}\nold\n{report._END}\nafter\n"
  once = report.with_table(text, "new")
  assert once.startswith("before\n") and once.endswith("\nafter\n")
  assert "old" not in once and "new" in once
  assert report.with_table(once, "new") == once


def test_a_readme_without_marks_is_refused():
  with pytest.raises(errors.UsageError, match="expected the lines"):
    report.with_table("no marks", "new")


def test_the_readme_shows_what_the_committed_runs_say():
  text = (_ROOT / "README.md").read_text("utf-8")
  table = report.as_markdown(report.table1(_ROOT / "results"))
  assert text == report.with_table(text, table), (
      "README.md is stale: scripts/bazel run //rethink_tf:report -- "
      "--runs=results --out=results --readme=README.md")

"""Tests of Table 2, and of the runs on a part of ImageNet."""

from rethink_tf.reporting import cells
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table2
from tests.reporting import made_up_runs


def _write(folder, config, **result):
  made_up_runs.write(
      folder, config, train=0.9, test=0.6, best=0.65, train_top5=0.99,
      test_top5=0.8, best_test_top5=0.85, **result)


def _find(folder):
  return runs_lib.find(folder)[0]


def test_without_runs_the_papers_numbers_stand_alone(tmp_path):
  lines = table2.lines(_find(tmp_path))
  assert len(lines) == 7
  assert {line[f"{name}, ours"] for line in lines for name in (
      "train top-1", "train top-5", "test top-1", "test top-5")} == {"not run"}
  assert [line["test top-1, paper"] for line in lines] == [
      "77.84", "72.95", "67.18 (72.57)", "59.80 (63.16)", "0.09", "0.12",
      "0.11"]
  assert {*table2.COLUMNS, "fingerprint", cells.SOURCE} == set(lines[0])
  assert "fingerprint" not in table2.notes(lines)


def test_a_rows_run_stands_beside_the_paper_with_its_best(tmp_path):
  _write(tmp_path / "a", made_up_runs.row(1, table=2))
  _write(tmp_path / "b", made_up_runs.row(4, table=2))
  lines = table2.lines(_find(tmp_path))
  assert lines[0]["train top-1, ours"] == "90.00"
  assert lines[0]["test top-5, ours"] == "80.00"
  assert lines[3]["test top-1, ours"] == "60.00 (65.00)"
  assert lines[3]["test top-5, ours"] == "80.00 (85.00)"
  assert (lines[3]["n"], lines[3]["epochs"]) == ("1,281,167", "100")
  assert lines[2]["train top-1, ours"] == "not run"
  assert not table2.sample(_find(tmp_path))


def test_runs_on_a_part_have_a_table_of_their_own(tmp_path):
  for number, labels in ((7, "random"), (4, "true")):
    _write(tmp_path / labels, made_up_runs.row(
        number, table=2, train_examples=256, image_size=96, aux_head=False,
        epochs=20, seed=number))
  _write(tmp_path / "half", made_up_runs.row(
      7, table=2, train_examples=256, label_corruption=0.5))
  runs = _find(tmp_path)
  assert {line["train top-1, ours"] for line in table2.lines(runs)} == {
      "not run"}
  true, half, random = table2.sample(runs)
  assert (true["labels"], half["labels"], random["labels"]) == (
      "true", "p = 0.5", "random")
  assert (true["seed"], random["seed"]) == ("4", "7")
  assert (true["n"], true["image size"], true["epochs"]) == ("256", "96", "20")
  assert (true["train top-1"], true["train top-5"]) == ("90.00", "99.00")
  assert {*table2.SAMPLE_COLUMNS, "fingerprint", cells.SOURCE} == set(true)
  assert table2.sample_notes([true]).endswith(
      "The part of ImageNet with dataset fingerprint 01234567.")


def test_a_run_without_top_5_is_of_another_version(tmp_path):
  _write(tmp_path / "a", made_up_runs.row(1, table=2))
  made_up_runs.write(
      tmp_path / "b", made_up_runs.row(4, table=2), best_test_top5=None)
  runs, _, damaged = runs_lib.find(tmp_path)
  assert damaged == [f"{tmp_path}/b was written by another version: left out"]
  assert len(runs.of_training()) == 1

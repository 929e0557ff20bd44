"""Tests of examples as a program: what a run learned first and last."""

import csv

import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.programs import examples
from rethink_tf.programs import train
from rethink_tf.runs import examples as recorded
from tests import launch


def _main(logdir, out, *flags):
  return errors.exit_code_of(examples.main, [
      "examples", f"--logdir={logdir}", f"--out={out}", *flags])


def test_tables_and_pictures_are_of_what_was_recorded(tmp_path, capsys):
  logdir, out = tmp_path / "run", tmp_path / "out"
  flags = ("--dataset=digits", "--train_examples=100", "--epochs=6",
           "--label_corruption=0.3", "--subset=1", f"--logdir={logdir}")
  assert errors.exit_code_of(
      train.main, ["train", *flags, "--record_examples"]) == 0
  assert _main(logdir, out) == 0
  run = rethink_tf.load_run(logdir)
  made, labels = run.examples(), run.labels()
  with (out / "examples.csv").open() as file:
    rows = list(csv.DictReader(file))
  assert len(rows) == 70
  for place, row in enumerate(rows):
    example = int(row["example"])
    assert labels.seen[example]
    assert [int(row[name]) for name in (
        "assigned", "true", "drawn", "fitted_since", "forgotten")] == [
            labels.assigned[example], labels.true[example],
            labels.drawn[example], made.fitted_since[place],
            made.forgotten[place]]
    assert float(row["mean_margin"]) == pytest.approx(
        made.margins[:, place].astype(float).mean(), rel=1e-3)
  with (out / "learned.csv").open() as file:
    curve = list(csv.DictReader(file))
  untouched = ~labels.drawn[labels.seen]
  for row in curve:
    if row["kind"] == "untouched":
      # Fitted in this epoch and all after it.
      share = made.fitted[int(row["epoch"]) - 1:].all(axis=0)[untouched].mean()
      assert float(row["fitted_for_good"]) == pytest.approx(share, abs=1e-5)
  assert {row["kind"] for row in curve} >= {"corrupted", "untouched"}
  for name in ("first_and_last.png", "learned.png"):
    assert (out / name).read_bytes().startswith(b"\x89PNG")
  assert "70 examples, 6 epochs; fitted for good" in capsys.readouterr().out


def test_the_first_learned_come_first_and_those_that_were_not_last():
  made = recorded.Examples(
      np.arange(4), np.zeros((3, 4)), np.array(
          [[0, 1, 0, 1], [1, 1, 0, 1], [1, 1, 1, 0]], bool))
  assert made.fitted_since.tolist() == [2, 1, 3, 0]
  assert examples.order_of(made, np.zeros(4)).tolist() == [1, 0, 2, 3]
  # Of one epoch, the larger margin.
  same = recorded.Examples(
      np.arange(3), np.zeros((1, 3)), np.ones((1, 3), bool))
  assert examples.order_of(same, np.array([1, 3, 2])).tolist() == [1, 2, 0]


@pytest.mark.parametrize("flags, said", [
    (["--out=out"], "--logdir: expected a run directory. Received: nothing"),
    (["--logdir=absent", "--out=out"], "--logdir: expected a run directory."),
    (["--logdir=run"], "--out: expected a folder. Received: nothing"),
    (["--logdir=run", "--out=out"],
     "expected a run of train with --record_examples. Received: one that "
     "recorded no examples"),
])
def test_a_mistake_is_refused_before_tensorflow_loads(tmp_path, flags, said):
  (tmp_path / "run").mkdir()
  (tmp_path / "run/config.json").write_text('{"seed": 1}')
  done = launch.run_without_tensorflow("examples", *flags, folder=tmp_path)
  assert (done.returncode, done.stdout) == (2, "")
  assert said in done.stderr and done.stderr.count("\n") == 1
  assert not (tmp_path / "out").exists()

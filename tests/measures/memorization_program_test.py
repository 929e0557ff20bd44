"""Tests of memorization as a program, on networks trained on subsets."""

import csv
import json
import shutil

import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.measures import correct
from rethink_tf.programs import memorization
from rethink_tf.programs import train
from tests import launch

_COUNT, _NETWORKS = 100, 8
_FLAGS = ("--dataset=digits", f"--train_examples={_COUNT}", "--batch_size=16",
          "--width=64")  # Whose checkpoints are small.
_RANDOM = "mlp_1x512-digits-n100-p1-"


def _train(logdir, *flags):
  assert errors.exit_code_of(
      train.main, ["train", *_FLAGS, *flags, f"--logdir={logdir}"]) == 0


def _main(folder, *flags):
  return errors.exit_code_of(memorization.main, [
      "memorization", f"--runs={folder}", f"--out={folder}-out", *flags])


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory):
  """Networks that fit random labels, two on partly corrupted ones, another."""
  folder = tmp_path_factory.mktemp("made") / "runs"
  for k in range(1, _NETWORKS + 1):
    _train(folder / f"random{k}", f"--subset={k}", "--label_corruption=1",
           "--epochs=30", "--eval_every=30", "--label_seed=1", f"--seed={k}")
  for k in (1, 2):
    _train(folder / f"half{k}", f"--subset={k}", "--label_corruption=0.5",
           "--epochs=1")
  _train(folder / "whole", "--epochs=1")
  assert _main(folder, "--pairs=5") == 0
  return folder


@pytest.fixture(name="folder")
def _folder(made, tmp_path):
  return shutil.copytree(made, tmp_path / "runs")


def _out(folder, start):
  path, = folder.with_name("runs-out").glob(f"{start}*")
  return path


def _table(path):
  with path.open() as file:
    return list(csv.DictReader(file))


def _networks(made):
  """Yields `(seen, correct, correct on test images)` by the notebook's way."""
  train_split, test_split, _ = digits.load()
  for k in range(1, _NETWORKS + 1):
    run = rethink_tf.load_run(made / f"random{k}")
    assert run.result["train_accuracy"] >= 0.95
    labels, model = run.labels(), run.model()
    said, of_test = (
        model.predict(split.evaluation_batches(), verbose=0).argmax(axis=1)
        for split in (train_split.first(_COUNT), test_split))
    yield labels.seen, said == labels.assigned, of_test == test_split.labels


def test_estimates_are_those_of_the_networks_one_by_one(made):
  seen, right, of_test = map(np.array, zip(*_networks(made)))
  rows = _table(_out(made, _RANDOM) / "examples.csv")
  assert [int(row["example"]) for row in rows] == list(range(_COUNT))
  memorized = np.full(_COUNT, np.nan)
  for i, row in enumerate(rows):
    inside, outside = right[seen[:, i], i], right[~seen[:, i], i]
    assert int(row["networks_seen"]) == len(inside)
    if len(inside) and len(outside):
      memorized[i] = inside.mean() - outside.mean()
      assert float(row["memorization"]) == pytest.approx(
          memorized[i], abs=1e-5)
    else:
      assert row["memorization"] == ""
  # A network can only guess what it was not shown.
  assert np.nanmean(memorized) == pytest.approx(0.9, abs=0.08)
  pairs = _table(_out(made, _RANDOM) / "influence.csv")
  assert len(pairs) == 5
  largest = -1.0
  for i in np.flatnonzero(memorized >= 0.25):
    largest = max(largest, np.max(
        of_test[seen[:, i]].mean(axis=0) - of_test[~seen[:, i]].mean(axis=0)))
  assert float(pairs[0]["influence"]) == pytest.approx(largest, abs=1e-5)
  first = pairs[0]
  i, j = int(first["train_example"]), int(first["test_example"])
  assert of_test[seen[:, i], j].mean() - of_test[~seen[:, i], j].mean() == (
      pytest.approx(largest))


def test_pictures_and_the_histogram_are_there(made):
  folder = _out(made, _RANDOM)
  for picture in (folder / "memorized.png", folder / "influence.png",
                  folder.with_name("histogram.png")):
    assert picture.read_bytes().startswith(b"\x89PNG")
  rows = _table(folder.with_name("histogram.csv"))
  curves = dict.fromkeys(row["curve"] for row in rows)
  half = _out(made, "mlp_1x512-digits-n100-p0.5").name
  # Of the few drawn to be what they were, there may be no number.
  assert {*curves} - {f"{half}: drawn_equal"} == {
      folder.name, f"{half}: corrupted", f"{half}: untouched"}
  for curve in curves:
    assert sum(float(row["share"]) for row in rows
               if row["curve"] == curve) == pytest.approx(1, abs=1e-4)


def test_what_was_found_is_kept_and_what_cannot_be_is_named(
    folder, capsys, monkeypatch):
  assert _main(folder, "--pairs=5") == 0
  said = capsys.readouterr().out
  assert "1 other runs than done ones of train with --subset" in said
  assert f"{_NETWORKS} networks, 100 examples; correct on " in said
  monkeypatch.setattr(correct.Suite, "_is_correct", None)
  assert _main(folder, "--pairs=5") == 0
  assert capsys.readouterr().out == said
  monkeypatch.undo()
  # Damage is computed anew; without a checkpoint, it cannot be.
  for name in ("random1", "random2"):
    (folder / name / correct.FILE).write_bytes(b"no file of it")
  shutil.rmtree(folder / "random2/checkpoints")
  shutil.rmtree(folder / "half2")
  assert _main(folder) == 4
  captured = capsys.readouterr()
  assert (f"warning: {folder / 'random2'} has no checkpoint left to measure: "
          "left out") in captured.err
  assert f"{_NETWORKS - 1} networks, 100 examples" in captured.out
  assert ("expected networks of a suite on at least 2 subsets. Received: 1 of "
          "mlp_1x512-digits-n100-p0.5-") in captured.err


def test_labels_of_other_data_are_refused(folder, capsys):
  for name in ("config.json", "result.json"):
    path = folder / "half1" / name
    values = json.loads(path.read_text())
    values["label_hash"] = "0" * 64
    path.write_text(json.dumps(values))
  (folder / "half1/SHA256SUMS").unlink()
  assert _main(folder) == 3
  assert "expected data with label_hash 00000000" in capsys.readouterr().err


@pytest.mark.parametrize("flags, said", [
    (["--runs=absent", "--out=out"],
     "--runs: expected a folder that exists. Received: "),
    (["--runs=."], "--out: expected a folder. Received: nothing"),
    (["--runs=.", "--out=out"],
     "--runs: expected finished runs of train with --subset. Received: none"),
    (["--runs=.", "--out=out", "--shown=0"], "--shown: expected a whole"),
    (["--runs=.", "--out=out", "--pairs=x"], "pairs"),
])
def test_a_mistake_is_refused_before_tensorflow_loads(tmp_path, flags, said):
  done = launch.run_without_tensorflow(
      "memorization", *flags, folder=tmp_path)
  assert (done.returncode, done.stdout) == (2, "")
  assert said in done.stderr and done.stderr.count("\n") == 1
  assert not (tmp_path / "out").exists()

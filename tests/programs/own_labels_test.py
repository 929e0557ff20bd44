"""Tests of labels other than the paper's, in every program that takes them."""

import importlib
import json

import numpy as np
import pandas as pd
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.data import randomization
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import train

_TRUE = digits.load()[0].labels
_COUNT = len(_TRUE)
# As a person might err: one in three, and never at random.
_CHANGED = np.arange(_COUNT) % 3 == 0
_MINE = np.where(_CHANGED, (_TRUE + 3) % 10, _TRUE)

# Each program that fits labels: flags that make it short, and how many examples
# it hashes the labels of.
_PROGRAMS = {
    "train": (("--epochs=1", "--train_examples=200"), 200),
    "interpolate": (("--train_examples=200", "--l2=0.1"), 200),
    "double_descent": (("--train_examples=60", "--features=30"), 60),
    "expressivity": (("--n=200",), 200),
    "corollary1": (("--n=30", "--blocks=2"), 30),
    "stability": (("--n=30", "--replacements=1", "--held_out=10",
                   "--epochs=1"), 30),
}


def _main(program, *flags):
  module = importlib.import_module(f"rethink_tf.programs.{program}")
  return errors.exit_code_of(
      module.main, [program, "--dataset=digits", *map(str, flags)])


@pytest.fixture(name="path")
def _path(tmp_path):
  path = tmp_path / "mine.npy"
  np.save(path, _MINE.astype(np.uint8))
  return path


def _config(folder):
  return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_program_fits_the_labels_of_a_file(
    program, path, tmp_path, capsys):
  flags, count = _PROGRAMS[program]
  logdir = tmp_path / "run"
  assert _main(program, *flags, "--label_corruption=0",
               f"--labels_file={path}", f"--logdir={logdir}") == 0
  config = _config(logdir)
  assert config["labels_file"] == randomization.label_hash(_MINE)
  assert config["label_hash"] == randomization.label_hash(_MINE[:count])
  assert ("labels of --labels_file, matched by position: 33.38% are others "
          "than the data set's\n") in capsys.readouterr().out


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_program_fits_asymmetric_noise(program, tmp_path):
  flags, count = _PROGRAMS[program]
  logdir = tmp_path / "run"
  assert _main(program, *flags, "--label_corruption=1",
               "--label_noise=asymmetric", f"--logdir={logdir}") == 0
  config = _config(logdir)
  assert config["label_noise"] == "asymmetric"
  # Of stability, what it hashes are the labels before any corruption.
  expected = _TRUE if program == "stability" else (_TRUE + 1) % 10
  assert config["label_hash"] == randomization.label_hash(expected[:count])


def test_section5_fits_them_too(path, tmp_path):
  small = ("--train_examples=30", "--test_examples=10", "--sgd_examples=20",
           "--sgd_epochs=2")
  results = []
  for name, flags in (("true", ()), ("mine", (f"--labels_file={path}",)),
                      ("next", ("--label_corruption=1",
                                "--label_noise=asymmetric"))):
    assert _main("section5", *small, *flags, f"--logdir={tmp_path / name}") == 0
    results.append(rethink_tf.load_run(tmp_path / name).result)
  norms = {result["solutions"]["minimum_norm"]["norm"] for result in results}
  # Classes that all move on by one have the same norm.
  assert len(norms) == 2


@pytest.mark.parametrize("flags, changed", [
    (("--labels_file={path}",), _CHANGED),
    (("--label_corruption=0.4", "--label_noise=asymmetric"),
     randomization.is_drawn(_COUNT, 0.4, 1))])
def test_accuracy_on_changed_and_on_untouched_labels_is_told_apart(
    flags, changed, path, tmp_path, capsys):
  flags = [flag.format(path=path) for flag in flags]
  assert _main("train", *flags, "--epochs=2", f"--logdir={tmp_path}/r") == 0
  run = rethink_tf.load_run(tmp_path / "r")
  kinds = run.label_kinds.iloc[-1]
  share = changed.mean()
  assert run.result["train_accuracy"] == pytest.approx(
      share * kinds.corrupted_accuracy
      + (1 - share) * kinds.untouched_accuracy, abs=1e-6)
  # After two epochs the network has the signal, and not yet the exceptions.
  assert kinds.corrupted_accuracy < 0.5 < kinds.untouched_accuracy
  assert "memorized" not in capsys.readouterr().out


def test_a_run_goes_by_the_labels_and_not_by_the_file(
    path, tmp_path, capsys):
  flags = ("--epochs=1", "--train_examples=50", f"--logdir={tmp_path}/run")
  assert _main("train", *flags, f"--labels_file={path}") == 0
  text = tmp_path / "mine.txt"
  text.write_text("\n".join(map(str, _MINE)))
  capsys.readouterr()
  assert _main("train", *flags, f"--labels_file={text}") == 0
  assert "holds this run, done" in capsys.readouterr().out
  # Others are another run.
  text.write_text("\n".join(map(str, _TRUE)))
  assert _main("train", *flags, f"--labels_file={text}") == 2
  assert "labels_file" in capsys.readouterr().err
  assert _main("train", *flags) == 2


def test_labels_that_agree_as_a_guess_does_end_the_program_with_2(
    tmp_path, capsys):
  path = tmp_path / "shuffled.txt"
  shuffled = np.random.default_rng(1).permutation(_TRUE)
  path.write_text("\n".join(map(str, shuffled)))
  logdir = tmp_path / "run"
  assert _main("train", f"--labels_file={path}", f"--logdir={logdir}") == 2
  line, = capsys.readouterr().err.splitlines()
  assert f"{np.sum(shuffled == _TRUE)} of 1,297 agree by position" in line
  assert not (logdir / "config.json").exists()


def test_a_picture_shows_them(path, tmp_path):
  pictures = set()
  for number, flags in enumerate((
      (), (f"--labels_file={path}",),
      ("--label_corruption=0.5", "--label_noise=asymmetric"))):
    folder = tmp_path / str(number)
    assert _main("train", "--preview", *flags, f"--logdir={folder}") == 0
    pictures.add((folder / "preview.png").read_bytes())
  assert len(pictures) == 3


def test_the_report_lists_them_apart_from_the_papers(path, tmp_path):
  runs = tmp_path / "runs"
  small = ("--epochs=1", "--train_examples=50")
  for name, flags in (
      ("mine", (f"--labels_file={path}",)), ("true", ()),
      ("next", ("--label_corruption=0.5", "--label_noise=asymmetric"))):
    assert _main("train", *small, *flags, f"--logdir={runs / name}") == 0
    assert _main("expressivity", "--n=20", "--label_corruption=0", *flags,
                 f"--logdir={runs / 'theory' / name}") == 0
  report = importlib.import_module("rethink_tf.programs.report")
  assert errors.exit_code_of(report.main, [
      "report", f"--runs={runs}", f"--out={tmp_path / 'out'}"]) == 0
  listed = pd.read_csv(tmp_path / "out/runs.csv")
  assert set(listed["label corruption"].astype(str)) == {
      "0", "0.5, asymmetric",
      f"labels {randomization.label_hash(_MINE)[:8]}"}
  # No picture takes them for the paper's labels.
  drawn = pd.read_csv(tmp_path / "out/expressivity.csv")
  assert drawn.labels.tolist() == ["true labels"]


def test_a_flagfile_says_where_a_wrong_file_is_named(tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  (tmp_path / "mine.flags").write_text("--dataset=digits\n--labels_file=no\n")
  with pytest.raises(errors.UsageError, match=r"which is no file \(.*line 2\)"):
    training_flags.parse(["--flagfile=mine.flags"])
  assert errors.exit_code_of(
      train.main, ["train", "--flagfile=mine.flags"]) == 2

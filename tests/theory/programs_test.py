"""Tests of the commands: results, refusals, resuming."""

import contextlib
import csv
import importlib.util
import io
import json
import os

import pytest

from rethink_tf import errors
from rethink_tf.programs import corollary1
from rethink_tf.programs import expressivity
from rethink_tf.programs import lemma1
from rethink_tf.programs import perceptron
from rethink_tf.programs import rademacher
from rethink_tf.programs import separation
from rethink_tf.programs import stability
from rethink_tf.programs import vc_dimension
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import results
from rethink_tf.theory import stability as stability_lib
from rethink_tf.theory import study
from rethink_tf.theory import trajectory
from tests import launch

_PROGRAMS = {
    "corollary1": corollary1, "expressivity": expressivity, "lemma1": lemma1,
    "perceptron": perceptron, "rademacher": rademacher,
    "separation": separation, "stability": stability,
    "vc_dimension": vc_dimension}
# Columns that are no numbers.
_WORDS = ("model", "pixel_randomization")
# Each in a second or two.
_SMALL = {
    "corollary1": ["--dataset=digits", "--n=60", "--blocks=2,3"],
    "expressivity": ["--dataset=digits", "--n=200"],
    "lemma1": ["--sizes=5,10", "--instances=2"],
    "perceptron": ["--dataset=digits", "--n=20,40"],
    "rademacher": ["--dataset=digits", "--n=20,40", "--draws=2", "--epochs=3"],
    "separation": ["--dataset=digits", "--n=100"],
    "stability": ["--dataset=digits", "--n=40", "--epochs=2",
                  "--replacements=1", "--held_out=30"],
    "vc_dimension": ["--dataset=digits", "--n=3,40", "--labelings=5"],
}


def _run(name, folder, *more):
  """Runs a program in this process; returns (exit code, stdout, stderr)."""
  out, err = io.StringIO(), io.StringIO()
  argv = [name, *_SMALL[name], f"--logdir={folder / 'run'}", *more]
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = errors.exit_code_of(_PROGRAMS[name].main, argv)
  return code, out.getvalue(), err.getvalue()


def _result(folder):
  return json.loads((folder / "run/result.json").read_text())


def _rows(folder):
  """Returns the rows of metrics.csv, numbers as such and to the last bit."""
  with open(folder / "run/metrics.csv", encoding="utf-8") as file:
    return [
        {name: value if name in _WORDS else json.loads(value)
         for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", _SMALL)
def test_a_run_is_recorded_found_done_and_refused_when_changed(name, tmp_path):
  code, out, err = _run(name, tmp_path)
  assert (code, err) == (0, "")
  result = _result(tmp_path)
  assert result["status"] == "done" and result["seed"] == 1
  assert results.FIELDS[name] <= set(result)
  assert result["wall_seconds"] > 0 and result["peak_memory_gb"] > 0.01
  # Checks the sums of config.json, metrics.csv and result.json.
  assert run_directory.read_result(tmp_path / "run") == result
  assert _rows(tmp_path)
  before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*.*")}
  code, again, _ = _run(name, tmp_path)
  assert code == 0 and "holds this run, done" in again
  assert again.endswith(out[out.index("\n\nRun directory"):])
  assert {p: p.read_bytes() for p in (tmp_path / "run").rglob("*.*")} == before
  code, _, err = _run(name, tmp_path, "--seed=2")
  assert code == 2 and "seed was 1 and is 2" in err
  assert _run(name, tmp_path, "--noresume")[0] == 2
  (tmp_path / "run/mine.txt").write_text("kept")
  assert _run(name, tmp_path, "--seed=2", "--overwrite")[0] == 0
  assert _result(tmp_path)["seed"] == 2
  assert (tmp_path / "run/mine.txt").read_text() == "kept"


@pytest.mark.parametrize("name", ["expressivity", "rademacher", "stability"])
def test_what_trains_networks_is_refused_on_jax(name, tmp_path, monkeypatch):
  monkeypatch.setattr(
      "importlib.util.find_spec", lambda name: name)  # As if JAX were there.
  monkeypatch.setenv("KERAS_BACKEND", "jax")
  code, out, err = _run(name, tmp_path)
  assert (code, out) == (2, "") and err == (
      f"error: {name}: expected Keras on tensorflow, by which it trains its "
      "networks. Received: jax\n")


def test_without_tensorflow_a_line_says_that_it_is_needed(
    tmp_path, monkeypatch):
  find_spec = importlib.util.find_spec
  monkeypatch.setattr(
      "importlib.util.find_spec",
      lambda name, *more: None if name == "tensorflow" else find_spec(
          name, *more))
  code, _, err = _run("lemma1", tmp_path)
  assert code == 2 and err.startswith("error: expected TensorFlow, which this")
  assert err.count("\n") == 1 and not (tmp_path / "run/result.json").exists()


def test_expressivity_fits_random_labels_with_2n_plus_d_weights(tmp_path):
  assert _run("expressivity", tmp_path)[0] == 0
  result = _result(tmp_path)
  assert list(result) == [
      "status", "n", "d", "weights", "max_abs_error", "train_accuracy",
      "test_accuracy", "min_gap", "peak_memory_gb", "wall_seconds", "seed"]
  assert (result["n"], result["d"], result["weights"]) == (200, 2352, 2752)
  assert result["train_accuracy"] == 1.0 and result["max_abs_error"] < 1e-6
  # 500 test digits, chance 10% give or take four times 1.3.
  assert result["test_accuracy"] < 0.16
  rows = _rows(tmp_path)
  chosen, = [row for row in rows if row["chosen"]]
  assert chosen["min_gap"] == result["min_gap"] == max(
      row["min_gap"] for row in rows)


def test_sgd_has_as_many_weights_as_whole_units_allow(tmp_path):
  code, out, _ = _run(
      "expressivity", tmp_path, "--method=sgd", "--epochs=2", "--n=1000")
  assert code == 0 and "trained by SGD" in out
  result = _result(tmp_path)
  # Two units: 2 x 2353 + 3 x 10; a third would take 2363 more.
  assert result["weights"] == 4736
  assert abs(result["weights"] - 4352) <= 2363 / 2
  assert result["max_abs_error"] is None and result["min_gap"] is None
  rows = _rows(tmp_path)
  assert [row["epoch"] for row in rows] == [0, 1, 2]
  assert rows[-1]["train_accuracy"] == result["train_accuracy"]


def test_equal_images_with_different_labels_exit_3(tmp_path, monkeypatch):
  load = study.Study.load

  def load_with_a_double(*arguments):
    data, train = load(*arguments)
    images, labels = train.images.copy(), train.labels.copy()
    images[9], labels[4], labels[9] = images[4], 1, 2
    return data, type(train)(images, labels)

  monkeypatch.setattr(study.Study, "load", load_with_a_double)
  for name in ("expressivity", "corollary1"):
    code, _, err = _run(name, tmp_path / name)
    assert code == 3 and "points 4 and 9 are equal" in err
    assert not (tmp_path / name / "run/result.json").exists()


def test_the_linear_estimate_comes_close_to_the_closed_form(tmp_path):
  code, _, _ = _run(
      "rademacher", tmp_path, "--model=linear", "--n=60", "--epochs=150")
  assert code == 0
  for row in _rows(tmp_path):
    # A lower bound, and found by SGD to two percent.
    assert row["estimate"] <= row["linear_supremum"] * (1 + 1e-5)
    assert row["estimate"] >= 0.98 * row["linear_supremum"]
    assert row["linear_lower"] < row["linear_upper"]


def test_a_network_fits_random_signs_and_linear_functions_do_not(tmp_path):
  code, _, _ = _run("rademacher", tmp_path, "--n=60", "--epochs=100")
  assert code == 0
  result = _result(tmp_path)
  assert result["estimates"] == {"60": 1.0}
  assert result["linear"]["60"] < 0.2


def test_stability_of_one_sample_with_itself_is_exact(tmp_path, monkeypatch):
  assert _run("stability", tmp_path / "a")[0] == 0
  rows = _rows(tmp_path / "a")
  assert [row["epoch"] for row in rows] == 2 * [0, 1, 2]
  for row in rows:
    # The same initial weights; then one example makes a difference.
    assert (row["max_loss_difference"] == 0) == (row["epoch"] == 0)
  monkeypatch.setattr(
      stability_lib, "replace_one",
      lambda split, n, index, seed: (split.first(n), 0))
  assert _run("stability", tmp_path / "b")[0] == 0
  rows = _rows(tmp_path / "b")
  assert {row["max_loss_difference"] for row in rows} == {0.0}


@pytest.mark.parametrize("name, units", [("rademacher", 4), ("stability", 4)])
def test_a_stopped_run_goes_on_to_the_same_rows(
    name, units, tmp_path, monkeypatch):
  assert _run(name, tmp_path / "whole")[0] == 0
  train, calls = trajectory.train, []

  def stops_at_the_third(*arguments, **options):
    if len(calls) == 2:
      raise errors.StoppedError("stopped; the same command goes on")
    calls.append(arguments[3].name)
    return train(*arguments, **options)

  monkeypatch.setattr(trajectory, "train", stops_at_the_third)
  assert _run(name, tmp_path / "part")[0] == 75
  monkeypatch.setattr(trajectory, "train", train)
  assert _run(name, tmp_path / "part")[0] == 0
  assert _rows(tmp_path / "part") == _rows(tmp_path / "whole")
  folders = os.listdir(tmp_path / "part/run/checkpoints")
  assert len(folders) == units and set(calls) < set(folders)


@pytest.mark.parametrize("name", ["corollary1", "lemma1", "vc_dimension"])
def test_a_stopped_run_that_trains_nothing_begins_anew(
    name, tmp_path, monkeypatch):
  assert _run(name, tmp_path / "whole")[0] == 0
  add = study.Study.add

  def add_and_stop(self, *rows):
    add(self, *rows)
    raise errors.StoppedError("stopped; the same command goes on")

  monkeypatch.setattr(study.Study, "add", add_and_stop)
  assert _run(name, tmp_path / "part")[0] == 75
  # A part of the rows is there to look at; nothing is kept to go on from.
  rows = _rows(tmp_path / "part")
  assert rows == _rows(tmp_path / "whole")[:len(rows)]
  assert len(rows) < len(_rows(tmp_path / "whole"))
  assert not (tmp_path / "part/run/checkpoints").exists()
  monkeypatch.setattr(study.Study, "add", add)
  assert _run(name, tmp_path / "part")[0] == 0
  assert _rows(tmp_path / "part") == _rows(tmp_path / "whole")


_REFUSED = [
    ("expressivity", "--n=1298", "1,297"),
    ("expressivity", "--n=-1", "-1"),
    ("expressivity", "--method=magic", "'magic'"),
    ("expressivity", "--label_corruption=nan", "nan"),
    ("lemma1", "--sizes=0", "0"),
    ("lemma1", "--sizes=5,x", "'5,x'"),
    ("lemma1", "--dataset=digits", "dataset"),
    ("corollary1", "--blocks=2,57", "from 1 to 56, so that the depth "
     "k = b + 4 is at most n = 60. Received: 57"),
    ("corollary1", "--blocks=0", "0"),
    ("corollary1", "--blocks=2,2", "different"),
    ("corollary1", "--blocks=", "''"),
    ("rademacher", "--n=10,1298", "1,297"),
    ("rademacher", "--model=resnet", "'resnet'"),
    ("rademacher", "--draws=0", "0"),
    ("rademacher", "--learning_rate=inf", "inf"),
    ("vc_dimension", "--n=0", "0"),
    ("vc_dimension", "--dataset=svhn", "'svhn'"),
    ("stability", "--n=1297", "1,296"),
    ("stability", "--held_out=501", "500"),
    ("stability", "--label_corruption=0,1.5", "1.5"),
    ("stability", "--model=linear", "'linear'"),
    ("stability", "--epoch=3", "epoch"),
]


@pytest.mark.parametrize("name, flag, words", _REFUSED)
def test_bad_flags_exit_2_in_one_line(name, flag, words, tmp_path):
  code, out, err = _run(name, tmp_path, flag)
  assert (code, out) == (2, "")
  assert err.startswith("error: ") and err.count("\n") == 1
  assert words in err
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name, flags, words", [
    ("expressivity", ["--learning_rate=1e300", "--method=sgd",
                      "--batch_size=200"], "weights are no longer finite"),
    ("rademacher", ["--learning_rate=1e300"], "weights are no longer finite"),
    ("stability", ["--learning_rate=1e300"], "weights are no longer finite"),
    ("rademacher", ["--learning_rate=1e38"], "outputs are not finite"),
    ("stability", ["--learning_rate=1e38"], "outputs are not finite")])
def test_a_network_that_diverges_in_its_last_step_exits_5(
    name, flags, words, tmp_path):
  # The loss of the only step is that of the weights before it.
  code, _, err = _run(name, tmp_path, *flags, "--epochs=1")
  assert code == 5 and words in err
  assert err.startswith("error: ") and err.count("\n") == 1


@pytest.mark.parametrize("name", _SMALL)
def test_refusals_and_help_need_no_tensorflow(name, tmp_path):
  code = (
      "import runpy, sys\n"
      "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
      f"runpy.run_module('rethink_tf.programs.{name}', run_name='__main__')")
  refused = launch.python(code, "--seed=-1", folder=tmp_path)
  assert refused.returncode == 2 and "--seed: expected" in refused.stderr
  shown = launch.python(code, "--help", folder=tmp_path)
  assert (shown.returncode, shown.stderr) == (0, "")
  assert "--logdir" in shown.stdout and not list(tmp_path.iterdir())


def test_an_absent_data_dir_exits_3(tmp_path):
  code, _, err = _run(
      "expressivity", tmp_path, "--dataset=cifar10",
      f"--data_dir={tmp_path / 'absent'}")
  assert code == 3 and "--data_dir: expected a folder that exists" in err

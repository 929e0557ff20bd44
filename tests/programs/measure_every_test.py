"""Tests of train --measure_every: what it records, and what it leaves alone."""

import csv
import json
import os
import shutil
import signal

import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.measures import registry
from rethink_tf.measures import runs
from rethink_tf.programs import measure
from rethink_tf.programs import train
from rethink_tf.runs import directory as run_directory

# Of weights, of logits, one that draws noise, one that may be undefined.
_NAMES = ("distance_from_initialization", "margin_10", "margin_bound",
          "sharpness", "fisher_rao_norm")
_FLAGS = ("--dataset=digits", "--width=64", "--train_examples=60",
          "--batch_size=16",
          "--dropout=0.2", "--label_corruption=1")


@pytest.fixture(autouse=True, scope="module")
def _few_measures():
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(registry, "MEASURES", {
        name: registry.MEASURES[name] for name in _NAMES})
    yield


def _train(logdir, *flags, epochs=5):
  return errors.exit_code_of(train.main, [
      "train", *_FLAGS, f"--epochs={epochs}", *flags, f"--logdir={logdir}"])


def _rows(path):
  with (path / "measures.csv").open(encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
  """A run that was never interrupted."""
  path = tmp_path_factory.mktemp("whole") / "run"
  assert _train(path, "--measure_every=2") == 0
  return path


def test_a_row_every_so_many_epochs_and_at_the_end(whole):
  rows = _rows(whole)
  assert [(row["epoch"], row["step"]) for row in rows] == [
      ("2", "8"), ("4", "16"), ("5", "20")]
  assert set(rows[0]) == {"epoch", "step", *_NAMES}
  moved = [float(row["distance_from_initialization"]) for row in rows]
  assert 0 < moved[0] < moved[1] < moved[2]
  # Margins of a network that has yet to fit are no bound's.
  assert rows[0]["margin_bound"] == ""


def test_the_last_row_is_what_the_finished_network_is_measured_to(
    whole, tmp_path):
  path = shutil.copytree(whole, tmp_path / "runs")
  assert errors.exit_code_of(measure.main, ["measure", f"--runs={path}"]) == 0
  measured = json.loads((path / runs.FILE).read_text())
  last = _rows(whole)[-1]
  for name in _NAMES:
    assert last[name] == str(measured["values"].get(name, ""))


def test_the_trained_weights_are_those_of_a_run_that_measures_nothing(
    whole, tmp_path):
  assert _train(tmp_path / "run") == 0
  plain, measured = map(
      run_directory.read_result, (tmp_path / "run", whole))
  for name in ("weights_sha256", "optimizer_sha256", "test_loss"):
    assert plain[name] == measured[name]
  assert not (tmp_path / "run/measures.csv").exists()


@pytest.mark.parametrize("at", [1, 13])
def test_a_stopped_run_ends_in_the_same_rows(whole, tmp_path, monkeypatch, at):
  """Stopped before a measure: the first of the first row, one of the third."""
  path = tmp_path / "run"
  measured, done = registry.measure, []

  def stop_there(subject, pause):
    def pause_or_stop():
      done.append(None)
      if len(done) == at:
        os.kill(os.getpid(), signal.SIGTERM)
      pause()
    return measured(subject, pause_or_stop)

  with monkeypatch.context() as patch:
    patch.setattr(registry, "measure", stop_there)
    assert _train(path, "--measure_every=2") == (
        errors.AskedToStopError.exit_code)
  assert len(done) == at
  assert _train(path, "--measure_every=2") == 0
  for name in ("measures.csv", "config.json"):
    assert (path / name).read_bytes() == (whole / name).read_bytes()


def test_a_run_that_is_extended_has_the_rows_of_the_longer_one(
    whole, tmp_path):
  path = tmp_path / "run"
  assert _train(path, "--measure_every=2", epochs=3) == 0
  assert [row["epoch"] for row in _rows(path)] == ["2", "3"]
  assert _train(path, "--measure_every=2", "--extend") == 0
  assert (path / "measures.csv").read_bytes() == (
      whole / "measures.csv").read_bytes()


def test_a_row_that_was_changed_is_found(whole, tmp_path, capsys):
  path = shutil.copytree(whole, tmp_path / "run")
  with (path / "measures.csv").open("a", encoding="utf-8") as file:
    file.write("6,24,1,1,1,1,1\n")
  assert _train(path, "--measure_every=2") == 4
  assert "measures.csv is damaged or missing" in capsys.readouterr().err


def test_a_config_that_measures_nothing_is_what_it_was():
  config, _ = training_flags.parse(["--dataset=digits", "--measure_every=0"])
  plain, _ = training_flags.parse(["--dataset=digits"])
  assert config == plain
  assert "measure_every" not in plain.as_dict()
  assert training_flags.parse(["--dataset=digits", "--measure_every=1"])[
      0].as_dict()["measure_every"] == 1


@pytest.mark.parametrize("flags, message", [
    (("--dataset=imagenet2012", "--model=inception_v3"),
     "expected a dataset among"),
    (("--strategy=mirrored",), "expected --strategy=one_device with it")])
def test_what_cannot_be_measured_on_the_way_is_refused(
    flags, message, tmp_path, capsys):
  assert errors.exit_code_of(train.main, [
      "train", "--measure_every=1", *flags, f"--logdir={tmp_path}"]) == 2
  assert f"--measure_every: {message}" in capsys.readouterr().err

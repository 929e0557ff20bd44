"""Tests of train --subset: which examples a run sees, and who knows it."""

import json

import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.data import randomization
from rethink_tf.flags import training as training_flags
from rethink_tf.measures import runs as measured_runs
from rethink_tf.programs import train
from rethink_tf.reporting import left_out
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.training import experiment

_FLAGS = ("--dataset=digits", "--width=64", "--label_corruption=0.5",
          "--train_examples=300",
          "--epochs=1", "--batch_size=50", "--seed=4", "--label_seed=9")


def _train(logdir, *flags):
  return errors.exit_code_of(
      train.main, ["train", *_FLAGS, *flags, f"--logdir={logdir}"])


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory):
  """Runs on subsets 1 and 2 of 80%, and on all examples."""
  folder = tmp_path_factory.mktemp("runs")
  for k in ("1", "2"):
    assert _train(folder / k, f"--subset={k}", "--subset_fraction=0.8") == 0
  assert _train(folder / "all") == 0
  return folder


def test_a_run_is_trained_on_its_subset_alone(folder):
  run = rethink_tf.load_run(folder / "1")
  labels = run.labels()
  assert len(labels.seen) == 300 and labels.seen.sum() == 240
  assert run.result["train_examples"] == 240
  assert run.result["steps"] == 5  # Of 50; of all 300 there would be 6.
  network, split = run.model(), digits.load()[0].first(300)
  batches = split.evaluation_batches()
  right = network.predict(batches, verbose=0).argmax(1) == labels.assigned
  assert right[labels.seen].mean() == pytest.approx(
      run.result["train_accuracy"], abs=1e-6)
  assert right.mean() != pytest.approx(run.result["train_accuracy"], abs=1e-6)
  assert labels.drawn[labels.seen].mean() == run.result["labels_drawn"]
  assert labels.changed[labels.seen].mean() == run.result["labels_changed"]
  assert rethink_tf.load_run(folder / "all").labels().seen.all()


def test_labels_are_the_same_whatever_the_subset(folder):
  one, two, every = (
      rethink_tf.load_run(folder / name) for name in ("1", "2", "all"))
  np.testing.assert_array_equal(one.labels().assigned, every.labels().assigned)
  assert (one.labels().seen != two.labels().seen).any()
  assert len({run.config["label_hash"] for run in (one, two, every)}) == 1
  assert every.config["label_hash"] == randomization.label_hash(
      every.labels().assigned)


@pytest.mark.parametrize("pixels", ["random_pixels", "gaussian"])
def test_modified_pixels_are_the_same_whatever_the_subset(pixels):
  fields = {"dataset": "digits", "pixel_randomization": pixels, "seed": 5,
            "train_examples": 90}
  config = training_flags.Config(**fields, subset=3, subset_fraction=0.7)
  _, whole = experiment.load_data(training_flags.Config(**fields), None)
  _, split = experiment.load_data(config, None)
  seen = experiment.find_seen(config, split)
  np.testing.assert_array_equal(
      experiment.select_seen(config, split).images, whole.images[seen])


def test_a_measure_is_of_the_examples_that_were_seen(folder):
  run = rethink_tf.load_run(folder / "1")
  config = training_flags.read_config(run.config)
  subject = measured_runs.load_subject(folder / "1", config, run.result, None)
  assert (subject.margins > 0).mean() == pytest.approx(
      run.result["train_accuracy"], abs=1e-6)


def test_a_report_takes_it_for_no_row_and_names_its_share(folder):
  runs, nothing, damaged = runs_lib.find(folder)
  assert not nothing and not damaged
  of_all, _ = training_flags.parse([*_FLAGS])
  assert [r.directory for r in runs.at(of_all, 300)] == [folder / "all"]
  said = left_out.messages(runs, {})
  about, = (line for line in said if str(folder / "1") in line)
  assert "and 1 more" in about and "--subset_fraction=0.8" in about
  assert "--subset=" not in about


def test_the_summary_names_the_subset(tmp_path, capsys):
  assert _train(tmp_path / "run", "--subset=7") == 0
  said = capsys.readouterr().out
  assert "210 training examples (subset 7, 0.7 of all), 1 epoch:" in said
  # Before and after.
  assert said.count("210 training examples (subset 7") == 2
  assert "--subset=7" in said.partition("Try next:")[2]
  config = json.loads((tmp_path / "run/config.json").read_text())
  assert (config["subset"], config["subset_fraction"]) == (7, 0.7)


@pytest.mark.parametrize("flags, said", [
    (["--subset=0"], "--subset: expected a whole number from 1"),
    (["--subset=1", "--subset_fraction=1"],
     "--subset_fraction: expected a number in (0, 1). Received: 1.0"),
    (["--subset=1", "--subset_fraction=nan"], "a number in (0, 1)"),
    (["--subset_fraction=0.5"],
     "--subset_fraction: expected --subset=k with it. Received: 0.5 alone"),
    (["--subset=1", "--subset_fraction=0.001"],
     "at which some of 300 examples are seen, and not all. Received: 0.001"),
    (["--subset=1", "--subset_fraction=0.999"], "and not all. Received: 0.999"),
])
def test_what_is_no_subset_is_refused_in_a_line(tmp_path, capsys, flags, said):
  assert _train(tmp_path / "run", *flags) == 2
  error = capsys.readouterr().err
  assert said in error and error.count("\n") == 1
  assert not (tmp_path / "run").exists()

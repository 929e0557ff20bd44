"""Tests of summary: what a finished run says of itself."""

import dataclasses
import pathlib
import re
import shlex
import urllib.parse

import pytest

from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import summary

_RESULT = {
    "train_examples": 1297, "epochs": 100, "train_accuracy": 1.0,
    "train_loss": 0.0021, "test_accuracy": 0.108, "test_loss": 3.2}
_OPTIONS = training_flags.Options(logdir=pathlib.Path("/w/runs/row-12/seed1"))


def _text(options=_OPTIONS, result=None, **fields):
  config = dataclasses.replace(
      training_flags.Config(dataset="digits"), **fields)
  return summary.summarize_training(
      config, options, {**_RESULT, **(result or {})})


def test_accuracies_are_named_in_percent():
  text = _text()
  assert re.search(r"training accuracy +100\.00%", text)
  assert re.search(r"test accuracy +10\.80%", text)


@pytest.mark.parametrize("probability, words", [
    (0.0, "true labels"), (1.0, "random labels"),
    (0.3, "labels corrupted with probability 0.3")])
def test_labels_have_the_papers_names(probability, words):
  assert f"on digits, {words}, 1,297 training" in _text(
      label_corruption=probability)


@pytest.mark.parametrize("pixels, words", [
    ("shuffled_pixels", "shuffled pixels"), ("random_pixels", "random pixels"),
    ("gaussian", "Gaussian noise")])
def test_pixels_have_them_too(pixels, words):
  assert f"on digits, {words}, random labels, 1,297" in _text(
      label_corruption=1.0, pixel_randomization=pixels)


def test_one_is_no_plural():
  assert "labels, 1 training example, 1 epoch:\n" in _text(
      result={"train_examples": 1, "epochs": 1})


def test_what_will_be_trained_is_said_before():
  config, options = training_flags.parse([
      "--dataset=digits", "--label_corruption=1", "--epochs=1",
      "--pixel_randomization=gaussian", "--logdir=/here"])
  assert summary.introduce_training(config, options) == (
      "Training mlp_1x512 on digits, Gaussian noise, random labels, 1,297 "
      "training examples, 1 epoch: /here")


def test_without_a_flag_what_the_defaults_are_is_said():
  config, options = training_flags.parse([])
  *advice, line = summary.introduce_training(config, options).splitlines()
  assert line == (
      "Training mlp_1x512 on cifar10, true labels, 50,000 training examples, "
      f"100 epochs: {options.logdir}")
  assert "--help" in advice[0] and "quickstart.flags" in advice[1]


def test_a_kernels_labels_are_named():
  config, options = linear_flags.parse_interpolate(
      ["--dataset=digits", "--label_corruption=1"])
  result = dict.fromkeys(
      ("train_error", "relative_residual", "test_error", "min_norm",
       "condition_estimate", "wall_seconds", "peak_memory_gb"), 0.0)
  text = summary.summarize_interpolation(config, options, {**result, "n": 1297})
  assert "\ndigits, random labels, preprocessing none, gaussian" in text


def test_labels_drawn_and_labels_changed_are_told_apart():
  shares = {"labels_drawn": 0.4934, "labels_changed": 0.4387}
  assert "  labels drawn        49.34%   (changed: 43.87%)\n" in _text(
      label_corruption=0.5, result=shares)
  # Where nothing is drawn, or an earlier version did not count.
  assert "labels drawn" not in _text(result=dict.fromkeys(shares, 0.0))
  assert "labels drawn" not in _text(label_corruption=0.5)


def test_labels_that_are_not_the_papers_are_named_too():
  assert "on digits, asymmetric label noise with probability 1, " in _text(
      label_corruption=1.0, label_noise="asymmetric")
  assert "memorized" not in _text(
      label_corruption=1.0, label_noise="asymmetric")
  assert "on digits, the labels of --labels_file, " in _text(
      labels_file="f" * 64)


def test_after_labels_of_ones_own_the_next_to_try_are_true_ones(tmp_path):
  path = tmp_path / "labels.txt"
  path.write_text("3\n" * 1297)
  assert _next("--dataset=digits", f"--labels_file={path}") == [
      "--dataset=digits", "--label_corruption=0"]
  assert _next("--dataset=digits", "--label_corruption=0.2",
               "--label_noise=asymmetric") == [
      "--dataset=digits", "--label_corruption=0"]


def test_memorizing_is_explained_only_where_it_happened():
  assert "memorized" in _text(label_corruption=1.0)
  assert "memorized" not in _text(label_corruption=0.0)
  assert "memorized" not in _text(
      label_corruption=1.0, result={"train_accuracy": 0.5})


def _next(*arguments):
  """Returns what a run of a command line says to try next, as arguments."""
  config, options = training_flags.parse(list(arguments))
  line = summary.summarize_training(config, options, _RESULT).splitlines()[-1]
  before, after = line.split(" -- ", 1)
  words = shlex.split(before)
  assert words[:2] + words[3:] == ["Try", "next:", "run", "//rethink_tf:train"]
  return shlex.split(after)


@pytest.mark.parametrize("flag, opposite", [
    ("--label_corruption=1", 0), ("--label_corruption=0.2", 0),
    ("--label_corruption=0", 1)])
def test_the_next_thing_to_try_is_the_other_kind_of_labels(flag, opposite):
  # What is printed is a command that the program takes.
  parsed, _ = training_flags.parse(_next("--dataset=digits", flag))
  assert parsed == training_flags.Config(
      dataset="digits", label_corruption=opposite)


def test_the_next_command_repeats_flagfile_and_flags():
  arguments = _next(
      "--flagfile=configs/quickstart.flags", "--epochs=3", "--norandom_crop",
      "--model", "mlp_3x512", "--label_corruption", "0.5")
  parsed, _ = training_flags.parse(arguments)
  quickstart, _ = training_flags.parse(["--flagfile=configs/quickstart.flags"])
  assert parsed == dataclasses.replace(
      quickstart, epochs=3, model="mlp_3x512", label_corruption=0.0)


@pytest.mark.parametrize("words", [
    ["--logdir=/somewhere"], ["--logdir", "/somewhere"], ["--overwrite"],
    ["--extend"]])
def test_the_next_command_leaves_this_runs_directory_alone(words):
  arguments = _next("--dataset=digits", *words, "--seed=5")
  _, options = training_flags.parse(arguments)
  assert str(options.logdir) != "/somewhere"
  assert not options.overwrite and not options.extend
  assert "--seed=5" in arguments


def test_tensorboard_is_pointed_at_all_default_runs_together():
  assert "--logdir=/w/runs\n" in _text()


def test_the_address_shows_runs_of_the_same_model_and_data():
  address, = re.findall(r"and then at +(\S+)\n", _text())
  query = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
  shown, = query["runFilter"]
  assert re.search(shown, "mlp_1x512, digits, random labels, row, seed1")
  assert not re.search(shown, "mlp_1x512, cifar10, true labels, row, seed1")
  assert not re.search(shown, "other mlp_1x512, digits, true labels")
  tags, = query["tagFilter"]
  assert re.search(tags, "accuracy/train") and re.search(tags, "loss/test")
  assert not re.search(tags, "result/test_accuracy")
  assert query["smoothing"] == ["0"]


def test_tensorboard_is_pointed_at_a_logdir_of_the_users_own():
  options = dataclasses.replace(
      _OPTIONS, logdir=pathlib.Path("/somewhere/else"))
  assert "--logdir=/somewhere/else\n" in _text(options)


@pytest.mark.parametrize("corruption, name, following", [
    (1, "mine", "mine-true-labels"), (0, "mine", "mine-random-labels"),
    (0, "mine-true-labels", "mine-random-labels"),
    (0.5, "mine-random-labels", "mine-true-labels")])
def test_the_next_command_has_a_folder_beside_the_users_own(
    corruption, name, following):
  arguments = _next(
      "--dataset=digits", f"--logdir=/some where/{name}",
      f"--label_corruption={corruption}")
  assert f"--logdir=/some where/{following}" in arguments
  assert f"--label_corruption={0 if corruption else 1}" in arguments
  assert len(arguments) == 3


def test_a_folder_that_a_flagfile_names_is_left_alone_too(
    tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  (tmp_path / "f").write_text("--dataset=digits\n--logdir=/some/where\n")
  assert _next("--flagfile=f")[1:] == [
      "--logdir=/some/where-random-labels", "--label_corruption=1"]


def test_a_default_folder_needs_no_flag():
  assert _next("--dataset=digits") == [
      "--dataset=digits", "--label_corruption=1"]

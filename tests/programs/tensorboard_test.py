"""Tests of tensorboard: how runs are called, what is served, its help."""

import json
import pathlib

import pytest

from rethink_tf.flags import training as training_flags
from rethink_tf.programs import named_runs
from rethink_tf.programs import tensorboard
from rethink_tf.runs import commands

# (folder, flags, what its name begins with).
_RUNS = [
    ("mlp_1x512-1a2b3c4d/seed1", [], "mlp_1x512, digits, true labels, "),
    ("row12-99aa3c4d/seed2",
     ["--model=alexnet_small", "--label_corruption=1", "--seed=2"],
     "alexnet_small, digits, random labels, "),
    ("deep/er/a-0/seed1", ["--label_corruption=0.5", "--random_crop"],
     "mlp_1x512, digits, label corruption 0.5, random crop, "),
    ("mine", ["--pixel_randomization=gaussian", "--train_examples=500",
              "--weight_decay=0.001", "--dropout=0.5"],
     "mlp_1x512, digits, Gaussian noise, true labels, 500 examples, weight "
     "decay 0.001, dropout 0.5, "),
]


def _make(directory, flags=(), text=None):
  """Makes what TensorBoard reads of a run directory."""
  (directory / "tensorboard").mkdir(parents=True)
  config, _ = training_flags.parse(["--dataset=digits", *flags])
  recorded = {**config.as_dict(), "label_hash": "a", "dataset_fingerprint": "b"}
  (directory / "config.json").write_text(text or json.dumps(recorded))


@pytest.fixture(name="named")
def _named(tmp_path):
  (tmp_path / "links").mkdir()
  return named_runs.NamedRuns(tmp_path / "runs", tmp_path / "links")


def _links(folder):
  return {path.name: path.readlink() for path in (folder / "links").iterdir()}


def test_a_runs_name_says_model_data_and_labels_before_its_folder(
    named, tmp_path):
  for folder, flags, _ in _RUNS:
    _make(tmp_path / "runs" / folder, flags)
  assert named.update() == len(_RUNS)
  assert _links(tmp_path) == {
      words + folder.replace("/", ", "):
      tmp_path / "runs" / folder / "tensorboard" for folder, _, words in _RUNS}


def test_runs_come_and_go(named, tmp_path):
  assert named.update() == 0
  _make(tmp_path / "runs/a/seed1")
  (tmp_path / "runs/no_run/tensorboard").mkdir(parents=True)
  assert named.update() == 1
  _make(tmp_path / "runs/b/seed1")
  assert named.update() == 2
  (tmp_path / "runs/a/seed1/config.json").unlink()
  assert named.update() == 1
  name, = _links(tmp_path)
  assert name.endswith(", b, seed1")


def test_two_runs_never_have_one_name(named, tmp_path):
  for folder in ("a/seed1", "a, seed1", f"{'é' * 120}/seed1"):
    _make(tmp_path / "runs" / folder)
  assert named.update() == 3
  assert len(_links(tmp_path)) == 3


def test_the_folder_may_be_a_run(tmp_path):
  _make(tmp_path / "mine")
  (tmp_path / "links").mkdir()
  named_runs.NamedRuns(tmp_path / "mine", tmp_path / "links").update()
  assert list(_links(tmp_path)) == ["mlp_1x512, digits, true labels, mine"]


@pytest.mark.parametrize("text", [
    "{", "[]", "{}", '{"seed": 1}', json.dumps({
        **training_flags.Config(dataset="digits").as_dict(),
        "label_corruption": "a/b"}), json.dumps({
            **training_flags.Config(dataset="digits").as_dict(),
            "model": "../../x"})])
def test_a_run_whose_config_says_nothing_has_its_path(named, tmp_path, text):
  _make(tmp_path / "runs/a\nb/seed1", text=text)
  named.update()
  assert list(_links(tmp_path)) == ["a?b, seed1"]


def test_a_link_in_a_run_is_not_followed(named, tmp_path):
  directory = tmp_path / "runs/a/seed1"
  _make(directory)
  (directory / "tensorboard").rmdir()
  (directory / "tensorboard").symlink_to(tmp_path)
  assert named.update() == 0 and not _links(tmp_path)


@pytest.fixture(name="served")
def _served(monkeypatch):
  """What TensorBoard would be started with, and how many links it would see."""
  served = []
  monkeypatch.setattr(tensorboard, "_serve", lambda arguments: served.append(
      (arguments, len(list(pathlib.Path(arguments[-1]).glob("*/"))))))
  return served


@pytest.mark.parametrize("typed", [
    [], ["--logdir=runs"], ["--logdir", "runs"]])
def test_runs_are_served_by_their_names(typed, tmp_path, monkeypatch, served):
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  _make(tmp_path / "runs/a/seed1")
  _make(tmp_path / "runs/a/seed2", ["--seed=2"])
  tensorboard.main(["tensorboard", *typed])
  ((flag, links), count), = served
  assert flag == "--logdir" and count == 2
  assert not pathlib.Path(links).exists()  # Only while it is served.


def test_what_is_no_folder_of_runs_is_tensorboards_own(tmp_path, served):
  (tmp_path / "events.out.tfevents.1.host").touch()
  tensorboard.main(["tensorboard", f"--logdir={tmp_path}", "--port=1"])
  tensorboard.main(["tensorboard", "--logdir_spec=a:b,c:d"])
  tensorboard.main(["tensorboard", "--helpfull"])
  assert [arguments for arguments, _ in served] == [
      ["--logdir", str(tmp_path), "--port=1"], ["--logdir_spec=a:b,c:d"],
      ["--help"]]


def test_the_help_is_short(capsys):
  assert tensorboard.main(["tensorboard", "--help"]) == 0
  lines = capsys.readouterr().out.splitlines()
  assert len(lines) <= 40 and max(map(len, lines)) <= 80


def test_the_address_has_filters_that_a_browser_reads():
  assert commands.tensorboard_address(runs="^mlp_1x512, digits,") == (
      "http://localhost:6006/?runFilter=%5Emlp_1x512%2C%20digits%2C&"
      "tagFilter=%5E%28accuracy%7Closs%29%2F%28test%7Ctrain%29%24&"
      "smoothing=0#timeseries")

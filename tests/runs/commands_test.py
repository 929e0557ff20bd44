"""Tests of commands: what is printed works in a shell, from another folder."""

import ast
import contextlib
import json
import pathlib
import re
import shlex
import subprocess
import sys
import types

import pytest

import rethink_tf
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import report
from rethink_tf.programs import reproduce
from rethink_tf.programs import tensorboard
from rethink_tf.runs import commands
from rethink_tf.runs import summary
from rethink_tf.suites import plan as suite_plan
from rethink_tf.suites import runner

_RESULT = {
    "train_examples": 1297, "epochs": 100, "train_accuracy": 1.0,
    "train_loss": 0.0021, "test_accuracy": 0.108, "test_loss": 3.2}
# What a shell splits, expands or unquotes.
_NAME = "it's $HOME/a  \"b\" & *"


@pytest.fixture(name="user")
def _user(tmp_path, monkeypatch):
  """A user's folder, beside a checkout whose Bazel shows its arguments."""
  script = tmp_path / "check out/scripts/bazel"
  script.parent.mkdir(parents=True)
  script.write_text(
      f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))")
  script.chmod(0o755)
  folder = tmp_path / "user"
  folder.mkdir()
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "check out"))
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(folder))
  return folder


def _paste(text, label, folder):
  """Runs the command after a label in a shell; returns Bazel's arguments."""
  line, = [line for line in text.splitlines() if line.startswith(label)]
  done = subprocess.run(
      ["sh", "-c", line.removeprefix(label)], cwd=folder, check=True,
      capture_output=True, text=True)
  run, target, dashes, *flags = json.loads(done.stdout)
  assert (run, dashes) == ("run", "--")
  return target, flags


def _summary(*arguments):
  config, options = training_flags.parse(list(arguments))
  return summary.summarize_training(config, options, _RESULT)


def test_tensorboard_shows_the_users_folder(user, tmp_path):
  text = _summary("--dataset=digits", f"--logdir={_NAME}")
  assert _paste(text, "TensorBoard:", tmp_path) == (
      "//rethink_tf:tensorboard", [f"--logdir={user / _NAME}"])


@pytest.mark.parametrize("typed", [
    ["--flagfile=my flags", "--data_dir=data"],
    ["--flagfile", "my flags", "--data_dir", "data"]])
def test_the_next_run_takes_what_this_one_took(
    user, tmp_path, monkeypatch, typed):
  (user / "my flags").write_text("--dataset=digits\n--epochs=3\n")
  text = _summary(*typed, f"--logdir={_NAME}", "--seed=7")
  target, flags = _paste(text, "Try next:", tmp_path)
  assert target == "//rethink_tf:train"
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  config, options = training_flags.parse(flags)
  assert config == training_flags.Config(
      dataset="digits", epochs=3, seed=7, label_corruption=1.0)
  assert options.data_dir == user / "data"
  assert options.logdir == user / f"{_NAME}-random-labels"


def test_the_next_run_has_the_data_that_a_flagfile_names(
    user, tmp_path, monkeypatch):
  (user / "my flags").write_text("--dataset=digits\n--data_dir=my data\n")
  _, flags = _paste(_summary("--flagfile=my flags"), "Try next:", tmp_path)
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  assert training_flags.parse(flags)[1].data_dir == user / "my data"


def test_one_worker_of_several_prints_no_command_that_waits_for_the_others(
    user):
  text = _summary("--strategy=multi_worker", "--batch_size=128")
  assert "TensorBoard:" in text and "Try next:" not in text


def test_a_shipped_flagfile_is_named_as_typed(user, tmp_path):
  _, flags = _paste(
      _summary("--flagfile=configs/quickstart.flags"), "Try next:", tmp_path)
  assert flags[0] == "--flagfile=configs/quickstart.flags"


def test_another_flagfile_of_that_name_is_the_users(user, tmp_path):
  (user / "configs").mkdir()
  mine = user / "configs/quickstart.flags"
  mine.write_text("--dataset=digits\n")
  _, flags = _paste(
      _summary("--flagfile=configs/quickstart.flags"), "Try next:", tmp_path)
  assert flags[0] == f"--flagfile={mine}"


def test_the_report_is_of_the_suites_folder(
    user, tmp_path, monkeypatch, capsys):
  folder = user / _NAME
  monkeypatch.setattr(runner, "run", lambda *arguments: [])
  assert reproduce.main(
      ["reproduce", "--suite=smoke", f"--logdir={_NAME}"]) == 0
  assert _paste(
      capsys.readouterr().out, "Tables and figures:", tmp_path) == (
          "//rethink_tf:report",
          [f"--runs={folder}", f"--out={folder / 'report'}"])


def test_each_run_of_a_suite_is_a_command(user, tmp_path):
  plans = suite_plan.load("smoke", (1,), 0)
  for plan in plans:
    job = types.SimpleNamespace(plan=plan, directory=user / _NAME)
    line = runner.shell_command(job, user / "my data")
    target, flags = _paste(f"do:{line}", "do:", tmp_path)
    assert target == "//rethink_tf:train"
    config, options = training_flags.parse(flags)
    assert config == plan.config
    assert (options.logdir, options.data_dir) == (
        user / _NAME, user / "my data")


def test_a_run_of_a_users_suite_is_a_command_in_any_folder(
    user, tmp_path, monkeypatch):
  (user / "my flags").write_text("--dataset=digits\n--data_dir=my data\n")
  (user / "suites").mkdir()
  (user / "suites/mine.toml").write_text(
      '[[run]]\nname = "a"\nflagfile = "my flags"\n')
  plan, = suite_plan.load("suites/mine.toml")
  job = types.SimpleNamespace(plan=plan, directory=user / _NAME)
  line = runner.shell_command(job, None)
  _, flags = _paste(f"do:{line}", "do:", tmp_path)
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  config, options = training_flags.parse(flags)
  assert config == plan.config
  assert (options.logdir, options.data_dir) == (user / _NAME, user / "my data")


@pytest.mark.parametrize(
    "typed", [["--logdir=my runs"], ["--logdir", "my runs"]])
def test_tensorboard_takes_a_folder_from_where_the_user_is(user, typed):
  taken = tensorboard.absolute([*typed, "--port=1"])
  assert "=".join(taken) == f"--logdir={user}/my runs=--port=1"


@pytest.mark.parametrize("program, parse", [
    ("train", training_flags.parse), ("tensorboard", tensorboard.main)])
def test_the_example_of_a_help_works_in_the_checkout(
    user, program, parse, capsys):
  with contextlib.suppress(SystemExit):
    parse(["--help"] if program == "train" else [program, "--help"])
  text = capsys.readouterr().out.replace("  scripts/", "do: scripts/")
  target, flags = _paste(text, "do: ", user.parent / "check out")
  assert target == f"//rethink_tf:{program}" and flags


def test_who_has_no_runs_is_told_how_to_make_some(user, tmp_path, capsys):
  (tmp_path / "none").mkdir()
  assert report.main(
      ["report", f"--runs={tmp_path}/none", f"--out={tmp_path}/out"]) == 0
  assert _paste(capsys.readouterr().out,
                f"no runs below {tmp_path}/none; to make some: ", user) == (
      "//rethink_tf:reproduce", ["--suite=smoke"])


def test_each_module_that_prints_a_command_has_its_tests_here():
  package = pathlib.Path(rethink_tf.__file__).parent
  printing = {
      str(path.relative_to(package)) for path in package.rglob("*.py")
      if re.search(r"shell_line\(|bazel run|scripts/",
                   _code_of(path.read_text("utf-8")))}
  assert printing == {
      "flags/declare.py", "programs/report.py", "programs/reproduce.py",
      "runs/commands.py", "runs/summary.py", "suites/runner.py"}


def _code_of(text):
  """Returns a module without its docstrings and comments."""
  tree = ast.parse(text)
  for node in ast.walk(tree):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
      node.value = ast.Constant(None)
  return ast.unparse(tree)


@pytest.mark.parametrize("name", ["a\nrm -r b", "tab\there", "\x1b[31m%s\\'"])
def test_what_is_not_printed_stays_in_its_word_and_line(user, name):
  line = commands.shell_line("train", [f"--logdir=/{name}", "--seed=1"])
  assert line.isprintable()
  assert _paste(line, "", user) == (
      "//rethink_tf:train", [f"--logdir=/{name}", "--seed=1"])


def test_a_program_that_knows_no_checkout_says_where_bazel_is_in_one(
    user, tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path))
  assert commands.shell_line("train", []) == (
      "scripts/bazel run //rethink_tf:train --")
  monkeypatch.delenv("BUILD_WORKSPACE_DIRECTORY")
  start = shlex.split(commands.shell_line("train", []))[0]
  assert start == "scripts/bazel" or pathlib.Path(start).is_absolute()

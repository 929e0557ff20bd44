"""Tests of `pip install .`: a wheel is built and unpacked, and trains."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

import rethink_tf

_ROOT = pathlib.Path(rethink_tf.__file__).parent.parent
_COPIED = ("rethink_tf", "configs", "third_party/python/pins_cpu.txt",
           "README.md", "LICENSE", "pyproject.toml", "setup.py")


@pytest.fixture(name="installed", scope="module")
def _installed(tmp_path_factory):
  """What a wheel of the project installs."""
  source = tmp_path_factory.mktemp("source")
  for name in _COPIED:
    target = source / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if (_ROOT / name).is_dir():
      shutil.copytree(_ROOT / name, target,
                      ignore=shutil.ignore_patterns("__pycache__"))
    else:
      shutil.copyfile(_ROOT / name, target)
  subprocess.run(
      [sys.executable, "-c", "import setuptools.build_meta as build; "
       "build.build_wheel('wheels')"], cwd=source, check=True,
      capture_output=True)
  wheel, = (source / "wheels").glob("*.whl")
  folder = tmp_path_factory.mktemp("installed")
  with zipfile.ZipFile(wheel) as archive:
    archive.extractall(folder)
  return folder


def _run(installed, cwd, *arguments):
  kept = {name: value for name, value in os.environ.items()
          if not name.startswith(("BUILD_W", "RUNFILES", "PYTHONPATH"))}
  return subprocess.run(
      [sys.executable, "-m", "rethink_tf", *arguments], cwd=cwd, check=False,
      capture_output=True, text=True,
      env={**kept, "PYTHONPATH": str(installed)})


def test_an_installed_package_trains_by_a_flagfile_of_its_own(
    installed, tmp_path):
  done = _run(installed, tmp_path, "train",
              "--flagfile=configs/quickstart.flags", "--epochs=1",
              "--train_examples=128", "--logdir=run")
  assert done.returncode == 0, done.stderr
  result = json.loads((tmp_path / "run/result.json").read_text("utf-8"))
  assert (result["epochs"], result["train_examples"]) == (1, 128)
  # What it says to type next runs without Bazel.
  assert "-m rethink_tf tensorboard" in done.stdout
  assert "scripts/bazel" not in done.stdout


def test_an_installed_package_lists_its_suites_and_reports(installed, tmp_path):
  plans = _run(installed, tmp_path, "reproduce", "--suite=table1", "--dry_run")
  assert plans.returncode == 0 and "table1_row19 seed 1" in plans.stdout
  done = _run(installed, tmp_path, "report", "--runs=.", "--claims")
  assert done.returncode == 0 and "NOT RUN" in done.stdout


@pytest.mark.parametrize("program", ["train", "tensorboard"])
def test_the_example_of_a_help_is_without_bazel(installed, tmp_path, program):
  done = _run(installed, tmp_path, program, "--help")
  assert f"\n  python -m rethink_tf {program} --" in done.stdout
  assert "scripts/bazel" not in done.stdout


def test_a_command_that_there_is_not_is_one_line(installed, tmp_path):
  done = _run(installed, tmp_path, "trian")
  assert done.returncode == 2
  assert re.fullmatch(
      r"error: expected a command: .*train.*\. Received: 'trian'\n",
      done.stderr)


def test_the_versions_are_those_of_the_lock():
  folder = _ROOT / "third_party/python"
  lock = (folder / "requirements_cpu.txt").read_text("utf-8")
  locked = re.findall(r"^(\S+==.*?) \\$", lock, re.M)
  assert len(locked) > 50
  assert (folder / "pins_cpu.txt").read_text("utf-8").splitlines() == locked

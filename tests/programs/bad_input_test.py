"""Tests of bad input: refused in one line, before any work, nothing written.

Each case runs the program where importing TensorFlow or Keras would end in a
traceback, so that a case that passes did without.
"""

import pathlib

import pytest

from rethink_tf import programs
from tests import launch

_FLAGFILES = {
    "missing_dashes.flags": "--seed=1\nlr=0.5\n",
    "itself.flags": "--flagfile=itself.flags\n",
    "circle.flags": "--flagfile=itself.flags\n",
    "unknown_flag.flags": "--epoch=3\n",
    "bad_value.flags": "--label_corruption=nan\n",
    "two_on_a_line.flags": "--seed=1 --epochs=2\n",
    "absent_inner.flags": "--flagfile=no_such.flags\n",
}

_USAGE = [
    ("--model=resnet", "'resnet'"),
    ("--dataset=svhn", "'svhn'"),
    ("--pixel_randomization=blur", "'blur'"),
    ("--lr=0.5", "lr"),
    ("--label_corruption=1.5", "1.5"),
    ("--label_corruption=-0.1", "-0.1"),
    ("--label_corruption=nan", "nan"),
    ("--weight_decay=-0.001", "-0.001"),
    ("--weight_decay=nan", "nan"),
    ("--dropout=-0.5", "-0.5"),
    ("--dropout=nan", "nan"),
    ("--learning_rate=-0.1", "-0.1"),
    ("--learning_rate=nan", "nan"),
    ("--lr_decay=nan", "nan"),
    ("--random_crop=perhaps", "perhaps"),
    ("--epochs=0", "0"),
    ("--train_examples=1298", "1,297"),
    ("epochs=3", "'epochs=3'"),
    ("--flagfile=no_such.flags", "no_such.flags"),
    ("--flagfile=missing_dashes.flags", "line 2"),
    ("--flagfile=itself.flags", "includes itself"),
    ("--flagfile=circle.flags", "includes itself"),
    ("--flagfile=unknown_flag.flags", "epoch"),
    ("--flagfile=bad_value.flags", "nan"),
    ("--flagfile=two_on_a_line.flags", "--epochs=2"),
    ("--flagfile=absent_inner.flags", "no_such.flags"),
    ("--flagfile=" + 300 * "f", "fff"),
    ("--logdir=itself.flags", "itself.flags"),
    ("--logdir=itself.flags/run", "itself.flags/run"),
    ("--logdir=/proc/rethink_tf/run", "/proc/rethink_tf/run"),
    ("--logdir=" + 300 * "d", "ddd"),
    ("--logdir=~no_such_user/" + 300 * "d", "no_such_user"),
]

# All but TensorBoard, which takes its own flags and loads no Keras.
_PROGRAMS = sorted(
    path.stem for path in pathlib.Path(programs.__file__).parent.glob("*.py")
    if "__main__" in path.read_text("utf-8") and path.stem != "tensorboard")


@pytest.fixture(name="folder")
def _folder(tmp_path):
  for name, text in _FLAGFILES.items():
    (tmp_path / name).write_text(text)
  return tmp_path


def _assert_refused(folder, arguments, code, words):
  before = sorted(folder.rglob("*"))
  done = launch.run_without_tensorflow("train", *arguments, folder=folder)
  assert done.returncode == code, done.stderr
  assert done.stdout == ""
  assert done.stderr.startswith("error: ")
  assert done.stderr.count("\n") == 1 and done.stderr.endswith("\n")
  assert words in done.stderr
  assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("flag, words", _USAGE, ids=[f[:40] for f, _ in _USAGE])
def test_usage_errors_exit_2(folder, flag, words):
  _assert_refused(folder, ["--dataset=digits", flag], 2, words)


@pytest.mark.parametrize("path", ["absent", "itself.flags", 300 * "d"])
def test_an_explicit_data_dir_that_does_not_exist_exits_3(folder, path):
  _assert_refused(
      folder, ["--dataset=cifar10", f"--data_dir={path}"], 3,
      f"--data_dir: expected a folder that exists. Received: {folder / path}")


def test_the_refusals_above_are_not_for_want_of_tensorflow(folder):
  done = launch.run_without_tensorflow(
      "train", "--dataset=digits", folder=folder)
  # Valid flags go on to where it is to be imported.
  assert (done.returncode, done.stderr) == (
      2, "error: KERAS_BACKEND: expected jax, as TensorFlow is not installed. "
      "Received: None\n")


def test_help_needs_no_tensorflow_and_writes_nothing(folder):
  before = sorted(folder.rglob("*"))
  done = launch.run_without_tensorflow("train", "--help", folder=folder)
  assert (done.returncode, done.stderr) == (0, "")
  assert "--label_corruption" in done.stdout
  assert sorted(folder.rglob("*")) == before


def test_the_programs_below_are_all():
  assert len(_PROGRAMS) == 20 and {"reproduce", "train"} < set(_PROGRAMS)


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_program_refuses_a_flagfile_that_includes_itself(
    folder, program):
  done = launch.run_without_tensorflow(
      program, "--flagfile=circle.flags", folder=folder)
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr == (
      f"error: flagfile {folder}/itself.flags includes itself\n")


@pytest.mark.parametrize("program", _PROGRAMS)
def test_every_program_refuses_a_backend_that_keras_cannot_load(
    tmp_path, program):
  done = launch.run_without_tensorflow(
      program, folder=tmp_path, KERAS_BACKEND="torch")
  assert (done.returncode, done.stdout) == (2, "")
  assert done.stderr == (
      "error: KERAS_BACKEND: expected tensorflow, or jax where it is "
      "installed. Received: 'torch'\n")
  # Matplotlib keeps its fonts in a folder whose name begins with a dot.
  assert all(path.name.startswith(".") for path in tmp_path.iterdir())

"""Damages run directories, by a bit or a link, and goes on with the runs."""

import contextlib
import importlib
import io
import json
import os
import pathlib
import shutil
from unittest import mock

import keras

from rethink_tf import errors

_TIMES = ("wall_seconds", "images_per_second", "seconds", "peak_memory_gb")
# A kind of run: its program, its flags, and before which file it is killed, to
# leave a run that is not done with each kind of file that it writes.
KINDS = {
    "train": (
        "train", "step-00000006.npz",
        ("--dataset=digits", "--model=mlp_1x512", "--label_corruption=0.5",
         "--dropout=0.3", "--epochs=3", "--train_examples=40",
         "--batch_size=20")),
    "interpolate": (
        "interpolate", "metrics.csv",
        ("--dataset=digits", "--train_examples=120")),
    "interpolate, convolutions": (
        "interpolate", "metrics.csv",
        ("--dataset=digits", "--train_examples=60", "--filters=300",
         "--preprocessing=random_convnet", "--checkpoint_minutes=1e-9")),
    "rademacher": (
        "rademacher", "result.json",
        ("--dataset=digits", "--n=20", "--draws=2", "--epochs=2",
         "--checkpoint_minutes=1e-9")),
    "lemma1": ("lemma1", "result.json", ("--sizes=5", "--instances=2")),
    "section5": (
        "section5", "result.json",
        ("--dataset=digits", "--train_examples=30", "--test_examples=10",
         "--sgd_examples=10", "--sgd_epochs=3", "--bandwidth=2")),
}
# Of a symbolic link: what was in its place, another's, or what is not there.
TARGETS = ("own", "file", "folder", "nothing")
# What a run has not always.
_MORE_PLACES = (
    "result.json", "SHA256SUMS", "preview.png", "label_kinds.csv",
    "checkpoints/step-99999999.npz", "checkpoints/iteration.npz",
    "tensorboard/other", "config.json.kept-1", "result-2-epochs.json",
    "a stranger's")


class Killed(BaseException):
  """Stands for SIGKILL: no clean-up may be needed."""


def make(kind, directory, done):
  """Makes a run.

  Args:
    kind: a key of `KINDS`.
    directory: `pathlib.Path` of its run directory.
    done: whether it is finished; else it was killed.
  """
  last, replace = KINDS[kind][1], os.replace

  def replace_or_die(source, target):
    if not done and os.path.basename(target) == last:
      raise Killed
    replace(source, target)

  with mock.patch.object(os, "replace", replace_or_die):
    with contextlib.suppress(Killed):
      code, _, err = run(kind, directory)
      assert (done, code) == (True, 0), err
  assert (directory / "result.json").exists() == done


def lose(kind, directory, count, replaced):
  """Takes a run's directory away under it, and sees what becomes of both.

  Args:
    kind: a key of `KINDS`.
    directory: `pathlib.Path` of its run directory.
    count: after how many files that the run wrote.
    replaced: whether another run is there then, or nothing.

  Returns:
    Whether there were as many files.

  Raises:
    AssertionError: the run did not end with 4 in a line, or wrote there.
  """
  written, replace = [], os.replace

  def replace_and_lose(source, target):
    replace(source, target)
    written.append(target)
    if len(written) == count:
      shutil.rmtree(directory)
      if replaced:
        directory.mkdir()
        for name in ("lock", "config.json", "metrics.csv"):
          (directory / name).write_text("another's")

  with mock.patch.object(os, "replace", replace_and_lose):
    code, _, err = run(kind, directory)
  if len(written) < count:
    return False
  lines = [line for line in err.splitlines() if line.startswith("error: ")]
  assert code == errors.StorageError.exit_code, f"exit {code}: {err}"
  assert len(lines) == 1 and "was removed or replaced" in lines[0], err
  assert directory.exists() == replaced
  if replaced:
    assert {p.name: p.read_text() for p in directory.iterdir()} == {
        name: "another's" for name in ("lock", "config.json", "metrics.csv")}
  return True


def run(kind, directory, *more):
  """Runs a kind's command; returns (exit code, stdout, stderr)."""
  program, _, flags = KINDS[kind]
  main = importlib.import_module(f"rethink_tf.programs.{program}").main
  keras.backend.clear_session()
  out, err = io.StringIO(), io.StringIO()
  with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
    code = errors.exit_code_of(
        main, [program, *flags, f"--logdir={directory}", *more])
  return code, out.getvalue(), err.getvalue()


def list_files(directory):
  """Returns the files of a run directory that have a byte to damage, sorted."""
  return sorted(p.relative_to(directory) for p in directory.rglob("*")
                if p.is_file() and p.stat().st_size)


def try_flip(kind, made, folder, name, place, bit, expected):
  """Flips a bit of a file in a copy of a run, and goes on with that run.

  Args:
    kind: a key of `KINDS`.
    made: `pathlib.Path` of the run directory, which stays.
    folder: `pathlib.Path` of a folder for the copy.
    name: of the file, relative to the run directory.
    place: where in the file, in [0, 1).
    bit: which bit of that byte, 0 to 7.
    expected: the `result` of a run that nothing happened to.

  Returns:
    "unharmed", "warned" or "refused".

  Raises:
    AssertionError: it ended otherwise.
  """
  directory = folder / "run"
  shutil.rmtree(directory, ignore_errors=True)
  shutil.copytree(made, directory)
  content = bytearray((directory / name).read_bytes())
  content[int(place * len(content))] ^= 1 << bit
  (directory / name).write_bytes(content)
  code, out, err = run(kind, directory)
  where = f"{kind}, {name}, byte {int(place * len(content))}, bit {bit}: "
  lines = err.splitlines()
  if code == errors.StorageError.exit_code:
    assert len(lines) == 1 and lines[0].startswith("error: "), where + err
    assert str(directory) in lines[0], where + err
    return "refused"
  assert code == 0, where + err
  assert result(directory) == expected, where + "another result"
  for line in lines:
    assert line.startswith("warning: ") and str(name) in err, where + err
  assert out, where
  return "warned" if lines else "unharmed"


def list_places(directory):
  """Returns where a run has or may have a file or folder, sorted, relative."""
  there = {p.relative_to(directory) for p in directory.rglob("*")}
  return sorted({*there, *map(pathlib.Path, _MORE_PLACES)})


def try_link(kind, made, folder, name, target, overwrite, expected):
  """Puts a symbolic link into a copy of a run, and goes on with that run.

  Args:
    kind: a key of `KINDS`.
    made: `pathlib.Path` of the run directory, which stays.
    folder: `pathlib.Path` of a folder for the copy, and for the link's target.
    name: of the link, relative to the run directory; what is there gives way.
    target: one of `TARGETS`.
    overwrite: whether the run is made anew.
    expected: the `result` of a run that nothing happened to.

  Returns:
    "refused" or "passed by".

  Raises:
    AssertionError: the target is not as it was, or it ended otherwise.
  """
  directory, elsewhere = folder / "run", folder / "elsewhere"
  shutil.rmtree(folder, ignore_errors=True)
  shutil.copytree(made, directory)
  _move_away(directory / name, elsewhere, target)
  (directory / name).symlink_to(elsewhere)
  before = _read_all(elsewhere)
  code, _, err = run(kind, directory, *["--overwrite"] * overwrite)
  where = f"{kind}, {name} to {target}, overwrite {overwrite}: "
  assert _read_all(elsewhere) == before, where + "its target is another"
  if code == 0:
    assert result(directory) == expected, where + "another result"
    return "passed by"
  assert code == errors.UsageError.exit_code, f"{where}exit {code}: {err}"
  line, = err.splitlines()
  assert line.startswith("error: ") and str(directory) in line, where + err
  return "refused"


def _move_away(place, elsewhere, target):
  """Makes a link's target, and room for the link."""
  place.parent.mkdir(parents=True, exist_ok=True)
  if target == "own" and place.exists():
    place.rename(elsewhere)
  elif target == "file":
    elsewhere.write_text("{}")
  elif target in ("own", "folder"):
    elsewhere.mkdir()
    (elsewhere / "step-00000001.npz").write_text("a stranger's")
  if place.is_dir():
    shutil.rmtree(place)
  place.unlink(missing_ok=True)


def _read_all(path):
  """Returns what a path is: bytes, a dict of a folder's files, or None."""
  if path.is_dir():
    return {p.relative_to(path): p.is_file() and p.read_bytes()
            for p in path.rglob("*")}
  return path.read_bytes() if path.exists() else None


def result(directory):
  """Returns what a run measured, its times left out: result and rows."""
  values = json.loads(pathlib.Path(directory / "result.json").read_text())
  table = (directory / "metrics.csv").read_text().splitlines()
  columns = table[0].split(",")
  return ({k: v for k, v in values.items() if k not in _TIMES},
          [{c: v for c, v in zip(columns, row.split(",")) if c not in _TIMES}
           for row in table[1:]])

"""Tests of ownership: whoever lost a directory writes nothing more there."""

import os
import shutil

import pytest

from rethink_tf import errors
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

# Ways of writing, each of a path in the run directory.
_WRITES = {
    "text": lambda run: storage.write_text(run / "metrics.csv", "mine"),
    "appended": lambda run: storage.append_text(run / "MANIFEST", "mine"),
    "folder": lambda run: storage.make_folder(run / "checkpoints"),
    "removal": lambda run: storage.remove(run / "metrics.csv"),
    "rename": lambda run: storage.rename(run / "metrics.csv", run / "b"),
    "checkpoint": lambda run: sealed.write(run / "step-1.npz", {}, {}),
}


def _remove(path):
  shutil.rmtree(path)


def _replace(path):
  shutil.rmtree(path)
  path.mkdir()
  (path / "lock").write_text("1")
  (path / "metrics.csv").write_text("another's")


def _replace_contents(path):
  for name in os.listdir(path):
    (path / name).unlink()
  (path / "lock").write_text("1")
  (path / "metrics.csv").write_text("another's")


@pytest.mark.parametrize("write", _WRITES)
@pytest.mark.parametrize("lose", [_remove, _replace, _replace_contents])
def test_whoever_lost_a_directory_writes_nothing_there(tmp_path, lose, write):
  run = tmp_path / "run"
  with run_directory.claim(run):
    (run / "metrics.csv").write_text("first")
    lose(run)
    before = {p.name: p.read_bytes() for p in run.glob("*")}
    with pytest.raises(errors.StorageError, match="was removed or replaced"):
      _WRITES[write](run)
  assert {p.name: p.read_bytes() for p in run.glob("*")} == before
  assert run.exists() == bool(before)


@pytest.mark.parametrize("write", _WRITES)
def test_the_owner_writes(tmp_path, write):
  with run_directory.claim(tmp_path / "run"):
    storage.write_text(tmp_path / "run/metrics.csv", "first")
    _WRITES[write](tmp_path / "run")


def test_a_directory_lost_while_a_file_is_written_gets_no_file(tmp_path):
  run = tmp_path / "run"
  with run_directory.claim(run):
    with pytest.raises(errors.StorageError, match="was removed or replaced"):
      with storage.replacing(run / "metrics.csv") as file:
        file.write(b"mine")
        _replace(run)
  assert (run / "metrics.csv").read_text() == "another's"
  assert sorted(os.listdir(run)) == ["lock", "metrics.csv"]


def test_other_folders_are_nobodys(tmp_path):
  with run_directory.claim(tmp_path / "run"):
    _remove(tmp_path / "run")
    storage.write_text(tmp_path / "page.md", "text")
  assert (tmp_path / "page.md").read_text() == "text"


def test_a_folder_that_becomes_a_link_is_not_written_through(tmp_path):
  run, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
  elsewhere.mkdir()
  with run_directory.claim(run):
    (run / "checkpoints").symlink_to(elsewhere)
    for write in (
        lambda: storage.write_text(run / "checkpoints/a", "x"),
        lambda: storage.make_folder(run / "checkpoints"),
        lambda: storage.remove(run / "checkpoints/a")):
      with pytest.raises(errors.StorageError, match="is a link"):
        write()
  assert not list(elsewhere.iterdir())


def test_a_file_that_is_a_link_is_replaced_and_its_target_kept(tmp_path):
  (tmp_path / "target").write_text("a stranger's")
  beside = tmp_path / f".a.txt.{os.getpid()}.tmp"
  for link in (tmp_path / "a.txt", beside):
    link.symlink_to(tmp_path / "target")
  storage.write_text(tmp_path / "a.txt", "mine")
  assert (tmp_path / "target").read_text() == "a stranger's"
  assert not (tmp_path / "a.txt").is_symlink()


def test_the_run_directory_itself_may_be_a_link(tmp_path):
  (tmp_path / "real").mkdir()
  (tmp_path / "run").symlink_to(tmp_path / "real")
  with run_directory.claim(tmp_path / "run") as directory:
    directory.begin({"seed": 1}, {}, overwrite=False)
  assert (tmp_path / "real/config.json").exists()

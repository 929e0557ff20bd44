"""Tests of storage: a file is its old version or its new one."""

import errno
import json
import os

import pytest

from rethink_tf import errors
from rethink_tf.runs import storage


def test_chunks_are_written_one_after_the_other(tmp_path):
  storage.write_bytes(tmp_path / "f", b"ab", memoryview(b"cd"))
  assert (tmp_path / "f").read_bytes() == b"abcd"


def test_json_comes_back(tmp_path):
  value = {"a": [1, 0.1, None, "\N{GREEK SMALL LETTER LAMDA}"]}
  storage.write_json(tmp_path / "f.json", value)
  assert json.loads((tmp_path / "f.json").read_text("utf-8")) == value
  assert os.listdir(tmp_path) == ["f.json"]


def test_a_table_has_its_columns_in_order_and_empty_cells_for_none():
  rows = [{"b": 0.1, "a": 1, "c": "left out"}, {"a": "x, y", "b": None}]
  assert storage.csv_text(("a", "b"), rows) == 'a,b\n1,0.1\n"x, y",\n'


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_version(tmp_path, monkeypatch, step):
  path = tmp_path / "f"
  path.write_text("old")

  def fail(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

  monkeypatch.setattr(os, step, fail)
  with pytest.raises(errors.StorageError, match="f cannot be written: No"):
    storage.write_text(path, "new")
  assert path.read_text() == "old"
  assert os.listdir(tmp_path) == ["f"]


def test_a_kill_before_the_rename_leaves_the_old_version(tmp_path, monkeypatch):
  class Killed(BaseException):
    """Stands for SIGKILL: no clean-up of storage's may be needed."""

  path = tmp_path / "f"
  path.write_text("old")
  monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(Killed))
  with pytest.raises(Killed):
    storage.write_text(path, "new")
  assert path.read_text() == "old"
  # What it leaves can be told from every other file.
  assert len(os.listdir(tmp_path)) == 2
  storage.remove_leftovers(tmp_path)
  assert os.listdir(tmp_path) == ["f"]


def test_leftovers_of_a_folder_that_is_not_there_are_none(tmp_path):
  storage.remove_leftovers(tmp_path / "absent")
  assert not os.listdir(tmp_path)


def test_the_new_version_is_on_disk_before_it_takes_the_name(
    tmp_path, monkeypatch):
  events = []
  fsync, replace = os.fsync, os.replace

  def note_fsync(descriptor):
    events.append(("fsync", os.readlink(f"/proc/self/fd/{descriptor}")))
    fsync(descriptor)

  def note_replace(source, target):
    events.append(("replace", str(target)))
    replace(source, target)

  monkeypatch.setattr(os, "fsync", note_fsync)
  monkeypatch.setattr(os, "replace", note_replace)
  storage.write_text(tmp_path / "f", "new")
  assert [name for name, _ in events] == ["fsync", "replace", "fsync"]
  assert os.path.dirname(events[0][1]) == str(tmp_path)
  assert events[2][1] == str(tmp_path)


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path):
  with pytest.raises(errors.StorageError, match="absent/f"):
    storage.write_text(tmp_path / "absent/f", "x")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_refused_and_nothing_written(
    tmp_path, number):
  with pytest.raises(ValueError):
    storage.write_json(tmp_path / "f.json", {"loss": number})
  assert not os.listdir(tmp_path)

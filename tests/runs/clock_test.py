"""Tests of clock: the seconds of all starts of a run, however they are kept."""

import time
import types

import pytest

from rethink_tf import errors
from rethink_tf.runs import clock as clock_lib


@pytest.fixture(name="time_now")
def _time_now(monkeypatch):
  time_now = types.SimpleNamespace(seconds=50.0)
  monkeypatch.setattr(time, "perf_counter", lambda: time_now.seconds)
  return time_now


def test_earlier_starts_are_counted(time_now):
  clock = clock_lib.Clock()
  time_now.seconds += 2
  assert clock.seconds() == 2
  clock.add(1000)
  time_now.seconds += 1
  assert clock.seconds() == 1003


def test_a_file_carries_the_seconds_to_the_next_start(tmp_path, time_now):
  file = tmp_path / "checkpoints" / "clock.json"
  clock = clock_lib.Clock(file)
  time_now.seconds += 7
  clock.save()
  time_now.seconds = 0.0  # Another process, and what it counts from.
  after = clock_lib.Clock(file)
  time_now.seconds += 3
  assert after.seconds() == 10


def test_without_a_file_nothing_is_kept(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  clock_lib.Clock().save()
  assert not list(tmp_path.iterdir())


def test_a_damaged_file_is_named(tmp_path):
  (tmp_path / "clock.json").write_text('{"sec')
  with pytest.raises(errors.StorageError, match="clock.json is damaged"):
    clock_lib.Clock(tmp_path / "clock.json")

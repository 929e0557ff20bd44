"""Tests of clock: the seconds of all starts of a run, however they are kept."""

import time
import types

import pytest

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
  file = tmp_path / "checkpoints" / "clock.npz"
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


def test_a_file_of_an_earlier_version_is_read(tmp_path, time_now):
  (tmp_path / "clock.json").write_text('{\n  "seconds": 7.5\n}\n')
  time_now.seconds += 1
  assert clock_lib.Clock(tmp_path / "clock.npz").seconds() == 7.5


@pytest.mark.parametrize("name", ["clock.npz", "clock.json"])
@pytest.mark.parametrize("content", [
    '{"sec', '{"secands": 7.5}', '{"seconds": "7"', "[7]",
    '{"seconds": 1e999}'])
def test_a_damaged_file_is_named_and_not_counted(
    tmp_path, time_now, capsys, name, content):
  (tmp_path / name).write_text(content)
  clock = clock_lib.Clock(tmp_path / "clock.npz")
  time_now.seconds += 3
  assert clock.seconds() == 3
  warning, = capsys.readouterr().err.splitlines()
  assert warning.startswith(f"warning: {tmp_path / name} is damaged")

"""Tests of what a solver shows, and of the files it keeps."""

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.linear import blockfile
from rethink_tf.linear import status
from tests import launch


def test_lines_say_how_far_and_how_long_still(capsys):
  now = [0.0]
  shown = status.Progress(clock=lambda: now[0])
  shown.begin("factorization")
  for seconds, done in ((5, 0.05), (20, 0.2), (30, 0.3), (40, 0.4)):
    now[0] = seconds
    shown.update(done)
  now[0] = 100
  shown.end()
  assert capsys.readouterr().out.splitlines() == [
      "factorization  20%  1 min left", "factorization  40%  1 min left",
      "factorization: 2 min"]


def test_what_an_earlier_process_did_does_not_count_as_fast(capsys):
  now = [0.0]
  shown = status.Progress(clock=lambda: now[0])
  shown.begin("factorization", done=0.5)
  now[0] = 20.0
  shown.update(0.6)  # A tenth in 20 s: four more are 80 s.
  assert capsys.readouterr().out == "factorization  60%  1 min left\n"


@pytest.mark.parametrize("seconds, text", [
    (8, "8 s"), (59, "59 s"), (61, "1 min"), (3000, "50 min"),
    (7200, "2 h 0 min")])
def test_times_are_said_in_words(capsys, seconds, text):
  now = [0.0]
  shown = status.Progress(clock=lambda: now[0])
  shown.begin("it")
  now[0] = seconds
  shown.end()
  assert capsys.readouterr().out == f"it: {text}\n"


def test_quiet_says_nothing(capsys):
  quiet = status.Quiet()
  quiet.begin("it")
  quiet.update(0.5)
  quiet.say("a line")
  quiet.end()
  assert capsys.readouterr().out == ""


def test_a_block_comes_back_as_it_was(tmp_path):
  array = np.arange(12, dtype=np.float32).reshape(3, 4)
  path = tmp_path / "new" / "a.bin"
  blockfile.write(path, array, {"shift": 1e-6})
  again, state = blockfile.read(path)
  assert (again == array).all() and again.dtype == array.dtype
  assert state == {"shift": 1e-6}
  kept = blockfile.OnDisk(path)
  assert kept.shape == (3, 4)
  for index in (slice(None), slice(1, 3), (slice(0, 2), [3, 0]),
                ([2, 0], [1, 1])):
    assert (kept[index] == array[index]).all()


def test_what_is_read_in_parts_is_not_counted_as_memory(tmp_path):
  blockfile.write(tmp_path / "a.bin", np.ones((3000, 10_000), np.float32), {})
  done = launch.python(
      "import pathlib; from rethink_tf.linear import blockfile; "
      "from rethink_tf.runs import usage; "
      "kept = blockfile.OnDisk(pathlib.Path('a.bin')); "
      "before = usage.peak_memory_gb(); "
      "print(sum(kept[i:i + 100].sum() for i in range(0, 3000, 100)), "
      "usage.peak_memory_gb() - before)", folder=tmp_path)
  total, more = map(float, done.stdout.split())
  assert total == 3e7
  assert more < 0.06  # Of 0.12.


@pytest.mark.parametrize("place", range(0, 230, 7))
def test_any_flipped_bit_of_a_block_is_found(tmp_path, place):
  path = tmp_path / "a.bin"
  blockfile.write(path, np.arange(12.0), {})
  content = bytearray(path.read_bytes())
  content[place % len(content)] ^= 1
  path.write_bytes(content)
  with pytest.raises(ValueError):
    blockfile.read(path)


def test_an_absent_block_is_not_a_damaged_one(tmp_path):
  with pytest.raises(FileNotFoundError):
    blockfile.read(tmp_path / "a.bin")


def test_a_block_that_cannot_be_written_exits_4(tmp_path):
  (tmp_path / "a.bin").mkdir()
  with pytest.raises(errors.StorageError) as raised:
    blockfile.write(tmp_path / "a.bin", np.zeros(2), {})
  assert raised.value.exit_code == 4

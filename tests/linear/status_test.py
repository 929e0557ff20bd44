"""Tests of what a solver shows."""

import pytest

from rethink_tf.linear import status


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


def test_what_ends_a_phase_early_finds_no_bar_in_its_line(capsys, monkeypatch):
  monkeypatch.setattr("sys.stdout.isatty", lambda: True)
  with pytest.raises(KeyboardInterrupt), status.Progress() as shown:
    shown.begin("factorization")
    shown.update(0.5)
    raise KeyboardInterrupt
  *_, bar, left = capsys.readouterr().out.rstrip("\r").split("\r")
  assert bar.startswith("factorization")
  assert not left.strip()


def test_quiet_says_nothing(capsys):
  quiet = status.Quiet()
  quiet.begin("it")
  quiet.update(0.5)
  quiet.say("a line")
  quiet.end()
  assert capsys.readouterr().out == ""

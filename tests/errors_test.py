"""Tests of errors: exit codes, and one line on stderr."""

import contextlib
import io

import pytest

from rethink_tf import errors
from tests import launch


@pytest.mark.parametrize("kind, code", [
    (errors.UsageError, 2), (errors.DataError, 3), (errors.StorageError, 4),
    (errors.DivergedError, 5), (errors.StoppedError, 75)])
def test_each_failure_has_its_exit_code_and_one_line(kind, code, capsys):
  def main(argv):
    raise kind(f"first\n  second {argv[1]}\n")

  assert errors.exit_code_of(main, ["program", "x"]) == code
  assert capsys.readouterr() == ("", "error: first second x\n")


def test_a_run_that_was_asked_to_stop_is_no_error(capsys):
  def main(argv):
    raise errors.AskedToStopError(f"stopped by {argv[1]}")

  assert errors.exit_code_of(main, ["program", "Ctrl-C"]) == 75
  assert capsys.readouterr() == ("", "stopped by Ctrl-C\n")


def test_success_is_0_and_silent(capsys):
  assert errors.exit_code_of(lambda argv: None, ["program"]) == 0
  assert errors.exit_code_of(lambda argv: 7, ["program"]) == 7
  assert capsys.readouterr() == ("", "")


def test_a_programming_error_keeps_its_traceback():
  with pytest.raises(ZeroDivisionError):
    errors.exit_code_of(lambda argv: 1 / 0, ["program"])


# What a library or the system raises, and what becomes of it.
_RAISED = [
    ("MemoryError()", 4, "error: there is not enough memory"),
    ("OSError(28, 'No space left on device', 'a/b')", 4,
     "error: a/b cannot be written"),
    ("OSError(122, 'Disk quota exceeded')", 4, "error: the output cannot be"),
    ("OSError(27, 'File too large')", 4, "error: the output cannot be"),
    ("KeyboardInterrupt()", 75, "stopped by Ctrl-C before anything"),
    ("BrokenPipeError()", 75, "error: nobody reads the output"),
]


@pytest.mark.parametrize("raised, code, words", _RAISED)
def test_what_others_raise_has_an_exit_code_and_one_line_too(
    raised, code, words, tmp_path):
  done = launch.python(f"""
import sys
from rethink_tf import errors
def main(argv):
  raise {raised}
sys.exit(errors.exit_code_of(main, sys.argv))
""", folder=tmp_path)
  assert done.returncode == code
  line, = done.stderr.splitlines()
  assert line.startswith(words)


def test_another_error_of_the_system_keeps_its_traceback():
  def main(argv):
    raise FileNotFoundError(2, "No such file", argv[0])

  with pytest.raises(FileNotFoundError):
    errors.exit_code_of(main, ["program"])


def test_a_path_with_bytes_that_are_no_text_is_printed_as_it_is():
  out = io.TextIOWrapper(io.BytesIO(), "utf-8")
  with contextlib.redirect_stdout(out):
    assert errors.exit_code_of(lambda argv: print(*argv), ["\udce9"]) == 0
  out.flush()
  assert out.buffer.getvalue() == b"\xe9\n"

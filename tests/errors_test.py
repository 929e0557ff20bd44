"""Tests of errors: exit codes, and one line on stderr."""

import pytest

from rethink_tf import errors


@pytest.mark.parametrize("kind, code", [
    (errors.UsageError, 2), (errors.DataError, 3), (errors.StorageError, 4),
    (errors.DivergedError, 5), (errors.StoppedError, 75)])
def test_each_failure_has_its_exit_code_and_one_line(kind, code, capsys):
  def main(argv):
    raise kind(f"first\n  second {argv[1]}\n")

  assert errors.exit_code_of(main, ["program", "x"]) == code
  assert capsys.readouterr() == ("", "error: first second x\n")


def test_success_is_0_and_silent(capsys):
  assert errors.exit_code_of(lambda argv: None, ["program"]) == 0
  assert errors.exit_code_of(lambda argv: 7, ["program"]) == 7
  assert capsys.readouterr() == ("", "")


def test_a_programming_error_keeps_its_traceback():
  with pytest.raises(ZeroDivisionError):
    errors.exit_code_of(lambda argv: 1 / 0, ["program"])

"""Tests of flagfile: what is read, and every way to be misread refused."""

import os

import pytest

from rethink_tf import errors
from rethink_tf.flags import flagfile


@pytest.fixture(autouse=True)
def _user_folder(tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))


def _refusal(*arguments):
  with pytest.raises(errors.UsageError) as refusal:
    flagfile.expand(list(arguments))
  return str(refusal.value)


def test_arguments_without_a_flagfile_stay_as_they_are():
  arguments = ["--seed=1", "--epochs", "2", "rest"]
  assert flagfile.expand(arguments) == (arguments, None)


def test_blank_lines_and_comments_are_skipped(tmp_path):
  (tmp_path / "f").write_text(
      "# row 1\n\n  --seed=3  \n// old\n\t\n-epochs=2\n")
  assert flagfile.expand(["--flagfile=f"]) == (["--seed=3", "-epochs=2"], "f")


def test_direct_flags_follow_those_of_files_wherever_they_stood(tmp_path):
  (tmp_path / "f").write_text("--seed=3\n")
  (tmp_path / "g").write_text("--seed=4\n")
  expanded, last = flagfile.expand(
      ["--epochs=1", "--flagfile=f", "--seed=9", "--flagfile", "g"])
  assert expanded == ["--seed=3", "--seed=4", "--epochs=1", "--seed=9"]
  assert last == "g"  # Whose seed is the one of the two that counts.


def test_a_flagfile_in_a_flagfile_is_relative_to_that_file(tmp_path):
  (tmp_path / "a/b").mkdir(parents=True)
  (tmp_path / "a/outer").write_text(
      "--seed=1\n--flagfile=b/inner\n--epochs=2\n")
  (tmp_path / "a/b/inner").write_text("--flagfile=../leaf\n--model=m\n")
  (tmp_path / "a/leaf").write_text("--dropout=0.5\n")
  expanded, _ = flagfile.expand(["--flagfile=a/outer"])
  assert expanded == ["--seed=1", "--dropout=0.5", "--model=m", "--epochs=2"]


def test_one_file_included_twice_is_no_circle(tmp_path):
  (tmp_path / "outer").write_text("--flagfile=leaf\n--flagfile=leaf\n")
  (tmp_path / "leaf").write_text("--seed=2\n")
  expanded, _ = flagfile.expand(["--flagfile=outer"])
  assert expanded == ["--seed=2", "--seed=2"]


def test_a_file_that_includes_itself_is_refused_by_name(tmp_path):
  (tmp_path / "self").write_text("--seed=1\n--flagfile=self\n")
  assert "self includes itself" in _refusal("--flagfile=self")


def test_a_circle_through_another_file_or_a_link_is_refused(tmp_path):
  (tmp_path / "a").write_text("--flagfile=b\n")
  (tmp_path / "b").write_text("--flagfile=link\n")
  (tmp_path / "link").symlink_to(tmp_path / "a")
  assert "includes itself" in _refusal("--flagfile=a")


def test_a_line_without_dashes_is_refused_with_its_number(tmp_path):
  (tmp_path / "f").write_text("# comment\n--seed=1\nlr=0.5\n")
  message = _refusal("--flagfile=f")
  assert "f, line 3" in message
  assert "'lr=0.5'" in message


def test_a_missing_file_is_refused_with_where_it_was_looked_for(tmp_path):
  assert str(tmp_path / "absent.flags") in _refusal("--flagfile=absent.flags")


def test_a_missing_inner_file_is_refused_by_name(tmp_path):
  (tmp_path / "f").write_text("--flagfile=absent\n")
  assert "absent cannot be read" in _refusal("--flagfile=f")


def test_a_folder_or_binary_or_no_path_is_refused(tmp_path):
  (tmp_path / "folder").mkdir()
  (tmp_path / "binary").write_bytes(b"--seed=1\n\xff\xfe\n")
  assert "expected a file" in _refusal("--flagfile=folder")
  assert "expected text in UTF-8" in _refusal("--flagfile=binary")
  assert "expected a path" in _refusal("--flagfile")
  assert "expected a file" in _refusal("--flagfile=")


def test_an_inner_fifo_is_refused_and_not_waited_for(tmp_path):
  os.mkfifo(tmp_path / "fifo")
  (tmp_path / "f").write_text("--flagfile=fifo\n")
  assert "fifo cannot be read" in _refusal("--flagfile=f")


def test_a_nul_in_a_path_is_refused(tmp_path):
  (tmp_path / "f").write_text("--flagfile=a\0b\n")
  assert "cannot be read" in _refusal("--flagfile=f")
  assert "expected a file" in _refusal("--flagfile=a\0b")


def test_a_name_too_long_for_the_disk_is_refused():
  assert "expected a file" in _refusal("--flagfile=" + 300 * "a")


def test_a_shipped_flagfile_is_found_from_any_folder():
  expanded, last = flagfile.expand(["--flagfile=configs/quickstart.flags"])
  assert "--dataset=digits" in expanded
  assert last == "configs/quickstart.flags"


def test_the_users_own_file_comes_before_a_shipped_one(tmp_path):
  (tmp_path / "configs").mkdir()
  (tmp_path / "configs/quickstart.flags").write_text("--seed=77\n")
  expanded, _ = flagfile.expand(["--flagfile=configs/quickstart.flags"])
  assert expanded == ["--seed=77"]


@pytest.mark.parametrize("line", [
    "--epochs 3", "--flagfile other", "--epochs =3", "-flagfile\tother",
    "--flagfile", "-flagfile"])
def test_a_name_and_its_value_are_joined_by_an_equals_sign(tmp_path, line):
  (tmp_path / "f").write_text(f"--seed=1\n{line}\n")
  assert _refusal("--flagfile=f") == (
      f"flagfile {tmp_path}/f, line 2: expected --name=value. Received: "
      f"{line!r}")


def test_a_value_may_hold_spaces(tmp_path):
  (tmp_path / "f").write_text("--logdir=my runs/a=b c\n")
  assert flagfile.expand(["--flagfile=f"])[0] == ["--logdir=my runs/a=b c"]


def test_a_byte_order_mark_is_no_part_of_the_first_flag(tmp_path):
  (tmp_path / "f").write_text("--seed=1\n", encoding="utf-8-sig")
  assert flagfile.expand(["--flagfile=f"])[0] == ["--seed=1"]


def test_each_flag_of_a_file_knows_its_line(tmp_path):
  (tmp_path / "f").write_text("# row 1\n--flagfile=g\n--epochs=2\n")
  (tmp_path / "g").write_text("\n--seed=1\n")
  expanded, _ = flagfile.expand(["--flagfile=f", "--dropout=0"])
  assert [flag.place for flag in expanded[:2]] == [
      f"flagfile {tmp_path}/g, line 2", f"flagfile {tmp_path}/f, line 3"]
  assert not isinstance(expanded[2], flagfile.Line)

"""Tests of documents: what others wrote is read within limits, or refused."""

import os

import pytest

from rethink_tf import documents


@pytest.mark.parametrize("text, value", [
    ('{"a": [1, -0.5, null, true, "\u03bb"]}',
     {"a": [1, -0.5, None, True, "\u03bb"]}),
    ("3", 3), (f"{2**63 - 1}", 2**63 - 1),
    ("[[[[]]]]", [[[[]]]])])
def test_json_is_read(tmp_path, text, value):
  (tmp_path / "a.json").write_text(text, "utf-8")
  assert documents.read_json(tmp_path / "a.json") == value


@pytest.mark.parametrize("text", [
    "", "{", "[1", "NaN", "[Infinity]", "-Infinity", "1e999", '{"a": 1e999}',
    f"{2**64}", "9" * 400, "9" * 5000, 21 * "[" + 21 * "]",
    10**5 * "[" + 10**5 * "]", 10**5 * '{"a":', "\ufeff{}"])
def test_what_is_beyond_the_limits_is_refused(tmp_path, text):
  (tmp_path / "a.json").write_text(text, "utf-8")
  with pytest.raises(ValueError):
    documents.read_json(tmp_path / "a.json")


def test_what_is_no_text_is_refused():
  with pytest.raises(ValueError):
    documents.parse_json(b"\xff\xfe")


def test_a_long_file_is_refused(tmp_path, monkeypatch):
  monkeypatch.setattr(documents, "_MAX_BYTES", 10)
  (tmp_path / "a.json").write_text(10 * " ")
  assert documents.read_bytes(tmp_path / "a.json") == 10 * b" "
  (tmp_path / "a.json").write_text(11 * " ")
  with pytest.raises(ValueError, match="longer than 10 bytes"):
    documents.read_bytes(tmp_path / "a.json")


@pytest.mark.parametrize("make", [
    os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path),
    lambda path: os.symlink(path, path)])
def test_what_is_no_plain_file_is_refused_and_not_waited_for(tmp_path, make):
  make(tmp_path / "a.json")
  with pytest.raises(OSError):
    documents.read_json(tmp_path / "a.json")


def test_an_absent_file_is_told_from_one_that_cannot_be_read(tmp_path):
  with pytest.raises(FileNotFoundError):
    documents.read_toml(tmp_path / "a.toml")


@pytest.mark.parametrize("text", [
    "a = [", "a = inf", "a = nan", f"a = {2**64}",
    f"a = {10**5 * '['}{10**5 * ']'}", f"a = {30 * '['}{30 * ']'}"])
def test_toml_has_the_same_limits(tmp_path, text):
  (tmp_path / "a.toml").write_text(text)
  with pytest.raises(ValueError):
    documents.read_toml(tmp_path / "a.toml")

"""Tests of the report on folders that somebody else made, by harmless input."""

import json
import os
import pathlib
import shutil

import pytest

from rethink_tf import errors
from rethink_tf.programs import report
from rethink_tf.reporting import ledger
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import web_page
from rethink_tf.runs import results
from rethink_tf.runs import storage

_RESULTS = pathlib.Path(__file__).parents[2] / "results"


def _one_of_each():
  """Returns a finished run directory of each program."""
  found = {}
  for file in sorted(_RESULTS.rglob("config.json")):
    config = json.loads(file.read_text("utf-8"))
    found.setdefault(config.get("program", "train"), file.parent)
  return found


_RUNS = _one_of_each()


@pytest.fixture(name="copy")
def _copy(tmp_path):
  """Returns a function that copies a program's run, without its sums."""
  def copy(program):
    folder = tmp_path / "runs" / program
    shutil.copytree(_RUNS[program], folder)
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    return folder
  return copy


def _find(folder):
  """Returns how many runs are found, and what is said of the others."""
  runs, left_out, damaged = runs_lib.find(folder.parent)
  count = len(runs.of_training()) + sum(
      len(runs.of_program(name)) for name in results.FIELDS if name != "train")
  return count, [*left_out, *damaged]


def _change(folder, name, change):
  content = json.loads((folder / name).read_text("utf-8"))
  change(content)
  (folder / name).write_text(json.dumps(content), "utf-8")


def test_there_is_a_run_of_each_program():
  assert set(_RUNS) == set(results.FIELDS)


@pytest.mark.parametrize("program", _RUNS)
def test_a_run_is_found(copy, program):
  assert _find(copy(program)) == (1, [])


@pytest.mark.parametrize("program", _RUNS)
@pytest.mark.parametrize("name", ["config.json", "result.json", "metrics.csv"])
@pytest.mark.parametrize("content", [
    "", "[]", "3", "null", "{", '{"seed": 1e999}', '{"seed": NaN}',
    f'{{"a": {"9" * 400}}}', 10**5 * "[", 10**5 * '{"a":', "\ud83d"])
def test_a_file_of_anything_is_named_and_the_rest_is_read(
    copy, program, name, content):
  folder = copy(program)
  (folder / name).write_text(content, "utf-8", errors="surrogatepass")
  count, said = _find(folder)
  if count and name == "metrics.csv":  # Which no page shows.
    assert program in (
        "expressivity", "interpolate", "rademacher", "separation")
    return
  assert count == 0 and len(said) == 1 and str(folder) in said[0]


@pytest.mark.parametrize("name", ["config.json", "result.json", "metrics.csv"])
@pytest.mark.parametrize("make", [
    os.mkdir, os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
def test_a_folder_a_fifo_or_a_device_is_not_read(copy, name, make):
  folder = copy("train")
  (folder / name).unlink()
  make(folder / name)
  count, said = _find(folder)
  assert count == 0 and len(said) == 1 and str(folder) in said[0]


@pytest.mark.parametrize("program", _RUNS)
@pytest.mark.parametrize("value", [
    None, True, "<b>", -1, 2**62, [[]], {"a": 1}, {}, [], 0.5])
def test_values_of_another_type_are_named_or_can_be_reported(
    copy, program, value, tmp_path):
  folder = copy(program)
  # Sorted, as the order of a set of names is another one in every process.
  known = [*sorted(results.FIELDS[program]), "model", "dataset"]
  recorded = json.loads((folder / "result.json").read_text("utf-8"))
  for number, name in enumerate(known):
    if name in recorded:
      _change(folder, "result.json", lambda r, n=name: r.update({n: value}))
      _assert_is_named_or_reported(folder, tmp_path, number == 0)
      _change(folder, "result.json", lambda r: r.update(recorded))
  config = json.loads((folder / "config.json").read_text("utf-8"))
  for name in config:
    if name == "program" and isinstance(value, str):
      continue  # A program that the report does not know is passed over.
    _change(folder, "config.json", lambda c, n=name: c.update({n: value}))
    _assert_is_named_or_reported(folder, tmp_path, False)
    _change(folder, "config.json", lambda c: c.update(config))


def _assert_is_named_or_reported(folder, tmp_path, whole):
  count, said = _find(folder)
  if count:
    # Writing all of it takes seconds: the claims read most of a result.
    runs, *_ = runs_lib.find(folder.parent)
    ledger.lines(runs)
    if whole:
      page = web_page.as_html(runs, tmp_path, "runs", pages.files(runs))
      assert "<b>" not in page.partition("<main>")[2].partition("<script")[0]
  else:
    assert len(said) == 1 and str(folder) in said[0]


def test_a_bad_folder_does_not_keep_the_report_from_the_others(
    copy, tmp_path, capsys):
  copy("lemma1")
  bad = copy("vc_dimension")
  bad = bad.rename(bad.with_name("a\nb"))
  (bad / "result.json").write_text(10**5 * "[")
  argv = ["report", f"--runs={tmp_path}/runs", f"--out={tmp_path}/out"]
  assert errors.exit_code_of(report.main, argv) == 4
  output = capsys.readouterr()
  line, = output.err.splitlines()
  assert line.startswith(f"warning: {tmp_path}/runs/a?b/result.json is damaged")
  assert (tmp_path / "out/lemma1.csv").exists()


@pytest.mark.parametrize("text", [
    "no marks", "", "<!-- tabel1: written by //rethink_tf:report, do not edit "
    "-->", "<!-- table1: written by //rethink_tf:report, do not edit -->"])
def test_a_page_without_marks_is_refused_before_anything_is_written(
    tmp_path, text, capsys):
  (tmp_path / "runs").mkdir()
  (tmp_path / "page.md").write_text(text)
  argv = ["report", f"--runs={tmp_path}/runs", f"--out={tmp_path}/out",
          f"--readme={tmp_path}/page.md"]
  assert errors.exit_code_of(report.main, argv) == 2
  line, = capsys.readouterr().err.splitlines()
  assert line.startswith("error: --readme: expected")
  assert not (tmp_path / "out").exists()
  assert (tmp_path / "page.md").read_text() == text


def test_text_is_no_markup_in_a_table():
  table = pages.Table("name", ("a", "b"), [
      {"a": "<script>|x\n## head", "b": "=1+1"}])
  files = table.files()
  assert files["name.md"].decode() == (
      "| a | b |\n| --- | --- |\n| &lt;script>\\|x ## head | =1+1 |\n")
  assert files["name.csv"].decode() == (
      'a,b\n"<script>|x\n## head",\'=1+1\n')


@pytest.mark.parametrize("text", ["=1", "+1", "@a", "\t=1", "\r=1"])
def test_no_cell_of_a_table_is_computed(text):
  assert f"'{text[0]}" in storage.csv_text(("a",), [{"a": text}])
  assert storage.csv_text(("a",), [{"a": -1.5}]) == "a\n-1.5\n"

"""Tests of the report's page, as a file: what is on it, and what is text."""

import html.parser
import json

import pytest

from rethink_tf import errors
from rethink_tf.programs import report
from rethink_tf.reporting import ledger
from rethink_tf.reporting import lines
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.runs import storage
from tests import launch
from tests.reporting import made_up_runs

_MARKUP = "</script><img src=x onerror=alert(1)>"


class _Parsed(html.parser.HTMLParser):
  """The tags of a page, and the text of its scripts and of all else."""

  def __init__(self, text):
    super().__init__()
    self.tags, self.text, self.data = [], "", None
    self._open = []
    self.feed(text)

  def handle_starttag(self, tag, attributes):
    self.tags.append((tag, dict(attributes)))
    self._open.append((tag, dict(attributes)))

  def handle_endtag(self, tag):
    while self._open and self._open.pop()[0] != tag:
      pass

  def handle_data(self, data):
    tag, attributes = self._open[-1] if self._open else ("", {})
    if attributes.get("id") == "data":
      self.data = json.loads(data)
    elif tag not in ("script", "style"):
      self.text += data


def _main(*arguments):
  return errors.exit_code_of(report.main, ["report", *map(str, arguments)])


def _page(folder, *flags, code=0):
  """Writes the report of the runs below a folder, and returns its page."""
  out = folder.parent / f"{folder.name}-report"
  assert _main(f"--runs={folder}", f"--out={out}", *flags) == code
  return _Parsed((out / "index.html").read_text("utf-8"))


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory):
  folder = tmp_path_factory.mktemp("made") / "runs"
  for p in (0.0, 0.5, 1.0):
    for seed in (1, 2):
      config = made_up_runs.row(
          18, train_examples=1000, epochs=3, label_corruption=p, seed=seed,
          eval_every=3)
      made_up_runs.write(folder / f"p{p}-{seed}", config, train=0.9,
                         test=0.5 - 0.1 * seed - 0.2 * p)
  config = made_up_runs.row(18, dataset="digits", epochs=2)
  made_up_runs.write(folder / "digits & more", config)
  return folder


@pytest.fixture(name="page", scope="module")
def _parsed(runs):
  return _page(runs)


def test_seeds_are_one_line_with_their_mean_and_deviation(page):
  assert [(line["flags"]["dataset"], line["labels"], len(line["runs"]))
          for line in page.data["lines"]] == [
      ("cifar10", "true", 2), ("cifar10", "other", 2), ("cifar10", "random", 2),
      ("digits", "true", 1)]
  true = page.data["lines"][0]
  # 0.4 and 0.3: their sample deviation is 0.1 / sqrt(2).
  assert true["final"]["test_accuracy"] == [
      0.35, pytest.approx(0.0707, abs=1e-4)]
  assert true["final"]["gap"][0] == pytest.approx(0.55)
  assert true["curves"]["epoch"] == [1, 2, 3]
  assert true["curves"]["step"] == [8, 16, 24]
  assert true["curves"]["train_loss_sd"] == [0, 0, 0]
  assert "train_loss_sd" not in page.data["lines"][3]["curves"]
  assert page.data["lines"][2]["parts"] == {
      **page.data["lines"][2]["parts"], "labels": "random labels",
      "model": "MLP 1×512", "dataset": "CIFAR-10",
      "train_examples": "1,000 images", "epochs": "3 epochs"}


def test_lines_of_one_name_are_told_apart_by_their_directories(tmp_path):
  for often in (1, 2):  # How often it is tested is in no name.
    made_up_runs.write(tmp_path / "runs" / str(often), made_up_runs.row(
        18, dataset="digits", epochs=2, eval_every=often))
  page = _page(tmp_path / "runs")
  assert [line["parts"]["directory"] for line in page.data["lines"]] == [
      f"in {tmp_path}/runs/{often}" for often in (1, 2)]


def test_the_level_of_a_guess_is_the_data_sets(page):
  assert {line["chance"] for line in page.data["lines"]} == {0.1}


def test_a_line_links_to_its_run_directories_from_where_the_page_is(page):
  digits, = page.data["lines"][3]["runs"]
  assert digits["link"] == "./../runs/digits%20%26%20more"
  assert digits["config"]["dataset"] == "digits"
  assert digits["result"]["params"] == 7


def test_what_was_run_is_on_the_page_and_what_was_not_is_one_line(page):
  assert "Table 1 on fewer images" in page.text
  # Two rows of it, 18 and 19, of which there are runs.
  assert "Not run: 19 of 19 rows of Table 1; 17 of 19 rows of Table 1 on" in (
      page.text)
  figures = [values["alt"] for tag, values in page.tags
             if tag == "img" and "Figure 1c" in values["alt"]]
  assert len(figures) == 1
  assert "The first digits under each modification" in page.text


def test_claims_have_their_verdicts_and_the_runs_looked_at(page, runs):
  assert "Test error grows with label corruption" in page.text
  links = [values["href"] for tag, values in page.tags if tag == "a"]
  assert "./../runs/p1.0-1" in links
  kinds = [values["class"] for tag, values in page.tags
           if values.get("class", "").startswith("verdict")]
  words = {"holds": "holds", "does not hold": "fails", "undecided": "open"}
  judged = [next(kind for word, kind in words.items() if e.verdict.startswith(
      word)) for e in ledger.entries(runs_lib.find(runs)[0])
            if e.verdict != "not run"]
  assert kinds == [f"verdict {kind}" for kind in judged]
  assert len({*kinds}) > 1


def test_a_page_asks_for_nothing(page):
  """But images that are in it, and for its own parts."""
  policy, = [values["content"] for tag, values in page.tags
             if values.get("http-equiv") == "Content-Security-Policy"]
  assert policy.startswith("default-src 'none'")
  for tag, values in page.tags:
    assert values.get("src", "data:").startswith("data:"), tag
    assert tag != "link"
    if tag == "a":
      assert values["href"].startswith(("#", "./"))


def test_the_address_of_the_page_is_printed_as_a_link(
    tmp_path, runs, capsys):
  out = tmp_path / "a b"
  assert _main(f"--runs={runs}", f"--out={out}") == 0
  last = capsys.readouterr().out.splitlines()[-1]
  assert last == f"open file://{tmp_path}/a%20b/index.html"


def test_no_runs_are_one_line_that_says_how_to_make_some(tmp_path, capsys):
  (tmp_path / "runs").mkdir()
  assert _main(f"--runs={tmp_path}/runs", f"--out={tmp_path}/out") == 0
  line, = capsys.readouterr().out.splitlines()
  assert line.startswith(f"no runs below {tmp_path}/runs; to make some: ")
  assert line.endswith("run //rethink_tf:reproduce -- --suite=smoke")
  assert not (tmp_path / "out").exists()


def test_damaged_and_foreign_runs_are_named_on_a_page_that_is_made(
    tmp_path, capsys):
  folder = tmp_path / "runs"
  made_up_runs.write(folder / "good", made_up_runs.row(18, epochs=2))
  made_up_runs.write(folder / "bad", made_up_runs.row(18, epochs=2))
  (folder / "bad" / "metrics.csv").write_text("nonsense")
  foreign = folder / "foreign"
  foreign.mkdir()
  (foreign / "config.json").write_text(storage.json_text(
      {"program": f"mine {_MARKUP}"}))
  (foreign / "metrics.csv").write_text("n\n1\n")
  (foreign / "result.json").write_text(storage.json_text({"status": "done"}))
  page = _page(folder, code=4)
  assert "bad/metrics.csv is damaged" in page.text
  assert f"no table or figure shows {foreign}, of mine {_MARKUP}" in page.text
  assert [run["directory"] for line in page.data["lines"]
          for run in line["runs"]] == [f"{folder}/good"]
  assert _main(f"--runs={folder}/bad", f"--out={tmp_path}/alone") == 4
  page = _Parsed((tmp_path / "alone/index.html").read_text("utf-8"))
  assert "bad/metrics.csv is damaged" in page.text and page.data is None


def test_text_of_a_run_directory_is_text_on_the_page(tmp_path):
  folder = tmp_path / f"<b>{_MARKUP.replace('/', '⁄')}"
  name = "javascript:alert(1)\"'&<!--"
  made_up_runs.write(
      folder / name, made_up_runs.row(18, epochs=2), weights_sha256=_MARKUP)
  made_up_runs.write(folder / "bad </script>", made_up_runs.row(18, epochs=2))
  (folder / "bad <" / "script>" / "metrics.csv").write_text("x")
  page = _page(folder, code=4)
  run, = page.data["lines"][0]["runs"]
  assert run["directory"] == str(folder / name)
  assert run["result"]["weights_sha256"] == _MARKUP
  assert "javascript:" not in run["link"] and run["link"].startswith("./")
  tags = [tag for tag, _ in page.tags]
  # The library, the data, and the page's own; no element of the folder's.
  assert tags.count("script") == 3 and "b" not in tags
  assert not [values for _, values in page.tags if "onerror" in values]
  assert "bad </script>/metrics.csv is damaged" in page.text


def test_numbers_that_are_none_leave_a_gap(tmp_path):
  made_up_runs.write(tmp_path / "run", made_up_runs.row(18, epochs=4))
  (tmp_path / "run" / "SHA256SUMS").unlink()
  table = tmp_path / "run" / "metrics.csv"
  header, *rows = table.read_text().splitlines()
  place = header.split(",").index("test_accuracy")
  cells = [row.split(",") for row in rows]
  cells[0][place], cells[1][place] = "", "inf"
  table.write_text("\n".join([header, *map(",".join, cells)]) + "\n")
  line, = lines.of(runs_lib.find(tmp_path)[0], tmp_path / "index.html")
  assert line["curves"]["test_accuracy"][:2] == [None, None]
  assert None not in line["curves"]["test_accuracy"][2:]


def test_all_of_it_is_made_without_tensorflow(runs, tmp_path):
  """The digits' modifications and the plots too."""
  done = launch.run_without_tensorflow(
      "report", f"--runs={runs}", f"--out={tmp_path}/out", folder=tmp_path)
  assert done.returncode == 0, done.stderr
  assert (tmp_path / "out/index.html").exists()

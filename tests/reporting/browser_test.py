"""Tests of the report's page in headless Chromium; skipped where it is not."""

import json

import pytest

from rethink_tf import errors
from rethink_tf.programs import report
from tests import chromium
from tests.reporting import made_up_runs

_DRAWN = "document.documentElement?.dataset.drawnAfter"
# What a panel draws now, by the names of its lines.
_PANEL = """Bokeh.documents.map(d => [d.roots()[0].title.text,
    d.get_model_by_name("lines").data.name.length])"""
_COLUMN = """[...document.querySelectorAll("#runs tbody tr")].map(
    row => row.cells[%d].textContent)"""


@pytest.fixture(name="address", scope="module")
def _address(tmp_path_factory):
  """The page of true, partly corrupted and random labels, one in two seeds."""
  chromium.require()
  folder = tmp_path_factory.mktemp("made")
  for p, test in ((0.0, 0.9), (0.5, 0.6), (1.0, 0.1)):
    for seed in (1, 2) if p == 1 else (1,):
      config = made_up_runs.row(
          18, dataset="digits", epochs=5, label_corruption=p, seed=seed)
      made_up_runs.write(folder / f"runs/p{p}-{seed}", config, test=test)
  out = folder / "out"
  argv = ["report", f"--runs={folder}/runs", f"--out={out}"]
  assert errors.exit_code_of(report.main, argv) == 0
  return (out / "index.html").as_uri()


@pytest.fixture(name="tab", params=[1440, 390])
def _tab(address, tmp_path, request):
  with chromium.opened(address, tmp_path, request.param) as tab:
    tab.until(_DRAWN)
    yield tab
    assert not tab.errors
    # Nothing but the page itself, and images that are in it.
    assert {r.partition(":")[0] for r in tab.requests} <= {
        "file", "data", "blob"}
    assert [r for r in tab.requests if r.startswith("file")] == [address]


def test_a_page_fits_its_window_and_draws_each_kind_of_labels(tab):
  assert tab.run("document.documentElement.scrollWidth <= innerWidth")
  # A line for training and one for tests, of each config.
  assert tab.run(_PANEL) == [
      ["Accuracy: true labels", 2], ["Accuracy: random labels", 2],
      ["Accuracy: partially corrupted", 2],
      ["Loss: true labels", 2], ["Loss: random labels", 2],
      ["Loss: partially corrupted", 2]]
  # The canvases that Bokeh draws on have a size.
  assert tab.run("""[...document.querySelectorAll(".panel")].every(
      panel => panel.getBoundingClientRect().width > 250)""")
  bands = tab.run("""Bokeh.documents.map(
      d => d.get_model_by_name("bands").data.ys.length)""")
  assert bands == [0, 2, 0, 0, 2, 0]


def test_a_run_that_is_switched_off_is_gone_from_its_panels(tab):
  names = tab.run("""[...document.querySelectorAll("#legend label")].map(
      label => label.textContent)""")
  assert names == ["true labels", "labels p = 0.5", "random labels (2 seeds)"]
  tab.run('document.querySelectorAll("#legend input")[0].click()')
  assert [count for _, count in tab.run(_PANEL)] == [0, 2, 2, 0, 2, 2]
  assert tab.run('document.querySelector("#legend legend").textContent') == (
      "2 of 3 shown")
  # The table says the same, and switches it on again.
  tab.run('document.querySelector("#runs tr.off input").click()')
  assert [count for _, count in tab.run(_PANEL)] == 6 * [2]
  tab.run('document.getElementById("all-off").click()')
  assert [count for _, count in tab.run(_PANEL)] == 6 * [0]


def test_the_table_is_sorted_by_a_click_and_back_by_another(tab):
  titles = tab.run("""[...document.querySelectorAll("#runs th")].map(
      cell => cell.textContent)""")
  # Of the flags, the one that differs.
  assert titles == [
      "run", "label corruption", "train accuracy", "test accuracy", "gap",
      "train loss", "test loss", "run directory"]
  column = titles.index("test accuracy")
  click = f'document.querySelectorAll("#runs th button")[{column}].click()'
  tab.run(click)
  assert tab.run(_COLUMN % column) == ["10.00% ± 0.00", "60.00%", "90.00%"]
  tab.run(click)
  assert tab.run(_COLUMN % column) == ["90.00%", "60.00%", "10.00% ± 0.00"]
  assert tab.run("""[...document.querySelectorAll("#runs th")].map(
      cell => cell.ariaSort)""")[column] == "descending"


def test_a_config_opens_from_the_table_and_from_a_line(tab):
  tab.run('document.querySelector("#runs tbody .name button").click()')
  opened = 'document.querySelector("dialog[open]")?.textContent ?? ""'
  assert "label_corruption" in tab.run(opened)
  tab.run('document.querySelector("dialog button").click()')
  assert not tab.run(opened)
  tab.run("""Bokeh.documents[1].get_model_by_name("lines")
      .selected.indices = [0]""")
  assert "random labels" in tab.run(opened)


def test_a_line_that_is_pointed_at_shows_its_numbers(tab):
  """At the second of five epochs of training on true labels."""
  # At once: where the line is, is asked next, and the page scrolls smoothly.
  tab.run("""document.getElementById("panels").scrollIntoView(
      {behavior: "instant"})""")
  x, y, accuracy = tab.run("""(() => {
      const found = Bokeh.documents[0];
      const {xs, ys} = found.get_model_by_name("lines").data;
      const view = Bokeh.index.get_by_id(found.roots()[0].id);
      const box = view.canvas_view.el.getBoundingClientRect();
      return [box.x + view.frame.x_scale.compute(xs[0][1]),
              box.y + view.frame.y_scale.compute(ys[0][1]), ys[0][1]]})()""")
  tab.point(x - 4, y - 4)
  tab.point(x, y)
  shown = """(function text(node) {
      return [...node.querySelectorAll("*")].map(part => part.shadowRoot ?
          text(part.shadowRoot) : part.matches(".bk-tooltip-row-value") ?
          part.textContent.trim() : "").filter(Boolean).join("; ");
      })(document)"""
  expected = f"true labels; training accuracy {accuracy:.2%}; epoch 2"
  tab.until(f"{shown} === {json.dumps(expected)}")


def test_curves_go_by_epochs_or_by_steps(tab):
  end = "Bokeh.documents[0].roots()[0].x_range.end"
  assert tab.run(end) == 5
  tab.run("""const choice = document.getElementById("against");
      choice.value = "step"; choice.dispatchEvent(new Event("change"))""")
  assert tab.run(end) == 5 * 11  # 1,297 digits in batches of 128.


def test_a_large_page_is_small_enough_and_quick_enough(tmp_path):
  """200 runs of 300 epochs, all of them drawn."""
  chromium.require()
  for number in range(200):
    config = made_up_runs.row(
        18, dataset="mnist", epochs=300, label_corruption=number % 2,
        learning_rate=0.01 + number / 1000)
    made_up_runs.write(tmp_path / f"runs/{number}", config,
                       test=number / 200, train=1 - number / 1000)
  argv = ["report", f"--runs={tmp_path}/runs", f"--out={tmp_path}/out"]
  assert errors.exit_code_of(report.main, argv) == 0
  page = tmp_path / "out/index.html"
  assert page.stat().st_size < 15e6
  with chromium.opened(page.as_uri(), tmp_path / "browser") as tab:
    tab.until(_DRAWN)
    # What it takes with a processor to itself, whatever else this one does.
    assert tab.seconds() < 3
    assert sum(count for _, count in tab.run(_PANEL)) == 800
    assert not tab.errors

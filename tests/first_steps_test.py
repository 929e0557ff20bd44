"""Tests of docs/first_steps.ipynb: its cells run, and its outputs are there."""

import json
import os
import pathlib
import re
import runpy
import sys

import matplotlib
import pytest

import rethink_tf

_ROOT = pathlib.Path(rethink_tf.__file__).parent.parent
_CELLS = [
    cell for cell in json.loads(
        (_ROOT / "docs/first_steps.ipynb").read_text("utf-8"))["cells"]
    if cell["cell_type"] == "code"]


@pytest.fixture(name="after", scope="module")
def _after(tmp_path_factory):
  """The names that all cells leave, run one after another in a folder."""
  root = tmp_path_factory.mktemp("project")
  (root / "results").symlink_to(_ROOT / "results")
  (root / "docs").mkdir()
  with pytest.MonkeyPatch.context() as patch:
    patch.chdir(root / "docs")
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    matplotlib.use("agg")
    script = root / "docs" / "cells.py"
    script.write_text(
        "\n".join("".join(cell["source"]) for cell in _CELLS), "utf-8")
    return runpy.run_path(str(script))


def test_its_runs_fit_true_and_random_labels(after):
  table = after["table"].set_index("label_corruption")
  assert (table.train_accuracy == 1).all()
  assert table.test_accuracy[0] > 0.9 > 0.2 > table.test_accuracy[1]


def test_its_figure_has_the_five_modifications_and_three_networks(after):
  left, right = after["left"], after["right"]
  assert sorted(line.get_label() for line in left.lines) == [
      "gaussian", "random labels", "random pixels", "shuffled pixels",
      "true labels"]
  curves = [line for line in right.lines if "images" in line.get_label()]
  assert len(curves) == 3
  for line in curves:
    assert line.get_xdata()[0] == 0 and line.get_xdata()[-1] == 1


def test_its_outputs_are_of_this_version_and_of_no_machine():
  for cell in _CELLS[1:]:
    outputs = cell["outputs"]
    assert outputs and cell["execution_count"]
    text = json.dumps([{**output, "data": {
        kind: value for kind, value in output.get("data", {}).items()
        if kind != "image/png"}} for output in outputs])
    assert '"error"' not in text
    assert not re.search(r"[/\\](home|root|tmp|Users)[/\\]", text)

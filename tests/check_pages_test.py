"""Tests of the checks of the pages, on a small source tree made up here."""

import pytest

from scripts import check_pages

_NAMES = {"--dataset": ("digits", "mnist"), "--model": ("mlp",)}
_PAGES = {
    "README.md": (
        "# A: `Title_1`\n\n[a](CONTRIBUTING.md) [b](docs/code.md)\n"
        "| `--dataset` | `digits`, `mnist` |\n| `--model` | `mlp` |\n"),
    "CONTRIBUTING.md": "[a](README.md#a-title_1)\n",
    "docs/code.md": (
        "## Folders\n- `data/`: images\n- `data/imagenet/`: photographs\n"),
}


@pytest.fixture(name="root")
def _root(tmp_path):
  for name in ("data", "data/imagenet"):
    (tmp_path / "rethink_tf" / name).mkdir(parents=True)
    (tmp_path / "rethink_tf" / name / "splits.py").touch()
  (tmp_path / "rethink_tf" / "errors.py").touch()
  (tmp_path / "docs").mkdir()
  for name, text in _PAGES.items():
    (tmp_path / name).write_text(text)
  return tmp_path


def _append(root, page, text):
  (root / page).write_text(_PAGES[page] + text)


def test_pages_without_a_fault_pass(root):
  assert check_pages.check(root, list(_PAGES), _NAMES) == []


def test_a_broken_link_is_found(root):
  _append(
      root, "README.md",
      "[a](absent.md) [b](#absent) [c](#a-title_1)\n"
      "![d](results/absent.png) <img src=\"absent.png\">\n"
      "[e](https://example.org/absent) `[f](absent.md)`\n"
      "[g](CONTRIBUTING.md#absent) [h](docs/code.md#folders) [i](docs)\n"
      "\n    [j](absent.md)\n\n```\n[k](absent.md)\n```\n")
  assert check_pages.list_broken_links(root, "README.md") == [
      "absent.md", "#absent", "results/absent.png", "absent.png",
      "CONTRIBUTING.md#absent"]


def test_a_link_is_followed_from_where_its_page_stands(root):
  _append(root, "docs/code.md", "[a](../CONTRIBUTING.md) [b](docs/code.md)\n")
  assert check_pages.check(root, list(_PAGES), _NAMES) == [
      "docs/code.md: a link leads nowhere: docs/code.md"]


def test_anchors_are_those_of_github():
  assert check_pages.list_anchors(
      "# Two words\n## `code_1`: 2.5 (x)\n# Two words\n"
      "```\n# a comment\n```\n") == [
          "two-words", "code_1-25-x", "two-words-1"]


def test_the_readme_leads_to_every_page(root):
  (root / "docs" / "speed.md").write_text("")
  (root / "README.md").write_text(
      _PAGES["README.md"].replace("[a](CONTRIBUTING.md)", ""))
  assert check_pages.check(root, [*_PAGES, "docs/speed.md"], _NAMES) == [
      "README.md: it has no link to CONTRIBUTING.md",
      "README.md: it has no link to docs/speed.md"]


@pytest.mark.parametrize("folder", ["models", "data/records"])
def test_the_map_has_a_line_for_every_folder(root, folder):
  (root / "rethink_tf" / folder).mkdir()
  assert check_pages.check(root, list(_PAGES), _NAMES) == []
  (root / "rethink_tf" / folder / "build.py").touch()
  assert check_pages.check(root, list(_PAGES), _NAMES) == [
      f"docs/code.md: it has no line for `{folder}/`"]


@pytest.mark.parametrize("flag, names, line", [
    ("--dataset", ("digits",),
     "expected for --dataset digits. Received: digits, mnist"),
    ("--model", ("mlp", "vit"), "expected for --model mlp, vit. Received: mlp"),
    ("--seed", ("1",), "expected for --seed 1. Received: nothing"),
])
def test_the_readme_names_all_that_a_flag_takes(root, flag, names, line):
  assert check_pages.check(root, list(_PAGES), {**_NAMES, flag: names}) == [
      f"README.md: {line}"]


def test_the_readme_is_short(root):
  left = check_pages.MOST_BYTES - len(_PAGES["README.md"])
  _append(root, "README.md", "x" * (left - 1))
  assert check_pages.check(root, list(_PAGES), _NAMES) == []
  _append(root, "README.md", "x" * (left - 2) + "é")
  assert check_pages.check(root, list(_PAGES), _NAMES) == [
      "README.md: expected less than 12,000 bytes. Received: 12,000"]

"""Tests of the pages: links lead somewhere, and the maps leave nothing out."""

import pathlib
import re

import pytest

import rethink_tf
from rethink_tf.data import catalog
from rethink_tf.models import registry

# The source tree itself, to which Bazel's links lead: pages link to any of it.
_ROOT = pathlib.Path(rethink_tf.__file__).resolve().parent.parent
_PAGES = sorted(
    path.relative_to(_ROOT).as_posix() for folder, pattern in (
        (".", "*.md"), ("docs", "*.md"), ("results", "*.md"),
        ("tests", "**/*.md")) for path in (_ROOT / folder).glob(pattern))
_LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|href)="([^"]+)\"""")


def _text(page):
  return (_ROOT / page).read_text("utf-8")


def _without_blocks(text):
  """Returns a page's text without its blocks of code."""
  text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
  return re.sub(r"^    .*$", "", text, flags=re.M)


def _anchors(text):
  """Returns the anchors that GitHub gives a page's headings."""
  anchors = []
  for heading in re.findall(r"^#+ (.*)$", _without_blocks(text), re.M):
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    anchor = kept.replace(" ", "-")
    before = anchors.count(anchor)
    anchors.append(f"{anchor}-{before}" if before else anchor)
  return anchors


def _broken(page, text):
  """Returns the links of a page's text that lead nowhere."""
  broken = []
  prose = re.sub(r"`[^`\n]*`", "", _without_blocks(text))
  for link in (one or other for one, other in _LINK.findall(prose)):
    if re.match(r"[a-z]+:", link):
      continue
    path, _, anchor = link.partition("#")
    target = (_ROOT / page).parent / path if path else _ROOT / page
    if not target.exists():
      broken.append(link)
    elif anchor and anchor not in _anchors(
        target.read_text("utf-8") if path else text):
      broken.append(link)
  return broken


def test_the_source_tree_is_looked_at():
  assert (_ROOT / "WORKSPACE").exists()
  assert {"README.md", "CONTRIBUTING.md", "docs/results.md",
          "results/claims.md", "tests/golden/MUTATIONS.md"} <= set(_PAGES)


@pytest.mark.parametrize("page", _PAGES)
def test_every_link_leads_somewhere(page):
  assert not _broken(page, _text(page))


def test_a_broken_link_is_found():
  text = ("# A: `Title_1`\n\n[a](absent.md) [b](#absent) [c](#a-title_1)\n"
          "![d](results/absent.png) <img src=\"absent.png\">\n"
          "[e](https://example.org/absent) `[f](absent.md)`\n"
          "[g](README.md#absent) [h](docs/code.md#folders)\n")
  assert _broken("README.md", text) == [
      "absent.md", "#absent", "results/absent.png", "absent.png",
      "README.md#absent"]


def test_the_readme_leads_to_every_page():
  text = _text("README.md")
  pages = {page for page in _PAGES if page.startswith("docs/")}
  assert {page for page in pages if f"]({page})" not in text} == set()
  assert "](CONTRIBUTING.md)" in text


def test_the_map_of_the_code_has_a_line_for_every_folder():
  folders = {path.parent.relative_to(_ROOT / "rethink_tf").as_posix()
             for path in (_ROOT / "rethink_tf").rglob("__init__.py")} - {"."}
  text = _text("docs/code.md")
  assert {folder for folder in folders if f"`{folder}/`" not in text} == set()


def test_the_readme_names_every_dataset_and_model_for_small_images():
  lines = _text("README.md").splitlines()
  for flag, names in (("--dataset", catalog.IN_MEMORY),
                      ("--model", registry.names())):
    line, = (line for line in lines if line.startswith(f"| `{flag}` |"))
    assert set(re.findall(r"`(\w+)`", line)) == set(names)


def test_the_readme_is_short():
  assert len(_text("README.md").encode()) < 12_000

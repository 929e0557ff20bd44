"""Checks the pages: links lead somewhere, and the maps leave nothing out.

    python3 -I scripts/check_pages.py PAGE...    prints what is wrong

The pages are given from the root of the source tree, as `git ls-files` does;
exit 1 where something is wrong. It needs the standard library alone.
"""

import pathlib
import re
import sys

# Of the README, which is to be read in a few minutes.
MOST_BYTES = 12_000
_LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|href)="([^"]+)\"""")


def check(root, pages, names):
  """Returns what is wrong with the pages, a line each.

  Args:
    root: `pathlib.Path` of the source tree.
    pages: paths of all pages, relative to it, as text.
    names: a dict from a flag of README's table to the names that it takes.
  """
  readme = _read(root / "README.md")
  wrong = [f"{page}: a link leads nowhere: {link}"
           for page in pages for link in list_broken_links(root, page)]
  wrong += [f"README.md: it has no link to {page}"
            for page in list_unlinked_pages(readme, pages)]
  wrong += [f"docs/code.md: it has no line for `{folder}/`"
            for folder in list_unmapped_folders(root)]
  for flag, expected in names.items():
    named = list_names(readme, flag)
    if set(named) != set(expected):
      wrong.append(f"README.md: expected for {flag} {', '.join(expected)}. "
                   f"Received: {', '.join(named) or 'nothing'}")
  if len(readme.encode()) >= MOST_BYTES:
    wrong.append(f"README.md: expected less than {MOST_BYTES:,} bytes. "
                 f"Received: {len(readme.encode()):,}")
  return wrong


def list_anchors(text):
  """Returns the anchors that GitHub gives the headings of a page's text."""
  anchors = []
  for heading in re.findall(r"^#+ (.*)$", _without_blocks(text), re.M):
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    anchor = kept.replace(" ", "-")
    before = anchors.count(anchor)
    anchors.append(f"{anchor}-{before}" if before else anchor)
  return anchors


def list_broken_links(root, page):
  """Returns the links of a page to files or headings that are not there.

  Args:
    root: `pathlib.Path` of the source tree.
    page: the page's path, relative to it.
  """
  broken = []
  text = _read(root / page)
  prose = re.sub(r"`[^`\n]*`", "", _without_blocks(text))
  for link in (one or other for one, other in _LINK.findall(prose)):
    if re.match(r"[a-z]+:", link):
      continue
    path, _, anchor = link.partition("#")
    target = (root / page).parent / path if path else root / page
    if not target.exists() or (
        anchor and anchor not in list_anchors(_read(target))):
      broken.append(link)
  return broken


def list_unlinked_pages(readme, pages):
  """Returns the pages for readers to which README's text has no link."""
  return [page for page in pages
          if page.startswith("docs/") or page == "CONTRIBUTING.md"
          if f"]({page})" not in readme]


def list_unmapped_folders(root):
  """Returns the folders of rethink_tf that docs/code.md does not show."""
  text = _read(root / "docs" / "code.md")
  package = root / "rethink_tf"
  folders = {path.parent.relative_to(package).as_posix()
             for path in package.rglob("*.py")} - {"."}
  return sorted(f for f in folders if f"`{f}/`" not in text)


def list_names(readme, flag):
  """Returns the names that README's table has for a flag, in its order."""
  return [name for line in readme.splitlines()
          if line.startswith(f"| `{flag}` |")
          for name in re.findall(r"`(\w+)`", line)]


def _without_blocks(text):
  """Returns a page's text without its blocks of code."""
  text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
  return re.sub(r"^    .*$", "", text, flags=re.M)


def _read(path):
  return path.read_text(encoding="utf-8")


def main(pages):
  root = pathlib.Path(__file__).resolve().parent.parent
  sys.path.insert(0, str(root))
  # Both are tables that need no library.
  from rethink_tf.data import catalog  # noqa: PLC0415
  from rethink_tf.models import registry  # noqa: PLC0415

  # One that is removed, and not committed yet, is still in git's list.
  pages = [page for page in pages if (root / page).exists()]
  wrong = check(root, pages, {
      "--dataset": catalog.IN_MEMORY, "--model": registry.names()})
  print("".join(f"{line}\n" for line in wrong), end="")
  return 1 if wrong else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))

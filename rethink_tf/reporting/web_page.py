"""The report as one page of HTML, which needs nothing beside it.

All text that comes from run directories is escaped: in HTML by Jinja, in the
page's JSON likewise, and by its script, which makes text of it.
"""

import base64
import collections
import os
import pathlib
import struct

import jinja2

from rethink_tf import documents
from rethink_tf.reporting import appearance
from rethink_tf.reporting import cells
from rethink_tf.reporting import gallery
from rethink_tf.reporting import ledger
from rethink_tf.reporting import lines as lines_lib
from rethink_tf.reporting import pages

NAME = "index.html"
_FOLDER = pathlib.Path(__file__).parent / "page"
# What `train --preview` writes, and what the project keeps of it.
_GRIDS = ("preview.png", "modifications.png")
_MOST_GRIDS = 4
_PNG = b"\x89PNG\r\n"
_TITLES = {
    "table1": "Table 1", "table1_small": "Table 1 on fewer images",
    "weight_decay": "Weight decay on random labels", "table2": "Table 2",
    "imagenet_sample": "A part of ImageNet", "table3": "Table 3"}


def as_html(runs, page, folder, files, *, problems=(), left_out=(), grids=(),
            sweep=None):
  """Returns the page.

  Args:
    runs: the `Runs`.
    page: `pathlib.Path` of the page, which links to run directories.
    folder: what the runs were found below, as the page names it.
    files: the content of the report's files by their names, bytes: figures
      are taken from it.
    problems: messages on what could not be read.
    left_out: messages on what no table or figure shows.
    grids: `(image, title)` of pictures of the modifications, PNG as bytes.
    sweep: the `sweep.Sweep`, or None.
  """
  # Its import takes a second, and no other part of the report needs it.
  from rethink_tf.reporting import panels  # noqa: PLC0415

  lines = lines_lib.of(runs, page)
  shown, missing = _tables(runs)
  figures, not_drawn = _figures(runs, files)
  claims, not_judged = _claims(runs, page)
  content = {
      "folder": folder, "counted": _counted(runs), "lines": lines,
      "problems": problems, "left_out": left_out, "tables": shown,
      "figures": figures, "claims": claims, "others": _others(runs, page),
      "grids": [(_image(image), title) for image, title in grids],
      "sweep": sweep and {
          "title": sweep.title, "note": sweep.note,
          "image": _image(files[f"{sweep.name}.svg"])},
      "not_run": "; ".join([*missing, *not_drawn, *not_judged]),
      "quantities": panels.QUANTITIES, "labels": lines_lib.LABELS,
      "panels": panels.items() if lines else [],
      "categories": appearance.COLORS, "gradient": panels.GRADIENT,
      "style": _own("page.css"), "script": _own("page.js"),
      "library": panels.scripts() if lines else "",
  }
  environment = jinja2.Environment(
      loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True,
      undefined=jinja2.StrictUndefined)
  # Bokeh's documents name what stands further up in them: sorted keys, which
  # are Jinja's default, cannot be read.
  environment.policies["json.dumps_kwargs"] = {
      "sort_keys": False, "allow_nan": False, "separators": (",", ":")}
  return environment.get_template("page.html").render(
      content, contents=_contents(content))


def grids_below(folder):
  """Returns `(PNG, title)` of pictures of the modifications below a folder."""
  grids = []
  for name in _GRIDS:
    for path in sorted(folder.rglob(name))[:_MOST_GRIDS]:
      content = _read_png(path)
      if content:
        grids.append((content, f"{os.path.relpath(path, folder)}: images under "
                      "each modification; red: not the true label"))
  return grids[:_MOST_GRIDS]


def _read_png(path):
  """Returns the content of a PNG, or None where a file is none."""
  try:
    content = documents.read_bytes(path)
  except (OSError, ValueError):
    return None
  return content if content.startswith(_PNG) else None


def _own(name):
  """Returns a file of the page's own, which is no template."""
  return (_FOLDER / name).read_text("utf-8")


def _contents(content):
  """Returns `(id, title)` of the page's sections that there are."""
  sections = {
      "curves": ("lines", "Curves"), "numbers": ("lines", "What changed"),
      "sweep": ("sweep", "Sweep"),
      "modifications": ("grids", "Modifications"),
      "figures": ("figures", "Figures"), "tables": ("tables", "Tables"),
      "claims": ("claims", "Claims"), "others": ("others", "Other runs")}
  return [(name, title) for name, (key, title) in sections.items()
          if content[key]]


def _counted(runs):
  """Returns how many runs there are, as words."""
  training, others = len(runs.of_training()), len(runs.others())
  words = [f"{training:,} training run{'s' * (training != 1)}"]
  if others:
    words.append(f"{others:,} of other programs")
  return " and ".join(words)


def _image(content):
  """Returns an image as the address of an <img>: scripts in it do not run."""
  kind = "png" if content.startswith(_PNG) else "svg+xml"
  return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _tables(runs):
  """Returns the paper's tables of which there are runs, and what is missing."""
  shown, missing = [], []
  for table in pages.tables_of_paper(runs):
    if table.name not in _TITLES:
      continue
    columns, run, left_out = table.parts()
    title = _TITLES[table.name]
    if run:
      shown.append({
          "title": title, "columns": columns, "notes": table.notes,
          "rows": [[row[name] for name in columns] for row in run]})
    if left_out:
      missing.append(f"{len(left_out)} of {len(table.rows)} rows of {title}")
  return shown, missing


def _figures(runs, files):
  """Returns `(image, title, shape)` of figures, and which were not drawn."""
  drawn = gallery.tables(runs)
  made = {figure.name for figure, _, _ in drawn}
  # The smaller of both: a drawing of few lines, or a picture of many.
  images = [(_image(min((files[f"{name}.{end}"] for end in ("svg", "png")),
                        key=len)), figure.title, _shape(files[f"{name}.png"]))
            for figure, name, _ in drawn]
  missing = [figure.name for figure in gallery.FIGURES
             if figure.name not in made]
  return images, [f"the figures {', '.join(missing)}"] if missing else []


def _shape(png):
  """Returns the class of an image that is wide, or tall, or ""."""
  # The chunk that a PNG begins with has its width and height in it.
  width, height = struct.unpack(">II", png[16:24])
  if width > 2 * height:
    return "wide-one"
  return "tall" if height > width else ""


def _claims(runs, page):
  """Returns the claims that were judged, and how many were not."""
  entries = ledger.entries(runs)
  judged = [entry for entry in entries if entry.verdict != cells.NOT_RUN]
  missing = len(entries) - len(judged)
  return [{
      "says": entry.claim.says, "place": entry.claim.place,
      "verdict": entry.verdict, "kind": _kind(entry.verdict),
      "findings": ledger.findings_as_text(entry),
      "runs": [{"directory": directory,
                "link": lines_lib.link(directory, page)}
               for directory in entry.directories],
  } for entry in judged], (
      [f"what {missing} of {len(entries)} claims need"] if missing else [])


def _kind(verdict):
  """Returns the class of a verdict's colour."""
  for beginning, kind in ((ledger.FAILS, "fails"), (ledger.HOLDS, "holds")):
    if verdict.startswith(beginning):
      return kind
  return "open"


def _others(runs, page):
  """Returns the runs of other programs, with the flags that differ."""
  by_program = collections.defaultdict(list)
  for run in runs.others():
    by_program[run.config["program"]].append(run)
  return [{
      "program": program, "directory": run.directory,
      "link": lines_lib.link(run.directory, page),
      "flags": " ".join(
          f"--{name}={run.config[name]}" for name in _differing(some)
          if name in run.config)}
      for program, some in by_program.items() for run in some]


def _differing(some):
  """Returns the names of the flags that are not the same in all runs."""
  names = dict.fromkeys(name for run in some for name in run.config)
  return [name for name in names
          if len({str(run.config.get(name)) for run in some}) > 1]

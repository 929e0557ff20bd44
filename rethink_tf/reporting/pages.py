"""What the report writes: tables, figures, and the sections of pages."""

import collections
import dataclasses
import itertools
import re

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.reporting import cells
from rethink_tf.reporting import gallery
from rethink_tf.reporting import glance
from rethink_tf.reporting import ledger
from rethink_tf.reporting import left_out as left_out_lib
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import table1
from rethink_tf.reporting import table2
from rethink_tf.reporting import training_runs
from rethink_tf.reporting import weight_decay
from rethink_tf.runs import storage

_BEGIN = "<!-- {}: written by //rethink_tf:report, do not edit -->"
_END = "<!-- end of {} -->"
_NO_RUNS = "No runs yet."
_FIGURE_SECTIONS = ("figures", "theory_figures", "linear_figures")
# Every section that a page may have, by the name in its marks.
SECTIONS = (
    "figure1", "glance", "table1", "table1_small", "weight_decay", "table2",
    "imagenet_sample", "table3", "claims", "claims_at_length",
    *_FIGURE_SECTIONS)


@dataclasses.dataclass(frozen=True)
class Table:
  """A table of text.

  Attributes:
    name: of its files and of its section.
    columns: a tuple of the names of its columns.
    rows: a list of dicts of text; what they have besides `columns` is in the
      CSV alone, but for `cells.SOURCE`, which is in no file.
    notes: what stands below it.
    left_out: columns that a page does without.
  """

  name: str
  columns: tuple[str, ...]
  rows: list
  notes: str = ""
  left_out: tuple[str, ...] = ()

  def files(self):
    """Returns the content of its files by their names, bytes."""
    text = _paragraphs(_markdown(self.columns, self.rows), self.notes)
    return {f"{self.name}.md": f"{text}\n".encode(),
            f"{self.name}.csv": self._csv().encode()}

  def section(self):
    """Returns it as a page shows it: what was not run stands last, folded."""
    columns, run, missing = self.parts()
    shown = _markdown(columns, run) if run else _NO_RUNS
    return _paragraphs(
        shown, self.notes if run else "", _folded(columns, missing))

  def parts(self):
    """Returns the columns that a page shows, the rows run, and those not."""
    columns = [name for name in self.columns if name not in self.left_out]
    run = [row for row in self.rows if not _is_missing(row)]
    return columns, run, [row for row in self.rows if _is_missing(row)]

  def _csv(self):
    more = [key for key in (self.rows[0] if self.rows else {})
            if key not in (*self.columns, cells.SOURCE)]
    return storage.csv_text([*self.columns, *more], self.rows)


def files(runs):
  """Returns the content of every table and figure that there are runs for.

  Args:
    runs: the `Runs`.

  Returns:
    A dict from the names of files to bytes.
  """
  made = table_files(runs)
  for figure, name, table in gallery.tables(runs):
    made |= figure.files(name, table)
  return made


def write(content, folder):
  """Writes files.

  Args:
    content: a dict from their names to bytes, as `files` returns it.
    folder: `pathlib.Path`, made where absent.

  Raises:
    StorageError: the folder cannot be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise errors.StorageError(
        f"--out: {folder} cannot be made: {error.strerror}") from error
  for name, written in content.items():
    storage.write_bytes(folder / name, written)


def table_files(runs):
  """Returns the content of each table's files by name, bytes."""
  return {name: content for table in _tables(runs)
          for name, content in table.files().items()}


def sections(runs, folder):
  """Returns the sections that pages may have: a dict from name to Markdown.

  Args:
    runs: the `Runs`.
    folder: where the figures are, relative to the page.
  """
  made = {table.name: table.section() for table in _tables(runs)
          if table.name in SECTIONS}
  made["glance"] = glance.as_markdown(runs, _markdown)
  made["claims_at_length"] = ledger.as_markdown(runs)
  drawn = gallery.tables(runs)
  for section in _FIGURE_SECTIONS:
    made[section] = "\n\n".join(
        f"{figure.title}.\n\n![{figure.title}]({folder}/{name}.png)"
        for figure, name, _ in drawn if figure.section == section) or _NO_RUNS
  made["figure1"] = "\n\n".join(
      f"![{figure.title}]({folder}/{name}.png)\n\n{glance.caption(table)}"
      for figure, name, table in drawn
      if figure.section == "figure1") or _NO_RUNS
  return made


def read(path):
  """Returns a page's text, whose marks are those of sections.

  Args:
    path: `pathlib.Path` of the page.

  Raises:
    UsageError: the page cannot be read, or `with_sections` refuses it.
  """
  try:
    text = documents.read_bytes(path).decode("utf-8")
  except (OSError, ValueError) as error:
    raise errors.UsageError(
        f"--readme: expected a page of text. Received: {path} ({error})"
    ) from error
  with_sections(text, dict.fromkeys(SECTIONS, ""))
  return text


def with_sections(text, content):
  """Returns a page's text with the content of each section that it marks.

  Args:
    text: the page.
    content: a dict from every section's name to its Markdown.

  Returns:
    `(text, names)`: the new text, and the names of the sections in it.

  Raises:
    UsageError: the page marks no section, one that there is not, or marks
      the beginning of one alone.
  """
  names = re.findall(_BEGIN.format(r"(\w+)"), text)
  # A page without marks is told what they look like, by the first section's.
  for name in names or SECTIONS[:1]:
    if name not in content:
      raise errors.UsageError(
          f"--readme: expected the marks of {', '.join(SECTIONS)}. Received: "
          f"those of {name}")
    text = with_section(text, name, content[name])
  return text, names


def with_section(text, name, content):
  """Returns a page's text with one section's content between its marks.

  Raises:
    UsageError: the text lacks the marks.
  """
  first, last = _BEGIN.format(name), _END.format(name)
  begin, end = text.find(first), text.find(last)
  if begin < 0 or end < begin:
    raise errors.UsageError(
        f"--readme: expected the lines {first!r} and {last!r} in it")
  return f"{text[:begin]}{first}\n\n{content}\n\n{text[end:]}"


def left_out(runs):
  """Returns a line on each kind of run that only the list of runs shows."""
  return left_out_lib.messages(runs, _places(tables_of_paper(runs), runs))


def _places(tables, runs):
  """Returns the names of what shows a run, by the run's directory.

  Args:
    tables: a list of `Table`.
    runs: the `Runs`; figures are made from them.
  """
  places = collections.defaultdict(list)
  for table in tables:
    for directory in itertools.chain(*(
        row.get(cells.SOURCE, ()) for row in table.rows)):
      places[directory].append(table.name)
  for figure in gallery.FIGURES:
    for name, directories in figure.sources(runs).items():
      for directory in directories:
        places[directory].append(name)
  return places


def _tables(runs):
  """Returns every `Table`, in the order of their files."""
  tables = tables_of_paper(runs)
  lines = training_runs.lines(runs, _places(tables, runs))
  return [*tables, Table(
      "runs", training_runs.COLUMNS, lines, training_runs.notes())]


def tables_of_paper(runs):
  """Returns every `Table` but the list of all runs."""
  full, small = table1.full(runs), table1.small(runs)
  decay, linear = weight_decay.lines(runs), linear_tables.table3(runs)
  imagenet, sample = table2.lines(runs), table2.sample(runs)
  return [
      Table("table1", table1.COLUMNS, full,
            table1.notes(full, is_small=False), ("params",)),
      Table("table1_small", table1.COLUMNS, small,
            table1.notes(small, is_small=True), ("params",)),
      Table("weight_decay", weight_decay.COLUMNS, decay,
            weight_decay.notes(decay)),
      Table("table2", table2.COLUMNS, imagenet, table2.notes(imagenet)),
      Table("imagenet_sample", table2.SAMPLE_COLUMNS, sample,
            table2.sample_notes(sample)),
      Table("table3", linear_tables.COLUMNS, linear,
            linear_tables.notes(linear)),
      Table("claims", ledger.COLUMNS, ledger.lines(runs),
            left_out=("measured", "paper")),
  ]


def _is_missing(row):
  return cells.NOT_RUN in row.values()


def _folded(columns, rows):
  """Returns rows that were not run, as what a reader unfolds."""
  if not rows:
    return ""
  filled = [name for name in columns
            if any(row[name] not in ("", cells.NOT_RUN) for row in rows)]
  return _paragraphs(
      f"<details>\n<summary>Not run: {len(rows)}</summary>",
      _markdown(filled, rows), "</details>")


def _paragraphs(*texts):
  return "\n\n".join(filter(None, texts))


def _markdown(columns, rows):
  lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
  lines += ["| " + " | ".join(_as_cell(row[c]) for c in columns) + " |"
            for row in rows]
  return "\n".join(lines)


def _as_cell(text):
  """Returns text as a cell of a Markdown table, in which it ends no cell.

  Neither markup of HTML nor a link that is somebody's text is one on the page.
  """
  for character, shown in (
      ("|", "\\|"), ("<", "&lt;"), ("\n", " "), ("\r", " ")):
    text = text.replace(character, shown)
  return text

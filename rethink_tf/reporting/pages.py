"""What the report writes: tables, figures, and the README's sections."""

import csv
import hashlib
import io

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.reporting import curves
from rethink_tf.reporting import figures
from rethink_tf.reporting import ledger
from rethink_tf.reporting import linear_figures
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import table1
from rethink_tf.reporting import table2
from rethink_tf.reporting import theory_figures
from rethink_tf.reporting import theory_tables
from rethink_tf.reporting import training_runs
from rethink_tf.reporting import weight_decay
from rethink_tf.runs import storage

_BEGIN = "<!-- {}: written by //rethink_tf:report, do not edit -->"
_END = "<!-- end of {} -->"
_DPI = 110
_CIFAR10 = catalog.DATASETS["cifar10"].train_examples
_IMAGENET = catalog.DATASETS[catalog.IMAGENET].train_examples
# Figures in the paper's order: the table behind each, how it is drawn, how many
# training images are all of them where each number has a figure of its own
# (None where it has not), and what it shows.
FIGURES = {
    "fig1a": (
        curves.fig1a, figures.fig1a, _CIFAR10,
        "Figure 1a: training loss of Inception on true labels, random labels, "
        "shuffled pixels, random pixels and Gaussian noise"),
    "fig1b": (
        curves.fig1b, figures.fig1b, None,
        "Figure 1b: steps to fit the training set, against label corruption"),
    "fig1c": (
        curves.fig1c, figures.fig1c, None,
        "Figure 1c: test error against label corruption"),
    "label_kinds": (
        curves.label_kinds, figures.label_kinds, None,
        "Not in the paper: partially corrupted labels, training accuracy on "
        "those that were corrupted and on those that were not"),
    "fig2a": (
        curves.fig2a, figures.fig2a, _IMAGENET,
        "Figure 2a: training and test accuracy of Inception V3 on ImageNet, with "
        "and without regularizers; shaded where an earlier test was better"),
    "fig2b": (
        curves.fig2b, figures.fig2b, _CIFAR10,
        "Figure 2b: test accuracy of Inception with and without batch "
        "normalization; shaded where an earlier test was better"),
    "rademacher": (
        theory_tables.rademacher, theory_figures.rademacher, None,
        "Section 2.2, equation (1): Rademacher complexity, estimated by "
        "training on random signs"),
    "vc_dimension": (
        theory_tables.vc_dimension, theory_figures.vc_dimension, None,
        "Section 2.2: labelings of n points that Theorem 1's network fits"),
    "stability": (
        theory_tables.stability, theory_figures.stability, None,
        "Section 2.2: what one replaced example moves, and the generalization "
        "error"),
    "expressivity": (
        theory_tables.expressivity, theory_figures.expressivity, None,
        "Section 4: Theorem 1's network beside networks trained by SGD"),
    "lemma1": (
        theory_tables.lemma1, theory_figures.lemma1, None,
        "Lemma 1: how far the smallest eigenvalue is from bounding the weights"),
    "corollary1": (
        theory_tables.corollary1, theory_figures.corollary1, None,
        "Corollary 1: depth for width"),
    "error_against_examples": (
        linear_tables.error_against_examples,
        linear_figures.error_against_examples, None,
        "Section 5: test error of exact interpolation by training examples"),
    "error_against_filters": (
        linear_tables.error_against_filters,
        linear_figures.error_against_filters, None,
        "Section 5: errors on random convolutional features by filters"),
    "error_against_l2": (
        linear_tables.error_against_l2, linear_figures.error_against_l2, None,
        "Section 5: what regularization does to linear models"),
    "norm_against_error": (
        linear_tables.norm_against_error, linear_figures.norm_against_error,
        None, "Section 5: norm and test error of interpolating solutions"),
    "distance_against_epochs": (
        linear_tables.distance_against_epochs,
        linear_figures.distance_against_epochs, None,
        "Section 5: SGD from zero approaches the minimum-norm solution"),
}
# The README's sections of figures, by the module that draws them.
_FIGURE_SECTIONS = {
    "figures": figures, "theory_figures": theory_figures,
    "linear_figures": linear_figures}
# Every section of the README that is written from runs.
SECTIONS = (
    "table1", "table1_small", "weight_decay", "table2", "imagenet_sample",
    "table3", "claims", *_FIGURE_SECTIONS)


def write(runs, folder):
  """Writes every table and figure that there are runs for.

  Args:
    runs: the `Runs`.
    folder: `pathlib.Path`, made where absent.

  Returns:
    The names of the files written.

  Raises:
    StorageError: the folder cannot be written.
  """
  try:
    folder.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise errors.StorageError(
        f"--out: {folder} cannot be made: {error.strerror}") from error
  files = table_files(runs)
  for name, table in figure_tables(runs).items():
    files |= _figure_files(name, table)
  for name, content in files.items():
    storage.write_bytes(folder / name, content)
  return list(files)


def table_files(runs):
  """Returns the content of each table's files by name, bytes."""
  files = {}
  for name, (columns, rows, notes) in _tables(runs).items():
    files[f"{name}.md"] = f"{_with_notes(columns, rows, notes)}\n".encode()
    files[f"{name}.csv"] = _csv(columns, rows).encode()
  return files


def sections(runs, folder):
  """Returns the README's generated sections: a dict from name to Markdown.

  Args:
    runs: the `Runs`.
    folder: where the figures are, relative to the README.
  """
  made = {}
  for name, table in _tables(runs).items():
    if name in SECTIONS:
      made[name] = _with_notes(*table)
  drawn = figure_tables(runs)
  for section, module in _FIGURE_SECTIONS.items():
    made[section] = "\n\n".join(
        f"{_title(name)}.\n\n![{_title(name)}]({folder}/{name}.png)"
        for name in drawn
        if FIGURES[_base(name)][1].__module__ == module.__name__
    ) or "No runs yet."
  return made


def with_section(text, name, content):
  """Returns a README's text with one section's content between its marks.

  Raises:
    UsageError: the text lacks the marks.
  """
  first, last = _BEGIN.format(name), _END.format(name)
  begin, end = text.find(first), text.find(last)
  if begin < 0 or end < begin:
    raise errors.UsageError(
        f"--readme: expected the lines {first!r} and {last!r} in it")
  return f"{text[:begin]}{first}\n\n{content}\n\n{text[end:]}"


def figure_tables(runs):
  """Returns the table behind each figure that there are runs for, by name.

  A figure of runs on fewer images than all ends in "_n<images>".
  """
  tables = {}
  for name, (table_of, _, whole, _) in FIGURES.items():
    table = table_of(runs)
    if table.empty:
      continue
    if whole is None:
      tables[name] = table
      continue
    for count, part in table.groupby("n"):
      if part.curve.nunique() > 1:  # One curve alone compares nothing.
        suffix = "" if count == whole else f"_n{count}"
        tables[name + suffix] = part
  return tables


def csv_of(table):
  """Returns a figure's table as CSV, as the figure's file names it."""
  return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def digest_of(table):
  """Returns the SHA-256 of a figure's table, which its PNG and SVG carry."""
  return hashlib.sha256(csv_of(table).encode()).hexdigest()


def _tables(runs):
  """Returns a dict from a name to `(columns, rows, notes)`."""
  full, small = table1.full(runs), table1.small(runs)
  decay, linear = weight_decay.lines(runs), linear_tables.table3(runs)
  imagenet, sample = table2.lines(runs), table2.sample(runs)
  return {
      "table1": (table1.COLUMNS, full, table1.notes(full, is_small=False)),
      "table1_small": (
          table1.COLUMNS, small, table1.notes(small, is_small=True)),
      "weight_decay": (
          weight_decay.COLUMNS, decay, weight_decay.notes(decay)),
      "table2": (table2.COLUMNS, imagenet, table2.notes(imagenet)),
      "imagenet_sample": (
          table2.SAMPLE_COLUMNS, sample, table2.sample_notes(sample)),
      "table3": (linear_tables.COLUMNS, linear, linear_tables.notes(linear)),
      "claims": (ledger.COLUMNS, ledger.lines(runs), ""),
      "runs": (
          training_runs.COLUMNS, training_runs.lines(runs),
          training_runs.notes()),
  }


def _title(name):
  return FIGURES[_base(name)][3]


def _base(name):
  return name.partition("_n")[0]


def _figure_files(name, table):
  with figures.style():
    figure = FIGURES[_base(name)][1](table)
    png, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=_DPI, metadata={
        "Title": _title(name), "Source": digest_of(table)})
    figure.savefig(svg, format="svg", metadata={
        "Title": _title(name), "Source": digest_of(table), "Date": None})
  return {f"{name}.png": png.getvalue(), f"{name}.svg": svg.getvalue(),
          f"{name}.csv": csv_of(table).encode()}


def _with_notes(columns, rows, notes):
  return "\n\n".join(filter(None, [_markdown(columns, rows), notes]))


def _markdown(columns, rows):
  lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
  lines += ["| " + " | ".join(row[c] for c in columns) + " |" for row in rows]
  return "\n".join(lines)


def _csv(columns, rows):
  """Returns a table as CSV; what the notes say of a row in Markdown, in columns."""
  more = [key for key in (rows[0] if rows else {}) if key not in columns]
  text = io.StringIO()
  writer = csv.DictWriter(text, [*columns, *more], lineterminator="\n")
  writer.writeheader()
  writer.writerows(rows)
  return text.getvalue()

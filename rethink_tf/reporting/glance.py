"""The results at a glance: a few rows that were run, ours and the paper's."""

from rethink_tf.paper import tables
from rethink_tf.reporting import cells
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import names
from rethink_tf.reporting import table1
from rethink_tf.reporting import table2

_COLUMNS = ("what", "images", "train, ours", "train, paper", "test, ours",
            "test, paper")
# Rows of Table 1: random labels of each network, and true ones of three.
_ROWS = (4, 5, 12, 13, 16, 18, 19)
# Of Table 3, the first two: MNIST.
_INTERPOLATED = 2
_NOTES = (
    "Accuracies in percent. Networks: CIFAR-10, no regularizers, weights fixed "
    "at the end of training, all 10,000 test images. Interpolation: the "
    "kernel's system of equations solved exactly; accuracy is 100 less the "
    "error that the paper prints.")


def as_markdown(runs, markdown):
  """Returns the rows, notes, and a line on what was not run.

  Args:
    runs: the `Runs`.
    markdown: a function from columns and rows to a table.
  """
  full = table1.full(runs)
  rows = [_make_table1_row(whole, fewer)
          for whole, fewer in zip(full, table1.small(runs))
          if int(whole["row"]) in _ROWS]
  rows += [_make_table3_row(line)
           for line in linear_tables.table3(runs)[:_INTERPOLATED]]
  run = [row for row in rows if row["train, ours"] != cells.NOT_RUN]
  if not run:
    return "No runs yet."
  return "\n\n".join(filter(None, (
      markdown(_COLUMNS, run), _NOTES, _missing(full, runs))))


def caption(table):
  """Returns the words below Figure 1, from its table of `curves.fig1`."""
  counts = table.groupby("panel", sort=False).apply(
      lambda part: part.groupby("model", sort=False).n.first().to_dict(),
      include_groups=False)
  models = ", ".join(f"{names.name_model(model)} on {n:,.0f}"
                     for model, n in counts["c"].items())
  images = table.n[table.panel == "a"].iloc[0]
  return (
      "Figure 1, from runs of this project: (a) Inception on "
      f"{images:,.0f} images of CIFAR-10; (b) and (c) {models}. The paper's "
      "are on all 50,000: in its (a) the loss on true labels falls first and "
      "that on random labels last; in (b) the time to fit grows with label "
      "corruption, by a small constant factor; in (c) test error grows to the "
      "90% of a guess.")


def _make_table1_row(whole, fewer):
  """Returns a row of Table 1, from the most images that it was run on."""
  line = fewer if whole["train, ours"] == cells.NOT_RUN else whole
  epochs, _, precision = line["epochs"].partition("; ")
  words = [line["n"], f"{epochs} epochs" * (" of " in epochs), precision]
  return {
      **{name: line[name] for name in _COLUMNS[2:]},
      "what": f"{names.name_model(line['model'])}, {line['labels']} labels",
      "images": ", ".join(filter(None, words))}


def _make_table3_row(line):
  """Returns a row of Table 3, its errors as accuracies."""

  def accuracy(error):
    return error if error == cells.NOT_RUN else f"{100 - float(error):.2f}"

  words = "" if line["preprocessing"] == "none" else (
      f", {line['preprocessing']}")
  return {
      "what": f"interpolation, {line['data set']}{words}",
      "images": line["n"],
      "train, ours": accuracy(line["train error, ours"]),
      "train, paper": "100.00",  # It solves the equations exactly.
      "test, ours": accuracy(line["test error, ours"]),
      "test, paper": accuracy(line["test error, paper"])}


def _missing(full, runs):
  """Returns a line on what of the three tables was not run, or ""."""
  missing = []
  for title, lines, column in (
      ("Table 1 on all 50,000 images", full, "train, ours"),
      ("Table 2 (ImageNet)", table2.lines(runs), "train top-1, ours"),
      ("Table 3", linear_tables.table3(runs), "test error, ours")):
    rows = [number for number, line in enumerate(lines, start=1)
            if line[column] == cells.NOT_RUN]
    if rows:
      missing.append(f"rows {_spans(rows)} of {title}")
  fewer = {words.strip() for row in tables.table3()
           if (run := linear_tables.of_row(runs, row)) is not None
           and (words := linear_tables.fewer_filters(
               run.config["filters"], row))}
  missing += [f"Table 3's random network, but for runs {words}"
              for words in sorted(fewer)]
  return f"Not run: {'; '.join(missing)}." if missing else ""


def _spans(numbers):
  """Returns ascending numbers as text: "1 to 3, 7"."""
  spans = []
  for number in numbers:
    if spans and number == spans[-1][-1] + 1:
      spans[-1] = (spans[-1][0], number)
    else:
      spans.append((number, number))
  return ", ".join(str(first) if first == last else f"{first} to {last}"
                   for first, last in spans)

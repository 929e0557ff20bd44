"""Writes Table 1 beside the paper's from run directories; see --help."""

import csv
import dataclasses
import io
import pathlib
import statistics
import sys

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import run_directory
from rethink_tf import storage
from rethink_tf.paper import tables

_BEGIN = "<!-- table1: written by //rethink_tf:report, do not edit -->"
_END = "<!-- end of table1 -->"
_COLUMNS = (
    "row", "model", "labels", "random crop", "weight decay", "params",
    "epochs", "seeds", "train, ours", "train, paper", "test, ours",
    "test, paper",
)


def main(argv):
  options = config_lib.parse_report(argv[1:])
  table = table1(options.runs)
  options.out.mkdir(parents=True, exist_ok=True)
  storage.write_text(options.out / "table1.md", as_markdown(table))
  storage.write_text(options.out / "table1.csv", _as_csv(table))
  print(f"wrote {options.out}/table1.md and table1.csv")
  if options.readme:
    text = options.readme.read_text(encoding="utf-8")
    storage.write_text(options.readme, with_table(text, as_markdown(table)))
    print(f"wrote the section between the table1 marks of {options.readme}")


def table1(runs):
  """Returns Table 1's rows as dicts of text, from finished runs.

  A run belongs to a row if its config is that of the row's flagfile, apart
  from the seed. Where none of them has the row's epochs, the runs with the
  most epochs stand in, and the column says so. A row without a run says "not
  run".

  Args:
    runs: folder that holds run directories, at any depth.
  """
  finished = _finished(runs)
  return [_row(row, finished) for row in tables.table1()]


def as_markdown(table):
  """Returns rows of `table1` as a Markdown table with its notes."""
  lines = ["| " + " | ".join(_COLUMNS) + " |", "|" + " --- |" * len(_COLUMNS)]
  lines += ["| " + " | ".join(row[c] for c in _COLUMNS) + " |" for row in table]
  prints = sorted({row["fingerprint"] for row in table if row["fingerprint"]})
  notes = (
      "Accuracies in percent, at the end of training, weights fixed, over all "
      "50,000 and 10,000 images; mean ± sample standard deviation where there "
      "are several seeds.")
  if prints:
    notes += f" CIFAR-10 with dataset fingerprint {', '.join(prints)}."
  return "\n".join([*lines, "", notes, ""])


def with_table(text, table):
  """Returns a README's text with the table between its marks.

  Raises:
    UsageError: the text lacks the marks.
  """
  begin, end = text.find(_BEGIN), text.find(_END)
  if begin < 0 or end < begin:
    raise errors.UsageError(
        f"--readme: expected the lines {_BEGIN!r} and {_END!r} in it")
  return f"{text[:begin]}{_BEGIN}\n\n{table}\n{text[end:]}"


def _finished(runs):
  """Returns `(config, result)` of every finished run below a folder."""
  found = []
  for path in sorted(pathlib.Path(runs).rglob("result.json")):
    config = run_directory.read_json(path.parent / "config.json")
    found.append((config, run_directory.read_result(path.parent)))
  return found


def _row(row, finished):
  config, _ = config_lib.parse([f"--flagfile={row.flagfile}"])
  results = _longest(
      [r for c, r in finished if c and _is_of_row(c, config)])
  printed = {
      "row": str(row.row),
      "model": config.model,
      "labels": row.labels,
      "random crop": row.random_crop,
      "weight decay": row.weight_decay,
      "params": f"{row.params:,}",
      "train, paper": f"{row.train_accuracy:.2f}",
      "test, paper": f"{row.test_accuracy:.2f}",
  }
  if not results:
    return {**printed, "epochs": "", "seeds": "", "train, ours": "not run",
            "test, ours": "not run", "fingerprint": ""}
  return {
      **printed,
      "params": f"{results[0]['params']:,}",
      "epochs": _epochs(results[0]["epochs"], config.epochs),
      "seeds": ", ".join(str(r["seed"]) for r in results),
      "train, ours": _percent([r["train_accuracy"] for r in results]),
      "test, ours": _percent([r["test_accuracy"] for r in results]),
      "fingerprint": results[0]["dataset_fingerprint"][:8],
  }


def _is_of_row(recorded, config):
  """Tells whether a config is a row's, apart from the seed and fewer epochs."""
  if recorded["epochs"] > config.epochs:
    return False
  expected = dataclasses.replace(
      config, seed=recorded["seed"], epochs=recorded["epochs"]).as_dict()
  return all(recorded.get(name) == value for name, value in expected.items())


def _longest(results):
  most = max((r["epochs"] for r in results), default=0)
  return [r for r in results if r["epochs"] == most]


def _epochs(done, wanted):
  return str(done) if done == wanted else f"{done} of {wanted}"


def _percent(fractions):
  text = f"{100 * statistics.mean(fractions):.2f}"
  if len(fractions) > 1:
    text += f" ± {100 * statistics.stdev(fractions):.2f}"
  return text


def _as_csv(table):
  text = io.StringIO()
  writer = csv.DictWriter(text, [*_COLUMNS, "fingerprint"], lineterminator="\n")
  writer.writeheader()
  writer.writerows(table)
  return text.getvalue()


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

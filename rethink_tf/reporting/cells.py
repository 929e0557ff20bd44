"""What several tables say in the same words."""

import statistics

NOT_RUN = "not run"
# Of a line of a table, the directories of its runs; in a frame behind a figure,
# the column of each row's. Neither is written to a file.
SOURCE = "source"


def data_note(data_set, lines):
  """Returns what notes say of the data of rows with "fingerprint", or ""."""
  prints = sorted({line["fingerprint"] for line in lines} - {""})
  return (f" {data_set} with dataset fingerprint {', '.join(prints)}."
          if prints else "")


def directories(runs):
  """Returns the `SOURCE` of a line of text that is made from runs."""
  return [run.directory for run in runs]


def fingerprint(runs):
  """Returns the first digits of the fingerprint of the data of runs, or ""."""
  return runs[0].result["dataset_fingerprint"][:8] if runs else ""


def percent(fractions):
  """Returns fractions' mean as percent, with their deviation if several."""
  text = f"{100 * statistics.mean(fractions):.2f}"
  if len(fractions) > 1:
    text += f" ± {100 * statistics.stdev(fractions):.2f}"
  return text

"""What checks need of Table 1: a row's config, runs and their comparison."""

import statistics

from rethink_tf.reporting import certainty
from rethink_tf.reporting import finding
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table1


def config_of(row):
  """Returns the `Config` of a row, by its number."""
  return dict(
      (paper.row, config) for paper, config in table1.rows())[row]


def paper_of(row):
  """Returns the paper's `Table1Row`, by its number."""
  return {paper.row: paper for paper, _ in table1.rows()}[row]


def changed(one, other):
  """Returns the names of what differs between two configs, sorted."""
  one, other = one.as_dict(), other.as_dict()
  return sorted(k for k in one if one[k] != other[k])


def percent(repeats, name):
  """Returns the mean over runs of an accuracy in their results, in percent."""
  return 100 * statistics.mean(run.result[name] for run in repeats)


def cut_short(repeats, config):
  """Returns words on runs of fewer epochs than their config plans, or ""."""
  epochs = repeats[0].config.epochs
  planned = runs_lib.planned_epochs(config, repeats[0].count)
  return "" if epochs == planned else f" after {epochs} of {planned} epochs"


def compared(runs, groups, margin, text, subject=lambda one, *_: one.model,
             measure=lambda of: of("test_accuracy")):
  """Compares a number of several rows, all on equally many images.

  Args:
    runs: the `Runs`.
    groups: lists of rows' numbers, to be compared within each.
    margin: a function from the rows' numbers to the points by which the claim
      holds there; negative where it does not.
    text: a format of the rows' numbers, ours and the paper's.
    subject: a function from the rows' configs to what the finding is about.
    measure: what of a row is compared; a function of another, which gives its
      "train_accuracy" or "test_accuracy" in percent, ours or the paper's.

  Returns:
    A list of `finding.Finding`, one for each group, on the most images that
    all its rows have runs on.
  """
  findings = []
  for rows in groups:
    configs = [config_of(row) for row in rows]
    together = runs.together(configs)
    if together is None:
      findings.append(finding.Finding(subject(*configs), None))
      continue
    values = [measure(lambda name, f=repeats: percent(f, name))
              for repeats in together]
    paper = [measure(lambda name, r=row: getattr(paper_of(r), name))
             for row in rows]
    judged = certainty.judge((margin(*values), [
        percent(repeats, "test_accuracy") for repeats in together]))
    short = {row: (cut_short(repeats, config),
                   certainty.cut_short(repeats, config))
             for row, config, repeats in zip(rows, configs, together)}
    findings.append(finding.Finding(
        subject(*configs), judged.holds,
        "".join((text.format(*values), *(
            f"; row {row}{words}" for row, (words, _) in short.items()
            if words))),
        text.format(*paper), together[0][0].count,
        undecided="; ".join(
            f"row {row}: {words}" for row, (_, words) in short.items() if words)
        or judged.undecided))
  return findings

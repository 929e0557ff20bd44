"""The ledger: each claim of the paper with its verdict."""

import dataclasses
import functools

from rethink_tf.paper import claims as claims_lib
from rethink_tf.reporting import architecture_checks
from rethink_tf.reporting import cells
from rethink_tf.reporting import checks
from rethink_tf.reporting import imagenet_checks
from rethink_tf.reporting import linear_checks
from rethink_tf.reporting import loss_checks
from rethink_tf.reporting import measure_checks
from rethink_tf.reporting import theory_checks
from rethink_tf.reporting import watch

COLUMNS = ("claim", "place", "verdict", "measured", "paper")
HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"
ALL_IMAGES = 50_000
# By the names that claims.toml calls them.
_CHECKS = {check.__name__: check for check in (
    *checks.CHECKS, *loss_checks.CHECKS, *architecture_checks.CHECKS,
    *imagenet_checks.CHECKS, *theory_checks.CHECKS, *linear_checks.CHECKS,
    *measure_checks.CHECKS)}


@dataclasses.dataclass(frozen=True)
class Entry:
  """A claim and what was found.

  Attributes:
    claim: the `Claim`.
    findings: a list of `finding.Finding`.
    directories: those of the runs that were looked at for it, sorted.
  """

  claim: claims_lib.Claim
  findings: list
  directories: list

  @property
  def verdict(self):
    """Whether it holds, and on what less than the paper's."""
    measured = [f for f in self.findings if f.holds is not None]
    if not measured:
      return cells.NOT_RUN
    decided = [f for f in measured if not f.undecided]
    if all(f.holds for f in decided) and decided != measured:
      text = UNDECIDED
    else:
      text = HOLDS if all(f.holds for f in decided) else FAILS
    text += _describe_scale({f.count for f in measured if f.count})
    text += "".join(sorted({f.stand_in for f in measured}))
    if text.startswith(UNDECIDED):
      doubted = next(f for f in measured if f.undecided)
      text += f": {doubted.subject}, {doubted.undecided}"
    missing = len(self.findings) - len(measured)
    if missing:
      text += f"; {missing} of {len(self.findings)} not run"
    return text


def _describe_scale(counts):
  """Returns words on numbers of training images below all; "" where all are."""
  fewer = sorted(count for count in counts if count < ALL_IMAGES)
  if not fewer:
    return ""
  part = ", in part" if len(fewer) < len(counts) else ""
  listed = " and ".join(filter(None, (
      ", ".join(f"{n:,}" for n in fewer[:-1]), f"{fewer[-1]:,}")))
  return f"{part} at small scale ({listed} images)"


@functools.lru_cache(maxsize=1)
def entries(runs):
  """Returns an `Entry` for every claim, from the `Runs`.

  Tables, pages and the list of what is left out each ask for them.
  """
  return [_entry(runs, claim) for claim in claims_lib.claims()]


def _entry(runs, claim):
  watched = watch.Watched(runs)
  findings = check_of(claim)(watched, **claim.values)
  return Entry(claim, findings, sorted(watched.directories))


def check_of(claim):
  """Returns the function that checks a claim."""
  return _CHECKS[claim.check]


def lines(runs):
  """Returns the ledger as dicts of text with `COLUMNS`."""
  return [{
      "claim": entry.claim.says,
      "place": entry.claim.place,
      "verdict": entry.verdict,
      "measured": _join_measured(entry.findings),
      "paper": _join_paper(entry.findings),
  } for entry in entries(runs)]


def as_markdown(runs):
  """Returns what was measured for each claim that has runs, for a page."""
  parts = []
  for entry in entries(runs):
    if entry.verdict == cells.NOT_RUN:
      continue
    lines = [f"**{entry.claim.says}** ({entry.claim.place}): {entry.verdict}.",
             ""]
    lines += [f"- {text}" for text in findings_as_text(entry)]
    parts.append("\n".join(lines))
  return "\n\n".join(parts) or "No runs yet."


def findings_as_text(entry):
  """Returns what was found of each thing that a claim is about, str each."""
  texts = []
  for f in entry.findings:
    ours = cells.NOT_RUN if f.holds is None else f.ours
    paper = f" (paper: {f.paper})" if f.paper and f.holds is not None else ""
    doubt = f"; undecided: {f.undecided}" if f.undecided else ""
    texts.append(f"{f.subject}{_describe_data(f)}: {ours}{paper}{doubt}")
  return texts


def as_text(runs):
  """Returns the ledger for a terminal, a claim a paragraph."""
  paragraphs = []
  for entry in entries(runs):
    text = [f"{_stress(entry.verdict)}: {entry.claim.says}",
            f"  {entry.claim.place}; needs {entry.claim.needs}"]
    for f in entry.findings:
      if f.holds is None:
        text.append(f"  - {f.subject}: {cells.NOT_RUN}")
        continue
      paper = f" (paper: {f.paper})" if f.paper else ""
      mark = f", undecided: {f.undecided}" if f.undecided else (
          "" if f.holds else ", fails")
      text.append(f"  - {f.subject}{_describe_data(f)}: {f.ours}{paper}{mark}")
    paragraphs.append("\n".join(text))
  return "\n\n".join(paragraphs)


def _stress(verdict):
  """Returns a verdict with the word that says it in capitals."""
  word = next(word for word in (HOLDS, FAILS, UNDECIDED, cells.NOT_RUN)
              if verdict.startswith(word))
  return word.upper() + verdict.removeprefix(word)


def _join_measured(findings):
  """Returns what was measured; on how many images, where that differs."""
  several = len({f.count for f in findings if f.count}) > 1
  return "; ".join(
      f"{f.subject}{_describe_data(f) if several else f.stand_in}: {f.ours}"
      for f in findings if f.holds is not None and f.ours)


def _join_paper(findings):
  return "; ".join(
      f"{f.subject}: {f.paper}" for f in findings
      if f.holds is not None and f.paper)


def _describe_data(finding):
  """Returns words on how many images a finding is of, and what is less."""
  images = f" on {finding.count:,} images" if finding.count else ""
  return images + finding.stand_in

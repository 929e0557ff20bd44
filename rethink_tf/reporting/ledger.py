"""The ledger: each claim of the paper with its verdict."""

import dataclasses

from rethink_tf.paper import claims as claims_lib
from rethink_tf.reporting import architecture_checks
from rethink_tf.reporting import cells
from rethink_tf.reporting import checks
from rethink_tf.reporting import imagenet_checks
from rethink_tf.reporting import linear_checks
from rethink_tf.reporting import loss_checks
from rethink_tf.reporting import theory_checks

COLUMNS = ("claim", "place", "verdict", "measured", "paper")
HOLDS, FAILS = "holds", "does not hold"
ALL_IMAGES = 50_000
# By the names that claims.toml calls them.
_CHECKS = {check.__name__: check for check in (
    *checks.CHECKS, *loss_checks.CHECKS, *architecture_checks.CHECKS,
    *imagenet_checks.CHECKS, *theory_checks.CHECKS, *linear_checks.CHECKS)}


@dataclasses.dataclass(frozen=True)
class Entry:
  """A claim and what was found.

  Attributes:
    claim: the `Claim`.
    findings: a list of `finding.Finding`.
  """

  claim: claims_lib.Claim
  findings: list

  @property
  def verdict(self):
    """Whether it holds, and on what less than the paper's."""
    measured = [f for f in self.findings if f.holds is not None]
    if not measured:
      return cells.NOT_RUN
    text = HOLDS if all(f.holds for f in measured) else FAILS
    counts = sorted({f.count for f in measured if f.count})
    if counts and counts[0] < ALL_IMAGES:
      text += f" on {' and '.join(f'{n:,}' for n in counts)} images"
    text += "".join(sorted({f.stand_in for f in measured}))
    missing = len(self.findings) - len(measured)
    if missing:
      text += f"; {missing} of {len(self.findings)} not run"
    return text


def entries(runs):
  """Returns an `Entry` for every claim, from the `Runs`."""
  return [Entry(claim, check_of(claim)(runs, **claim.values))
          for claim in claims_lib.claims()]


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
    for f in entry.findings:
      ours = cells.NOT_RUN if f.holds is None else f.ours
      paper = f" (paper: {f.paper})" if f.paper and f.holds is not None else ""
      lines.append(f"- {f.subject}{_describe_data(f)}: {ours}{paper}")
    parts.append("\n".join(lines))
  return "\n\n".join(parts) or "No runs yet."


def as_text(runs):
  """Returns the ledger for a terminal, a claim a paragraph."""
  paragraphs = []
  for entry in entries(runs):
    text = [f"{entry.verdict.upper()}: {entry.claim.says}",
            f"  {entry.claim.place}; needs {entry.claim.needs}"]
    for f in entry.findings:
      if f.holds is None:
        text.append(f"  - {f.subject}: {cells.NOT_RUN}")
        continue
      paper = f" (paper: {f.paper})" if f.paper else ""
      mark = "" if f.holds else ", fails"
      text.append(f"  - {f.subject}{_describe_data(f)}: {f.ours}{paper}{mark}")
    paragraphs.append("\n".join(text))
  return "\n\n".join(paragraphs)


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

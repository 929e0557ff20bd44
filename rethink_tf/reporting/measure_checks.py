"""Checks of the ledger on measures of generalization; see `checks`."""

from scipy import stats

from rethink_tf.reporting import finding
from rethink_tf.reporting import measure_tables

_NOTHING = "measures"  # The subject, where nothing was measured.


def measures_order_labels(runs):
  """Each measure has the order of true and random labels that test error has.

  In every network that it has a meaning for, at p = 0 and p = 1, means over
  seeds; a tie is none. Kendall's tau with the test error, over all levels of p
  that were run, is said beside it.

  Args:
    runs: the `Runs`.

  Returns:
    A list of `finding.Finding`, one for each measure.
  """
  table = measure_tables.measures(runs)
  findings = []
  for name in table.measure.unique():
    compared = [found for _, part in table.groupby("curve", sort=False)
                if (found := _compare(part, name))]
    if name == measure_tables.TEST_ERROR or not compared:
      continue
    ordered, texts, counts = zip(*compared)
    findings.append(finding.Finding(
        name.replace("_", " "), all(ordered), "; ".join(texts),
        count=min(counts)))
  return findings or [finding.Finding(_NOTHING, None)]


def bounds_say_nothing(runs):
  """Each bound of the test error is 1 or more, of every network measured.

  Args:
    runs: the `Runs`.

  Returns:
    A list of `finding.Finding`, one for each bound that a network has.
  """
  table = measure_tables.measures(runs)
  findings = []
  for name in measure_tables.BOUNDS:
    part = table[table.measure == name]
    if not part.empty:
      least = part.loc[part.value.idxmin()]
      findings.append(finding.Finding(
          name.replace("_", " "), bool(least.value >= 1),
          f"at least {least.value:.3g} ({least.curve}, p = {least.p:g})",
          "vacuous", int(part.n.min())))
  return findings or [finding.Finding(_NOTHING, None)]


def _compare(part, name):
  """Compares a measure with the test error over a network's levels of p.

  Args:
    part: a curve's part of the table.
    name: the measure's.

  Returns:
    `(ordered, text, n)`; None where either end has no value.
  """
  means = part.groupby(["measure", "p"])[["value", "normalized"]].mean()
  known = {*means.index.get_level_values("measure")}
  if name not in known:
    return None
  ours, error = means.loc[name], means.loc[measure_tables.TEST_ERROR]
  if not {0.0, 1.0} <= {*ours.index}:
    return None
  # Normalized, all are to rise with the test error.
  rise = ours.normalized[1.0] - ours.normalized[0.0]
  rise_of_error = error.normalized[1.0] - error.normalized[0.0]
  text = (f"{part.curve.iloc[0]}: {ours.value[0.0]:.3g} on true labels, "
          f"{ours.value[1.0]:.3g} on random ones")
  if len(ours) > 2:
    tau = stats.kendalltau(ours.normalized, error.normalized[ours.index])
    text += f", tau {tau.statistic:.2f} over {len(ours)} levels"
  return bool(rise * rise_of_error > 0), text, int(part.n.iloc[0])


# What claims.toml may name.
CHECKS = (measures_order_labels, bounds_say_nothing)

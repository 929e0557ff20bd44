"""Checks of the ledger on the training loss of Table 1's rows; see `checks`.

Losses are cross-entropies in nats, without the penalty, and are measured by a
guess's: ln 10 on CIFAR-10.
"""

import math
import statistics

from rethink_tf.data import catalog
from rethink_tf.reporting import certainty
from rethink_tf.reporting import finding
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import table1_rows

_GUESS = -math.log(catalog.DATASETS["cifar10"].chance)


def loss_is_zero(runs, rows, share):
  """The loss over the training set, at the end, is hardly any of a guess's.

  Args:
    runs: the `Runs`.
    rows: numbers of Table 1's rows.
    share: the most of a guess's loss that counts as zero; it is measured with
      the weights fixed, over all training images, and is a mean over seeds.

  Returns:
    A list of `finding.Finding`, one for each row, on the most images.
  """
  findings = []
  for number in rows:
    config = table1_rows.config_of(number)
    repeats = runs.best(config)
    if not repeats:
      findings.append(finding.Finding(config.model, None))
      continue
    loss = statistics.mean(run.result["train_loss"] for run in repeats)
    findings.append(finding.Finding(
        config.model, loss <= share * _GUESS,
        f"loss {loss:.3g}, {loss / _GUESS:.2%} of a guess's (epochs: "
        f"{_epochs(repeats, config)})", "zero", repeats[0].count,
        undecided="" if loss <= share * _GUESS else
        certainty.cut_short(repeats, config)))
  return findings


def random_labels_start_later(runs, pairs, start):
  """The loss starts to fall after more steps on random than on true labels.

  It starts with the first epoch whose running average is at most `start` of a
  guess's loss: at the step with which the epoch before it ended, or 0. Means
  over seeds; the steps on random labels have to be strictly more.

  Args:
    runs: the `Runs`.
    pairs: `[true, random]`, numbers of Table 1's rows.
    start: a share of a guess's loss.

  Returns:
    A list of `finding.Finding`, one for each pair, on the most images that both
    have runs on.
  """
  return _of_pairs(
      runs, pairs, lambda run: _start(run, start * _GUESS),
      lambda true, random: random > true,
      f"starts to fall, to {start * _GUESS:.2f} in the next epoch, after {{1}} "
      "on random labels, {0} on true ones")


def converges_quickly(runs, pairs, start, end):
  """Once started, the loss falls on random labels as soon as on true labels.

  The fall goes from the start, as in `random_labels_start_later`, to the end of
  the first epoch whose running average is at most `end` of a guess's loss.
  Means over seeds; it may take no more steps on random labels than on true
  ones.

  Args:
    runs: the `Runs`.
    pairs: `[true, random]`, numbers of Table 1's rows.
    start, end: shares of a guess's loss.

  Returns:
    A list of `finding.Finding`, as of `random_labels_start_later`.
  """
  def fall(run):
    begun = _start(run, start * _GUESS)
    ended = _first(run, end * _GUESS)
    return math.inf if ended is None else run.metrics.step.loc[ended] - begun

  return _of_pairs(
      runs, pairs, fall, lambda true, random: random <= true < math.inf,
      f"from {start * _GUESS:.2f} to {end * _GUESS:.2f} in {{1}} on "
      "random labels, {0} on true ones")


def _of_pairs(runs, pairs, steps, holds, text):
  """Compares the numbers of steps of each pair of rows."""
  findings = []
  for pair in pairs:
    configs = [table1_rows.config_of(row) for row in pair]
    together = runs.together(configs)
    if together is None:
      findings.append(finding.Finding(configs[0].model, None))
      continue
    means = [statistics.mean(steps(run) for run in repeats)
             for repeats in together]
    epochs = [_epochs(*each) for each in zip(together, configs)]
    findings.append(finding.Finding(
        configs[0].model, bool(holds(*means)),
        f"{text.format(*map(_as_text, means))} "
        f"(epochs: {epochs[1]} and {epochs[0]}, of "
        f"{together[0][0].metrics.step.iloc[0]:,.0f} steps)",
        count=together[0][0].count, undecided=next((
            words for mean, repeats, config in zip(means, together, configs)
            if mean == math.inf
            and (words := certainty.cut_short(repeats, config))), "")))
  return findings


def _start(run, loss):
  """Returns the step before the first epoch of a loss, or inf."""
  epoch = _first(run, loss)
  if epoch is None:
    return math.inf
  return 0 if epoch == 1 else run.metrics.step.loc[epoch - 1]


def _first(run, loss):
  """Returns the first epoch whose running training loss is at most so much."""
  reached = run.metrics.index[run.metrics.train_loss <= loss]
  return reached[0] if len(reached) else None


def _epochs(repeats, config):
  """Returns for how many epochs runs of a config trained, as text."""
  return repeats[0].describe_epochs(
      runs_lib.planned_epochs(config, repeats[0].count))


def _as_text(steps):
  if steps == math.inf:
    return "more steps than were run"
  return f"{steps:,.0f} steps"


# What claims.toml may name.
CHECKS = (loss_is_zero, random_labels_start_later, converges_quickly)

"""The checks of the ledger: does a claim hold in the runs there are?

A check takes the `Runs` and a claim's values, and returns `finding.Finding`s,
one for each thing it looked at (a model, a curve). The claim holds where all of
them do.
"""

import itertools
import math
import statistics

from rethink_tf.data import catalog
from rethink_tf.reporting import certainty
from rethink_tf.reporting import curves
from rethink_tf.reporting import finding
from rethink_tf.reporting import table1_rows
from rethink_tf.suites import plan as suite_plan

_CHANCE = 100 * catalog.DATASETS["cifar10"].chance


def random_labels_fitted(runs, rows, slack):
  """Training accuracy on random labels is the paper's, or more."""
  def judge(row, value, each):
    margin = round(value - round(row.train_accuracy - slack, 2), 2)
    return certainty.judge_seeds(margin, each), (
        " (the bound, met to within 0.01 point)" if margin == 0 else "")

  return _check_rows(runs, rows, "train_accuracy", judge, more_may_help=True)


def at_chance(runs, rows, slack):
  """Test accuracy is that of a guess."""
  def judge(row, value, each):
    return certainty.judge((slack - abs(value - _CHANCE), [value])), ""

  return _check_rows(runs, rows, "test_accuracy", judge)


def same_hyperparameters(runs, pairs):
  """The flagfiles of both rows differ in the labels alone."""
  findings = []
  for pair in pairs:
    configs = [table1_rows.config_of(row) for row in pair]
    changed = table1_rows.changed(*configs)
    words = ("differ in labels alone" if changed == ["label_corruption"] else
             f"differ in {', '.join(changed)}")
    together = runs.together(configs) or []
    epochs = [str(repeats[0].result["epochs"]) for repeats in together]
    if len({*epochs}) > 1:
      words += f" (these runs were stopped after {' and '.join(epochs)} epochs)"
    findings.append(finding.Finding(
        f"flagfiles of rows {pair[0]} and {pair[1]}",
        changed == ["label_corruption"], words))
  return findings


def modifications_fitted(runs, least):
  """Every curve of Figure 1a ends with a training accuracy of 100%."""
  findings = []
  for plan in suite_plan.load_shipped("fig1a"):
    name = curves.modification(plan.config)
    repeats = runs.best(plan.config)
    if not repeats:
      findings.append(finding.Finding(name, None))
      continue
    value = table1_rows.percent(repeats, "train_accuracy")
    findings.append(finding.Finding(
        name, value >= least,
        f"{value:.2f}%{table1_rows.cut_short(repeats, plan.config)}", "100%",
        repeats[0].count, undecided="" if value >= least else
        certainty.cut_short(repeats, plan.config)))
  return findings


def reaches_first(runs, level, first, later):
  """Each curve of Figure 1a named first reaches a training accuracy sooner."""
  plans = {curves.modification(plan.config): plan.config
           for plan in suite_plan.load_shipped("fig1a")}
  findings = []
  for pair in itertools.product(first, later):
    subject = f"{pair[0]} before {pair[1]}"
    together = runs.together([plans[name] for name in pair])
    if together is None:
      findings.append(finding.Finding(subject, None))
      continue
    steps = [_steps_to(repeats, level / 100) for repeats in together]
    never = [certainty.cut_short(repeats, plans[name])
             for step, name, repeats in zip(steps, pair, together)
             if step == math.inf]
    findings.append(finding.Finding(
        subject, steps[0] < steps[1],
        f"{steps[0]:,.0f} steps to {level:g}% against {steps[1]:,.0f}",
        count=together[0][0].count, undecided="".join(never[:1])))
  return findings


def every_corruption_fitted(runs, least):
  """Each model fits at each label corruption that was run."""
  table = curves.fig1c(runs)
  short = _describe_cut_short(runs)

  def check(part):
    fitted = bool((100 * part.train_accuracy >= least).all())
    undecided = "" if fitted else short.get(part.model.iloc[0], "")
    return (certainty.Judgement(fitted, undecided),
            f"at least {100 * part.train_accuracy.min():.2f}% at "
            f"{part.p.nunique()} levels", "perfectly")

  return _check_models(table, check)


def slowdown(runs, least, most):
  """Random labels take so many times the steps of true labels."""
  table = curves.fig1b(runs)

  def check(part):
    factor = part[part.p == 1].relative.mean()
    return (certainty.Judgement(bool(least <= factor <= most)),
            f"{factor:.2f} times the steps to {part.level.iloc[0]:.1%}", "")

  # They have no steps to compare, and are slower than any factor.
  never = curves.never_fitted(runs)
  short = _describe_cut_short(runs)
  return [
      finding.Finding(
          measured.subject, False, "never at "
          f"{curves.LEAST_LEVEL:.0%} with p = "
          f"{never[measured.subject].config.label_corruption:g}",
          count=never[measured.subject].count,
          undecided=short.get(measured.subject, ""))
      if measured.subject in never else measured
      for measured in _check_models(table, check)]


def error_grows(runs, noise, slack):
  """Test error grows with label corruption, to that of a guess."""
  table = curves.fig1c(runs)

  def check(part):
    errors = 100 * part.groupby("p").test_error.mean()
    steps = [(later - before + noise, [before, later])
             for before, later in itertools.pairwise(errors)]
    at_the_end = abs(errors.loc[1] - (100 - _CHANCE))
    judged = certainty.judge(
        *steps, (slack - at_the_end, [errors.loc[1]]),
        (errors.loc[1] - errors.loc[0], [errors.loc[0], errors.loc[1]]))
    return (judged,
            f"from {errors.loc[0]:.1f}% to {errors.loc[1]:.1f}% over "
            f"{len(errors)} levels", "to 90%")

  return _check_models(table, check)


def signal_learned(runs, up_to, above):
  """Test accuracy stays above a guess below full corruption."""
  table = curves.fig1c(runs)
  table = table[(table.p > 0) & (table.p <= up_to)]

  def check(part):
    accuracies = 100 * (1 - part.groupby("p").test_error.mean())
    judged = certainty.judge(*(
        (accuracy - _CHANCE - above, [accuracy]) for accuracy in accuracies))
    return (judged,
            f"{accuracies.iloc[-1]:.1f}% at p = {accuracies.index[-1]:g}", "")

  return _check_models(table, check)


def unregularized_generalizes(runs, pairs, share):
  """Without regularizers, most of the test accuracy is still there."""
  return table1_rows.compared(
      runs, pairs, lambda without, regularized: without - share * regularized,
      "{0:.2f}% without, {1:.2f}% with")


def crop_beats_decay(runs, rows):
  """Random crop adds more test accuracy than weight decay."""
  return table1_rows.compared(
      runs, rows, lambda crop, decay, neither: crop - decay,
      "{0:.2f}% with crop, {1:.2f}% with weight decay, {2:.2f}% with neither")


def regularizer_helps(runs, pairs, noise):
  """With a regularizer the test accuracy is higher, or lower by chance."""
  return table1_rows.compared(
      runs, pairs, lambda regularized, without: regularized - without + noise,
      "{0:.2f}% with, {1:.2f}% without",
      lambda one, other: f"{one.model}, "
      + ", ".join(table1_rows.changed(one, other)).replace("_", " "))


def steadier(runs, rows):
  """The first row's training loss never rises by as much as the second's."""
  configs = [table1_rows.config_of(row) for row in rows]
  together = runs.together(configs)
  if together is None:
    return [finding.Finding(configs[0].model, None)]
  rises = [max(run.metrics.train_loss.diff().max() for run in repeats)
           for repeats in together]
  return [finding.Finding(
      configs[0].model, bool(rises[0] < rises[1]),
      "largest rise of the training loss from one epoch to the next "
      f"{max(rises[0], 0):.2g} against {max(rises[1], 0):.2g}",
      count=together[0][0].count, undecided=next(filter(None, map(
          certainty.cut_short, together, configs)), ""))]


def difference(runs, rows, least, most):
  """The first row's test accuracy is above the second's by so many points."""
  return table1_rows.compared(
      runs, [rows], lambda one, other: min(
          one - other - least, most - (one - other)),
      "{0:.2f}% against {1:.2f}%")


def decay_and_random_labels(runs, fits, fails, least, most):
  """Which models fit random labels with weight decay."""
  findings = []
  for plan in suite_plan.load_shipped("regularized_random"):
    model = plan.config.model
    if not plan.config.weight_decay or model not in (*fits, *fails):
      continue
    repeats = runs.best(plan.config)
    if not repeats:
      findings.append(finding.Finding(model, None))
      continue
    value = table1_rows.percent(repeats, "train_accuracy")
    holds = value >= least if model in fits else value <= most
    findings.append(finding.Finding(
        model, holds,
        f"{value:.2f}%{table1_rows.cut_short(repeats, plan.config)}"
        f"{_describe_fewer(runs, plan.config)}",
        "fits" if model in fits else "fails to converge", repeats[0].count,
        # More epochs may fit, and not the contrary.
        undecided="" if value >= least else
        certainty.cut_short(repeats, plan.config)))
  return findings


def early_stopping(runs, rows, most):
  """The best test accuracy on the way is hardly above the last."""
  findings = []
  for number in rows:
    config = table1_rows.config_of(number)
    repeats = runs.best(config)
    if not repeats:
      findings.append(finding.Finding(config.model, None))
      continue
    best, last = (table1_rows.percent(repeats, name) for name in (
        "best_test_accuracy", "test_accuracy"))
    tests = repeats[0].metrics.test_accuracy.count()
    findings.append(finding.Finding(
        config.model, best - last <= most,
        f"best of {tests} tests {best:.2f}%, last {last:.2f}%, at "
        f"{table1_rows.percent(repeats, 'train_accuracy'):.2f}% in training"
        f"{table1_rows.cut_short(repeats, config)}", "no gain",
        repeats[0].count, undecided=certainty.cut_short(repeats, config)))
  return findings


def early_stopping_by_halves(runs, rows, most):
  """To stop by one half of the test set gains hardly anything on the other."""
  findings = []
  for number in rows:
    config = table1_rows.config_of(number)
    halved = [run.test_halves for run in runs.best(config)
              if run.test_halves is not None]
    if not halved:
      findings.append(finding.Finding(config.model, None))
      continue
    gains, epochs = zip(*itertools.chain.from_iterable(
        _stop_by_halves(table) for table in halved))
    gain = 100 * statistics.mean(gains)
    chosen = ", ".join(f"{epoch:g}" for epoch in epochs)
    findings.append(finding.Finding(
        config.model, gain <= most,
        f"{gain:+.2f} points on the other half, of epochs {chosen} against "
        f"{halved[0].index[-1]}", "", runs.best(config)[0].count))
  return findings


def _stop_by_halves(table):
  """Yields what each half gains by the other's best epoch, and that epoch."""
  for chosen_by, measured_by in itertools.permutations(table.columns[-2:]):
    epoch = table[chosen_by].idxmax()
    yield table[measured_by][epoch] - table[measured_by].iloc[-1], epoch


def _check_rows(runs, rows, name, judge, more_may_help=False):
  """Judges an accuracy of each row.

  Args:
    runs: the `Runs`.
    rows: their numbers.
    name: of the accuracy in result.json.
    judge: a function from the paper's row, the accuracy, as the paper prints
      it, and each seed's to a `certainty.Judgement` and words to follow the
      accuracy.
    more_may_help: whether what holds does so whatever more epochs do.
  """
  findings = []
  for number in rows:
    row, config = table1_rows.paper_of(number), table1_rows.config_of(number)
    repeats = runs.best(config)
    if not repeats:
      findings.append(finding.Finding(config.model, None))
      continue
    value = round(table1_rows.percent(repeats, name), 2)
    judged, words = judge(row, value, [
        table1_rows.percent([run], name) for run in repeats])
    short = "" if more_may_help and judged.holds else (
        certainty.cut_short(repeats, config))
    findings.append(finding.Finding(
        config.model, judged.holds,
        f"{value:.2f}%{words}{table1_rows.cut_short(repeats, config)}",
        f"{getattr(row, name):.2f}%", repeats[0].count,
        undecided=short or judged.undecided))
  return findings


def _describe_cut_short(runs):
  """Returns words on runs of Figure 1's sweep that were, by model."""
  plans = {plan.config.model: plan.config
           for plan in suite_plan.load_shipped("fig1b")}
  words = {}
  for run in curves.sweep(runs):
    short = certainty.cut_short([run], plans[run.config.model])
    if short:
      words.setdefault(run.config.model, short)
  return words


def _describe_fewer(runs, config):
  """Returns words on the training accuracy on fewer images than the most."""
  _, *fewer = runs.of(config).items()
  accuracies = [(table1_rows.percent(repeats, "train_accuracy"), n)
                for n, repeats in fewer]
  return "".join(f" ({value:.2f}% on {n:,} images)" for value, n in accuracies)


def _check_models(table, check):
  """Applies a check to each model's part of a table of `curves`."""
  findings = []
  for model in ("inception_small", "alexnet_small", "mlp_1x512"):
    part = table[table.model == model]
    if part.empty:
      findings.append(finding.Finding(model, None))
    else:
      judged, ours, paper = check(part)
      findings.append(finding.Finding(
          model, judged.holds, ours, paper, int(part.n.iloc[0]),
          undecided=judged.undecided))
  return findings


def _steps_to(repeats, accuracy):
  """Returns the mean number of steps until a running accuracy; inf if never."""
  steps = []
  for run in repeats:
    reached = run.metrics[run.metrics.train_accuracy >= accuracy]
    steps.append(reached.step.iloc[0] if len(reached) else float("inf"))
  return statistics.mean(steps)


# What claims.toml may name.
CHECKS = (
    random_labels_fitted, at_chance, same_hyperparameters, modifications_fitted,
    reaches_first, every_corruption_fitted, slowdown, error_grows,
    signal_learned, unregularized_generalizes, crop_beats_decay,
    regularizer_helps, steadier, difference, decay_and_random_labels,
    early_stopping, early_stopping_by_halves)

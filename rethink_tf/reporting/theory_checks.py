"""Checks of the ledger on Sections 2.2 and 4; see `checks`."""

import pandas as pd

from rethink_tf.reporting import finding
from rethink_tf.reporting import names
from rethink_tf.reporting import theory_tables
from rethink_tf.runs import wording

_MODELS = ("inception_small", "alexnet_small", "mlp_3x512", "mlp_1x512")


def represents_any_labels(runs):
  """Theorem 1's network has 2n + d weights and takes every label."""
  table = theory_tables.expressivity(runs)
  findings = [] if table.empty else [
      finding.Finding(
          f"{row.labels}, d = {row.d:,}",
          row.weights == 2 * row.n + row.d and row.train_accuracy == 1.0,
          f"{row.weights:,} weights, training accuracy "
          f"{row.train_accuracy:.2%}, {_largest_error(row)}"
          f"test accuracy {row.test_accuracy:.2%}",
          f"2n + d = {2 * row.n + row.d:,} weights", row.n)
      for row in table[table.network == "Theorem 1"].itertuples()]
  return findings or [finding.Finding("Theorem 1", None)]


def _largest_error(row):
  # A run may lack it: the trained network beside the theorem's has none.
  return "" if pd.isna(row.max_abs_error) else (
      f"largest error {row.max_abs_error:.2g}, ")


def triangular_matrix(runs, error):
  """numpy.linalg agrees with Lemma 1, within a relative error."""
  results = [run.result for run in runs.of_program("lemma1")]
  return [finding.Finding(
      f"{result['instances']} random instances",
      result["full_rank"] and result["eigenvalue_error"] < error,
      "largest distance of an eigenvalue from the diagonal, relative to it, "
      f"{result['eigenvalue_error']:.2g}",
  ) for result in results] or [finding.Finding("Lemma 1", None)]


def depth_for_width(runs):
  """Corollary 1's networks take every label; with the constants found."""
  results = [run.result for run in runs.of_program("corollary1")]
  return [finding.Finding(
      "b blocks", result["train_accuracy"] == 1.0,
      f"depth b + {result['depth_constant']}, width at most n/b + "
      f"{result['width_constant']}, 2n + d + {result['weights_per_block']:g} b "
      f"weights, largest error {result['max_abs_error']:.2g}",
      "width O(n/k), O(n + d) weights", result["n"],
  ) for result in results] or [finding.Finding("Corollary 1", None)]


def rademacher_is_one(runs, least):
  """Each small model fits random signs: the estimate is (nearly) one."""
  table = theory_tables.rademacher(runs)
  findings = []
  for model in _MODELS:
    part = table[table.model == model] if len(table) else table
    if part.empty:
      findings.append(finding.Finding(model, None))
      continue
    findings.append(finding.Finding(
        model, bool((part.estimate >= least).all()),
        ", ".join(f"{row.estimate:.3f} at n = {row.n:,}"
                  for row in part.itertuples()), "1", int(part.n.min())))
  return findings


def estimator_is_right(runs, least, most):
  """For linear functions, training finds the closed form."""
  table = theory_tables.rademacher(runs)
  part = table[table.model == "linear"] if len(table) else table
  if part.empty:
    return [finding.Finding("linear", None)]
  ratios = part.estimate / part.linear
  return [finding.Finding(
      "linear", bool(((ratios >= least) & (ratios <= most)).all()),
      ", ".join(f"{ratio:.3f} of the closed form at n = {n:,}"
                for ratio, n in zip(ratios, part.n)), "",
      int(part.n.min()))]


def shatters(runs):
  """All labelings of small n, and all tried of larger n, are fitted."""
  results = [run.result for run in runs.of_program("vc_dimension")]
  return [finding.Finding(
      "Theorem 1's network",
      result["shattered"] > 0 and result["fitted"] >= result["shattered"],
      f"2n + d weights: all 2^n labelings of {result['shattered']} points; all "
      f"those tried of {result['fitted']:,} points",
  ) for result in results] or [finding.Finding("Theorem 1's network", None)]


def stability_says_little(runs, points):
  """One beta for all labels is well above the error with true labels.

  beta is the worst over samples, random labels included, and bounds the
  generalization error of each in the same loss (Bousquet and Elisseeff, 2002).
  For the 0-1 loss it is thus at least the error with random labels. What one
  replaced example was seen to move is said beside it: a lower bound too, of
  beta for the probability of a label.
  """
  findings = []
  for run in runs.of_program("stability"):
    result = run.result
    subject = f"{result['model']} on {run.config['dataset']}"
    error, moved = (
        result[name] for name in
        ("generalization_error", "max_probability_difference"))
    if not {"0", "1"} <= set(error):  # One kind of labels compares nothing.
      findings.append(finding.Finding(subject, None))
      continue
    beta = max(error.values())
    findings.append(finding.Finding(
        subject, 100 * (beta - error["0"]) >= points,
        f"beta at least {beta:.2f} for any labels; generalization error "
        f"{error['0']:.1%} with true labels, {error['1']:.1%} with random "
        f"ones; one replaced example moved a probability by {moved['0']:.2f} "
        f"and by {moved['1']:.2f}", "", result["n"]))
  return findings or [finding.Finding("stability", None)]


def noise_is_separated(runs):
  """Inputs of noise lie farther apart than natural images of one class do."""
  findings = []
  for run in runs.of_program("separation"):
    result, data = run.result, names.name_dataset(run.config["dataset"])
    same, nearest = result["same_class"], result["nearest"]
    natural = (same["none"], nearest["none"])
    for name in ("random_pixels", "gaussian"):
      findings.append(finding.Finding(
          f"{data}, {wording.PIXELS[name]}",
          same[name] > natural[0] and nearest[name] > natural[1],
          f"mean distance {same[name]:.1f}, of natural images of one class "
          f"{natural[0]:.1f}; to the nearest input {nearest[name]:.1f}, "
          f"{natural[1]:.1f}", "", result["n"]))
  return findings or [finding.Finding("random pixels and Gaussian noise", None)]


def mistakes_are_bounded(runs):
  """The Perceptron makes no more than (R / margin)^2 mistakes."""
  findings = []
  for subject, part in _perceptrons(runs):
    separable = part[part.margin > 0]
    if separable.empty:
      continue
    ratios = separable.mistakes / separable.mistake_bound
    findings.append(finding.Finding(
        subject, bool((ratios <= 1).all()),
        f"at most {ratios.max():.3f} of the bound, for {len(separable)} sets "
        f"of examples, of which {(separable.label_corruption > 0).sum()} have "
        "corrupted labels"))
  return findings or [finding.Finding("the Perceptron", None)]


def bound_tells_labels_apart(runs):
  """The bound on the error is below a guess's on true labels alone."""
  findings = []
  for subject, part in _perceptrons(runs):
    last = part[part.n == part.n.max()].set_index("label_corruption")
    if not {0.0, 1.0} <= set(last.index):
      continue
    true, random = last.loc[0.0], last.loc[1.0]
    findings.append(finding.Finding(
        subject, bool(true.error_bound < 0.5 <= random.error_bound),
        f"error at most {true.error_bound:.1%} with true labels (on the test "
        f"set {true.test_error:.1%}), {random.error_bound:.1%} with random "
        f"ones ({random.test_error:.1%})", "", int(part.n.max())))
  return findings or [finding.Finding("the Perceptron", None)]


def _perceptrons(runs):
  """Yields what each run is called, and its rows."""
  table = theory_tables.perceptron(runs)
  if len(table):
    for (dataset, classes, _), part in table.groupby(
        ["dataset", "classes", "seed"], sort=False):
      yield f"{names.name_dataset(dataset)}, classes {classes}", part


# What claims.toml may name.
CHECKS = (
    bound_tells_labels_apart, mistakes_are_bounded, noise_is_separated,
    represents_any_labels, triangular_matrix, depth_for_width,
    rademacher_is_one, estimator_is_right, shatters, stability_says_little)

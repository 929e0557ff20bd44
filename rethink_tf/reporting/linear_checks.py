"""Checks of the ledger on Section 5; see `checks`."""

from rethink_tf.paper import tables
from rethink_tf.reporting import certainty
from rethink_tf.reporting import finding
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import names

# Below this a distance is rounding, and may grow.
_ROUNDING = 1e-12


def sgd_stays_in_span(runs, most):
  """SGD from zero ends in the span of the data points."""
  return _check_statements(runs, "sgd", lambda sgd: (
      sgd["outside_span"] < most,
      f"{sgd['outside_span']:.1e} of the weights' norm outside it after "
      f"{sgd['epochs'][-1]} epochs"))


def sgd_reaches_minimum_norm(runs, most):
  """SGD's distance to LAPACK's minimum-norm solution falls to nothing."""

  def check(sgd):
    falls = all(b < a or b < _ROUNDING
                for a, b in zip(sgd["distances"], sgd["distances"][1:]))
    kernel = sgd["distance_to_kernel_solution"]
    return (falls and sgd["distances"][-1] < most and kernel < most,
            f"distance from {sgd['distances'][0]:.1f} to "
            f"{sgd['distances'][-1]:.1e}; that of the kernel's solution "
            f"{kernel:.1e}")

  return _check_statements(runs, "sgd", check)


def same_curvature(runs, most):
  """The Hessian is the formula's at two minima, and not elsewhere."""

  def check(curvature):
    worst = max(curvature["differences"])
    return (worst < most < curvature["difference_elsewhere"],
            f"at two minima {curvature['distance_of_minima']:.1f} norms apart "
            f"off by {worst:.1e}, elsewhere by "
            f"{curvature['difference_elsewhere']:.1e}")

  return _check_statements(runs, "curvature", check)


def degenerate_curvature(runs):
  """With more weights than examples, directions have no curvature."""

  def check(curvature):
    flat = curvature["null_directions"]
    return (flat == curvature["weights"] - curvature["rank"] > 0,
            f"{flat:,} of {curvature['weights']:,} directions are flat with "
            f"{curvature['examples']} examples")

  return _check_statements(runs, "curvature", check)


def other_solutions_are_worse(runs, solution, larger, worse):
  """Another interpolating solution has a larger norm and a larger error."""

  def check(solutions):
    least, other = solutions["minimum_norm"], solutions[solution]
    return (other["norm"] > larger * least["norm"]
            and other["train_error"] == 0
            and other["test_error"] > worse * least["test_error"],
            f"norm {other['norm']:.4g} against {least['norm']:.4g}, test error "
            f"{other['test_error']:.1%} against {least['test_error']:.1%}")

  return _check_statements(runs, "solutions", check)


def interpolation_generalizes(runs, residual, times):
  """Fitting exactly gives the paper's test error, or little more."""
  findings = []
  for row in tables.table3():
    run = linear_tables.of_row(runs, row)
    if row.regularized != "no":
      continue
    if run is None:
      findings.append(finding.Finding(row.title, None))
      continue
    result = run.result
    error = 100 * result["test_error"]
    judged = certainty.judge((times * row.test_error - error, [error]))
    exact = (result["train_error"] == 0
             and result["relative_residual"] <= residual)
    findings.append(finding.Finding(
        row.title, exact and judged.holds,
        f"{result['test_error']:.2%} test error, {result['train_error']:.2%} "
        f"training error, residual {result['relative_residual']:.1e}",
        f"{row.test_error:g}%", result["n"],
        linear_tables.fewer_filters(run.config["filters"], row),
        judged.undecided if exact else ""))
  return findings


def norm_is_not_predictive(runs, share):
  """MNIST's wavelets have the larger norm and a fraction of the error."""
  pair = linear_tables.on_equally_many(runs, tables.table3()[:2])
  if pair is None:
    return [finding.Finding("MNIST", None)]
  widths = [f"{run.config['bandwidth']:g}" for run in pair]
  pixels, wavelets = (run.result for run in pair)
  errors = [100 * result["test_error"] for result in (pixels, wavelets)]
  larger = wavelets["min_norm"] > pixels["min_norm"]
  judged = certainty.judge((share * errors[0] - errors[1], errors))
  return [finding.Finding(
      "MNIST", larger and judged.holds,
      f"norm {pixels['min_norm']:.4g} without and {wavelets['min_norm']:.4g} "
      f"with wavelets (a ratio of "
      f"{wavelets['min_norm'] / pixels['min_norm']:.2f}; bandwidths "
      f"{widths[0]} and {widths[1]}), test error "
      f"{pixels['test_error']:.2%} and {wavelets['test_error']:.2%}",
      "220 and 390 (1.77), half the error", pixels["n"],
      undecided=judged.undecided if larger else "")]


def regularization_helps(runs, curves, helps, share, test_examples):
  """Whether the best l2 lowers the test error by more than a share of it."""
  table = linear_tables.error_against_l2(runs)
  findings = []
  for curve in curves:
    path = table[table.curve == curve]
    # The program section5 has a path on fewer images of the same name.
    path = path[path.n == path.n.max()]
    without = path[path.l2 == 0].test_error
    if without.empty or len(path) < 2:
      findings.append(finding.Finding(curve, None))
      continue
    best = path.loc[path.test_error.idxmin()]
    errors = [100 * without.iloc[0], 100 * best.test_error]
    improved = errors[0] - errors[1] - share * errors[0]
    judged = certainty.judge(
        (improved if helps else -improved, errors), tests=test_examples)
    findings.append(finding.Finding(
        curve, judged.holds,
        f"{errors[0]:.2f}% without, at best {errors[1]:.2f}% (l2 = "
        f"{best.l2:g})",
        "improves" if helps else "does not improve",
        int(best.n), best.fewer_filters, judged.undecided))
  return findings


def _check_statements(runs, part, check):
  """Applies a check to a part of each result of section5."""
  findings = []
  for run in runs.of_program("section5"):
    measured = run.result[part]
    holds, ours = check(measured)
    # SGD and curvature are measured on fewer than the solutions.
    count = measured.get("examples", run.result["n"])
    subject = names.name_dataset(run.config["dataset"])
    findings.append(finding.Finding(subject, bool(holds), ours, "", count))
  return findings or [finding.Finding("statements", None)]


# What claims.toml may name.
CHECKS = (
    sgd_stays_in_span, sgd_reaches_minimum_norm, same_curvature,
    degenerate_curvature, other_solutions_are_worse, interpolation_generalizes,
    norm_is_not_predictive, regularization_helps)

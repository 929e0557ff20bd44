"""What Section 5 claims, held against what was measured.

Pure functions of result.json's and section5.json's values: a ledger prints what
they return.
"""

import dataclasses

# How near an iteration in float64 should come, and where its rounding begins.
_SMALL = 1e-6
_ROUNDING = 1e-12


@dataclasses.dataclass(frozen=True)
class Claim:
  """A statement of the paper beside what was measured.

  Attributes:
    statement: the paper's, in a sentence.
    measured: ours, in a sentence, with numbers.
    holds: whether the numbers bear the statement out.
  """

  statement: str
  measured: str
  holds: bool


def of_section5(measured):
  """Returns the claims that section5.json decides, as a list of `Claim`."""
  return [
      _span(measured["sgd"]), _reaches(measured["sgd"]),
      _curvature(measured["curvature"]), _degenerate(measured["curvature"]),
      _others(measured["solutions"], "random_centers",
              "a Gaussian kernel with centers at random points"),
      _others(measured["solutions"], "labels_on_test",
              "fitting random labels on the test data"),
  ]


def _span(sgd):
  return Claim(
      "SGD that starts at zero stays in the span of the data points.",
      f"After {sgd['epochs'][-1]} epochs on {sgd['examples']} examples, "
      f"{sgd['outside_span']:.1e} of the weights' norm is outside it.",
      sgd["outside_span"] < _SMALL)


def _reaches(sgd):
  first, last = sgd["distances"][0], sgd["distances"][-1]
  falls = all(b < a or b < _ROUNDING for a, b in zip(
      sgd["distances"], sgd["distances"][1:]))
  return Claim(
      "Where SGD interpolates, it reaches the minimum-norm solution "
      "X^T alpha of K alpha = y.",
      f"Its distance to LAPACK's, relative, falls from {first:.1f} to "
      f"{last:.1e}; that of X^T alpha is "
      f"{sgd['distance_to_kernel_solution']:.1e}.",
      falls and last < _SMALL and sgd["distance_to_kernel_solution"] < _SMALL)


def _curvature(curvature):
  worst = max(curvature["differences"])
  return Claim(
      "The curvature of the loss is the same at all global minima.",
      f"At two minima {curvature['distance_of_minima']:.1f} norms apart it "
      f"differs from the formula by {worst:.1e}; away from a minimum, by "
      f"{curvature['difference_elsewhere']:.1e}.",
      worst < 1e-4 < curvature["difference_elsewhere"])


def _degenerate(curvature):
  return Claim(
      "The Hessian is degenerate at all global minima when d > n.",
      f"{curvature['null_directions']:,} of {curvature['weights']:,} directions "
      f"have no curvature with {curvature['examples']} examples.",
      curvature["null_directions"]
      == curvature["weights"] - curvature["rank"] > 0)


def _others(solutions, name, words):
  least, other = solutions["minimum_norm"], solutions[name]
  return Claim(
      f"Another interpolating solution, {words}, has a larger norm and "
      "generalizes badly.",
      f"Norm {other['norm']:.4g} against {least['norm']:.4g}, test error "
      f"{other['test_error']:.1%} against {least['test_error']:.1%}, training "
      f"error {other['train_error']:.1%}.",
      other["norm"] > 1.05 * least["norm"] and other["train_error"] == 0
      and other["test_error"] > 1.5 * least["test_error"])


def interpolates(result, paper_error):
  """Returns the claim that an exact fit generalizes.

  Args:
    result: the dict of result.json, of a run with l2 = 0.
    paper_error: Table 3's test error, a fraction.
  """
  return Claim(
      f"Fitting {result['dataset']} exactly gives {paper_error:.1%} test error "
      "without regularization.",
      f"{result['test_error']:.2%} with training error "
      f"{result['train_error']:.2%}, relative residual "
      f"{result['relative_residual']:.1e}, n = {result['n']:,}.",
      result["train_error"] == 0 and result["l2"] == 0
      and result["relative_residual"] <= 1e-4
      and result["test_error"] <= 1.25 * paper_error)


def norm_is_not_predictive(pixels, wavelets):
  """Returns the claim that the larger norm has the smaller error.

  Args:
    pixels, wavelets: dicts of result.json: MNIST without preprocessing and
      with Gabor wavelets.
  """
  return Claim(
      "The minimum norm does not predict generalization: 220 on MNIST without "
      "preprocessing and 390 with wavelets (a ratio of 1.8), and yet half the "
      "error.",
      f"Norms {pixels['min_norm']:.4g} and {wavelets['min_norm']:.4g} (a ratio "
      f"of {wavelets['min_norm'] / pixels['min_norm']:.2f}) under our "
      f"bandwidths, errors {pixels['test_error']:.2%} and "
      f"{wavelets['test_error']:.2%}.",
      wavelets["min_norm"] > pixels["min_norm"]
      and wavelets["test_error"] < 0.67 * pixels["test_error"])


def regularization(path, name, expected_to_help):
  """Returns the claim about l2.

  Args:
    path: list of dicts with "l2" and "test_error", one with l2 = 0.
    name: str, of the model.
    expected_to_help: what the paper says.
  """
  without = next(p for p in path if p["l2"] == 0)
  best = min(path, key=lambda p: p["test_error"])
  # A twentieth of the error: less could be chance among ten thousand images.
  helps = best["test_error"] < 0.95 * without["test_error"]
  return Claim(
      f"Regularization {'improves' if expected_to_help else 'does not improve'} "
      f"{name}.",
      f"Test error {without['test_error']:.2%} without, at best "
      f"{best['test_error']:.2%} (l2 = {best['l2']:g}).",
      helps == expected_to_help)

"""What the paper claims in Sections 2.2 and 4, held against results.

Each function takes result.json's as dicts and returns a `Claim`; a report lists
them. None of them reads a file.
"""

import dataclasses
import math

# A training accuracy or correlation that counts as "fits".
FITS = 0.99


@dataclasses.dataclass(frozen=True)
class Claim:
  """One claim, and whether results bear it out.

  Attributes:
    place: where in the paper.
    statement: the claim, as a sentence.
    holds: whether it held.
    evidence: the numbers, as text.
  """

  place: str
  statement: str
  holds: bool
  evidence: str


def theorem1(result):
  """Says whether 2n + d weights took every label; of `expressivity`."""
  size = 2 * result["n"] + result["d"]
  return Claim(
      "Section 4, Theorem 1",
      "A two-layer ReLU network with 2n + d weights can represent any function "
      "on a sample of size n in d dimensions.",
      result["weights"] == size and result["train_accuracy"] == 1.0,
      f"n = {result['n']:,}, d = {result['d']:,}: {result['weights']:,} weights "
      f"(2n + d = {size:,}), training accuracy {result['train_accuracy']:.2%}, "
      f"largest error {result['max_abs_error']:.2g}, test accuracy "
      f"{result['test_accuracy']:.2%}")


def lemma1(result):
  """Says whether numpy.linalg agrees with Lemma 1; of `lemma1`."""
  return Claim(
      "Appendix C, Lemma 1",
      "The matrix has full rank, and its smallest eigenvalue is min x_i - b_i.",
      result["full_rank"] and result["eigenvalue_error"] < 1e-6,
      f"{result['instances']} random instances; eigenvalues off the diagonal by "
      f"at most {result['eigenvalue_error']:.2g} of it")


def corollary1(result):
  """Says whether depth traded for width as claimed; of `corollary1`."""
  return Claim(
      "Section 4, Corollary 1",
      "Depth k, width O(n/k) and O(n + d) weights can represent any function on "
      "a sample of size n in d dimensions.",
      result["train_accuracy"] == 1.0,
      f"n = {result['n']:,}, b blocks: depth b + {result['depth_constant']}, "
      f"width at most n/b + {result['width_constant']}, at most 2n + d + "
      f"{result['weights_per_block']:g} b weights; largest error "
      f"{result['max_abs_error']:.2g}")


def rademacher(result):
  """Says whether a network reached R_n = 1, nearly; of `rademacher`."""
  shown = ", ".join(
      f"n = {int(n):,}: {value:.4f}"
      + (f" +- {result['standard_errors'][n]:.4f}"
         if result["standard_errors"][n] is not None else "")
      for n, value in result["estimates"].items())
  return Claim(
      "Section 2.2, equation (1)",
      f"The empirical Rademacher complexity of {result['model']} is 1.",
      min(result["estimates"].values()) >= FITS,
      f"{shown}, by training: a lower bound")


def rademacher_estimator(result):
  """Says whether the estimate is right for linear functions; model "linear"."""
  ratios = {n: value / result["linear"][n]
            for n, value in result["estimates"].items()}
  return Claim(
      "Section 2.2, equation (1)",
      "Training finds the supremum where it has a closed form: linear functions "
      "of bounded norm.",
      all(0.98 <= ratio <= 1.0001 for ratio in ratios.values()),
      ", ".join(f"n = {int(n):,}: {ratio:.4f} of it"
                for n, ratio in ratios.items()))


def vc_dimension(result):
  """Says whether all labelings that were tried were fitted."""
  return Claim(
      "Section 2.2",
      "Networks with more than n parameters have VC dimension greater than n: "
      "2n + d weights shatter n points.",
      result["shattered"] > 0 and result["fitted"] >= result["shattered"],
      f"all 2^n labelings of n = {result['shattered']} points; all labelings "
      f"tried of n = {result['fitted']:,} points")


def stability(result):
  """Says which measure tells true from random labels; of `stability`.

  A ratio of 1 between random and true labels sees nothing. The claim is that
  stability's is nearer to 1 than the generalization error's.

  Raises:
    KeyError: the run had not both true and random labels.
  """
  ratios = {
      name: result[name]["1"] / max(result[name]["0"], 1e-12)
      for name in ("max_probability_difference", "max_loss_difference",
                   "generalization_error")}
  distances = {name: abs(math.log(max(ratio, 1e-12)))
               for name, ratio in ratios.items()}
  return Claim(
      "Section 2.2",
      "Uniform stability does not take the labels into account; the "
      "generalization error does.",
      distances["max_probability_difference"]
      < distances["generalization_error"],
      f"{result['model']}, n = {result['n']:,}, epoch {result['epochs']}, "
      "random over true labels: largest difference of a probability "
      f"{ratios['max_probability_difference']:.2f}, of the loss "
      f"{ratios['max_loss_difference']:.2f}; generalization error "
      f"{ratios['generalization_error']:.2f}")

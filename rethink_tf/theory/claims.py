"""What the paper claims in Sections 2.2 and 4, held against results.

Each function takes result.json's as dicts and returns a `Claim`; a report lists
them. None of them reads a file.
"""

import dataclasses

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
  """Says whether a bound by uniform stability can explain true labels' success.

  beta is one number for the algorithm, whatever the labels: at least the
  largest difference on any sample, random labels included. It bounds the
  generalization error, with true labels too. The claim holds where that bound
  is more than twice the error that it would explain.

  Raises:
    KeyError: the run had not both true and random labels.
  """
  differences = result["max_probability_difference"]
  measured = result["generalization_error"]
  beta = max(differences.values())
  return Claim(
      "Section 2.2",
      "Uniform stability does not take the labels into account, so it cannot "
      "tell the small generalization error with true labels from the large one "
      "with random labels.",
      beta > 2 * measured["0"] and measured["1"] > 2 * measured["0"],
      f"{result['model']}, n = {result['n']:,}, epoch {result['epochs']}: beta is "
      f"at least {beta:.2f} for a loss in [0, 1], whatever the labels; "
      f"generalization error {measured['0']:.2f} with true and "
      f"{measured['1']:.2f} with random labels. On one sample alone the "
      f"difference does depend on them: {differences['0']:.2f} and "
      f"{differences['1']:.2f}")

"""Lemma 1: A = [max(x_i - b_j, 0)] has full rank, its eigenvalues its diagonal.

"Its smallest eigenvalue is min_i x_i - b_i" (appendix C): the matrix is lower
triangular. The lemma says that w exists and is unique. It does not bound w: A
is not normal, and ||A^-1|| is one over the smallest *singular* value, which may
lie far below the smallest eigenvalue.

With thresholds in the middle of equal gaps the ratio of the two grows like n.
A quarter of the gap after the point before, as in `theorem1`, it is at most 6,
whatever the gaps: w = D S G D y with D the differences of neighbours (norm at
most 2), G = diag(1 / (x_i - b_i)), and S the recursion
s_i = t_i - s_{i-1} / 3 (norm at most 1 / (1 - 1/3)).
"""

import dataclasses

import numpy as np

from rethink_tf import streams
from rethink_tf.theory import theorem1

# Where in each gap the threshold lies: as `theorem1` has it, and midway.
_POSITIONS = (theorem1.POSITION, 0.5)


@dataclasses.dataclass(frozen=True)
class Measurement:
  """One instance, with y of norm 1.

  Attributes:
    n: the number of points.
    position: where in each gap the threshold lies.
    rank: numpy.linalg.matrix_rank of A with its rows scaled by the diagonal.
    smallest_difference: min_i x_i - b_i, in units of x_n - x_1.
    eigenvalue_error: the largest distance between an eigenvalue from
      numpy.linalg and the diagonal, relative to it.
    inverse_eigenvalue: one over the smallest eigenvalue.
    inverse_singular: one over the smallest singular value: the largest ||w||.
    norm: ||w|| for a random y.
    solve_error: the largest difference between w from `theorem1.solve` and
      from numpy.linalg.solve, relative to ||w||.
  """

  n: int
  position: float
  rank: int
  smallest_difference: float
  eigenvalue_error: float
  inverse_eigenvalue: float
  inverse_singular: float
  norm: float
  solve_error: float


def build_matrix(projections, knots):
  """Returns A, float64 `(n, n)`: for looking at, not for solving."""
  return np.maximum(projections[:, np.newaxis] - knots, 0.0)


def draw_instance(n, position, seed, index):
  """Draws uniform projections in [0, 1], thresholds, and y on the unit sphere.

  Args:
    n: the number of points.
    position: where in each gap the threshold lies, in (0, 1).
    seed, index: which instance.

  Returns:
    `(x, b, y)`, each float64 `(n,)`.
  """
  x = np.sort(streams.uniform(n, seed, "lemma1 points", n, index))
  y = streams.uniform(n, seed, "lemma1 targets", n, index) - 0.5
  left = np.concatenate([[x[0] - 1 / n], x[:-1]])
  return x, left + position * (x - left), y / np.linalg.norm(y)


def measure(x, b, y, position):
  """Holds the lemma against numpy.linalg; returns a `Measurement`."""
  a = build_matrix(x, b)
  w = theorem1.solve(x, b, y)
  reference = np.linalg.solve(a, y)
  diagonal = np.sort(x - b)
  eigenvalues = np.sort(np.linalg.eigvals(a).real)
  singular = np.linalg.svd(a, compute_uv=False)
  return Measurement(
      n=len(x),
      position=position,
      # Scaling rows leaves the rank, and keeps narrow gaps from looking null.
      rank=int(np.linalg.matrix_rank(a / (x - b)[:, np.newaxis])),
      smallest_difference=float(diagonal[0]),
      eigenvalue_error=float((np.abs(eigenvalues - diagonal) / diagonal).max()),
      inverse_eigenvalue=float(1 / diagonal[0]),
      inverse_singular=float(1 / singular[-1]),
      norm=float(np.linalg.norm(w)),
      solve_error=float(
          np.abs(w - reference).max() / np.linalg.norm(reference)),
  )


def run(study):
  """Measures instances of each size, for two positions of the thresholds.

  Args:
    study: a `study.Study` of a `flags.theory.Lemma1`.

  Returns:
    A dict of numbers: the largest of each figure over all instances.
  """
  study.begin()
  config = study.config
  for n in config.sizes:
    for position in _POSITIONS:
      study.add(*(
          _measure_instance(n, position, config.seed, index)
          for index in range(config.instances)))
  return _summarize(study.rows, config.sizes)


def _measure_instance(n, position, seed, index):
  """Returns the row of an instance."""
  measured = measure(*draw_instance(n, position, seed, index), position)
  return {"instance": index, **dataclasses.asdict(measured)}


def _summarize(rows, sizes):
  ratios = {
      f"{position:g}": {str(n): max(
          row["inverse_singular"] / row["inverse_eigenvalue"] for row in rows
          if (row["n"], row["position"]) == (n, position)) for n in sizes}
      for position in _POSITIONS}
  return {
      "instances": len(rows),
      "full_rank": all(row["rank"] == row["n"] for row in rows),
      "eigenvalue_error": max(row["eigenvalue_error"] for row in rows),
      "solve_error": max(row["solve_error"] for row in rows),
      "singular_over_eigenvalue": ratios,
      "norm_over_inverse_singular": max(
          row["norm"] / row["inverse_singular"] for row in rows),
  }

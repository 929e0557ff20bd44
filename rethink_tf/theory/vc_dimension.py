"""VC dimension: how many points the network of Theorem 1 shatters.

A class of functions shatters n points if it fits each of their 2^n labelings by
-1 and +1. "Deep neural networks with more than n parameters have VC-dimension
greater than n" (Section 2.2). In Theorem 1 the direction and the thresholds
depend on the points alone; each labeling then has its own weights w. So p
weights shatter (p - d) / 2 points, and the VC dimension is at least that.
"""

import numpy as np

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.data import randomization
from rethink_tf.theory import lemma1
from rethink_tf.theory import study as study_lib
from rethink_tf.theory import theorem1

# Outputs computed at a time: labelings times points times thresholds.
_NUMBERS = 4_000_000
# Up to here all labelings are tried; the flag's help says so too.
EXHAUSTIVE = 12


def enumerate_labelings(n):
  """Returns all 2^n labelings, float64 `(n, 2^n)` of -1 and 1; n <= 20."""
  if not 1 <= n <= 20:
    raise ValueError(
        f"expected n from 1 to 20, for 2^n labelings. Received: {n}")
  bits = np.arange(2**n) >> np.arange(n)[:, np.newaxis] & 1
  return 2.0 * bits - 1


def draw_labelings(n, count, seed):
  """Returns float64 `(n, count)` of -1 and 1.

  The first alternates along the line, which takes the most slopes; the others
  are drawn.
  """
  drawn = streams.integers(n * count, 2, seed, "labelings", n)
  labelings = 2.0 * drawn.reshape(n, count) - 1
  labelings[:, 0] = (-1.0) ** np.arange(n)
  return labelings


def fit_labelings(line, labelings):
  """Fits labelings of the points on a line, and looks at the signs.

  Args:
    line: a `theorem1.Line` of n points.
    labelings: float64 `(n, m)` of -1 and 1, rows in the line's order.

  Returns:
    `(fitted, error)`: how many of the m labelings have every sign right, and
    the largest |c(z_i) - y_i|.
  """
  weights = theorem1.solve(
      line.projections, line.thresholds, labelings)
  right = np.ones(labelings.shape[1], bool)
  error = 0.0
  rows = max(1, _NUMBERS // max(weights.shape))
  for start in range(0, len(labelings), rows):
    part = slice(start, start + rows)
    outputs = lemma1.build_matrix(
        line.projections[part], line.thresholds) @ weights
    right &= (np.sign(outputs) == labelings[part]).all(axis=0)
    error = max(error, float(np.abs(outputs - labelings[part]).max()))
  return int(right.sum()), error


def run(study):
  """Shatters the first n examples of a dataset, for each n.

  Args:
    study: a `study.Study` of a `flags.theory.VcDimension`.

  Returns:
    A dict of numbers. "shattered" is the largest n of which all 2^n labelings
    were fitted; "fitted" the largest n of which all that were tried were.
    "of_a_line" in the rows counts what a threshold on the same line without
    hidden units gets: 2n labelings.

  Raises:
    DataError: two images are equal.
  """
  config = study.config
  data, train = study.load(0.0, max(config.n))
  study.begin(
      dataset_fingerprint=data.fingerprint,
      label_hash=randomization.label_hash(train.labels))
  for n in sorted(config.n):
    study.add(_shatter(config, study_lib.pixels(train.first(n))))
  rows = study.rows
  full = [row["n"] for row in rows if row["fitted"] == row["labelings"]]
  exhaustive = [row["n"] for row in rows if row["exhaustive"]]
  return {
      "d": study_lib.pixels(train.first(1)).shape[1],
      "shattered": max((n for n in full if n in exhaustive), default=0),
      "fitted": max(full, default=0),
      "max_abs_error": max(row["max_abs_error"] for row in rows),
  }


def _shatter(config, points):
  """Returns the row of n points."""
  n, dimensions = points.shape
  line = theorem1.project(points, config.seed)
  if len(line.order) < n:
    raise errors.DataError(
        f"{config.dataset}: expected {n} different images. Received: "
        f"{len(line.order)}; equal ones cannot have different labels")
  exhaustive = n <= EXHAUSTIVE
  labelings = (enumerate_labelings(n) if exhaustive
               else draw_labelings(n, config.labelings, config.seed))
  fitted, error = fit_labelings(line, labelings)
  changes = (np.diff(labelings, axis=0) != 0).sum(axis=0)
  return {
      "n": n,
      "weights": 2 * n + dimensions,
      "labelings": labelings.shape[1],
      "exhaustive": int(exhaustive),
      "fitted": fitted,
      "of_a_line": int((changes <= 1).sum()),
      "max_abs_error": error,
  }

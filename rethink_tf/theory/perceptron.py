"""The Perceptron on true and on random labels, beside what is proved of it.

"Analysis from the 1960s provided generalization results for the Perceptron
assuming that there was some solution out there that properly labeled all data
we might ever see" (Section 6 of the CACM reprint). The analysis, for points of
length at most R that some linear function separates with the margin gamma:

  - the Perceptron makes at most (R / gamma)^2 mistakes, in all its passes
    together (Novikoff, 1962, On convergence proofs on perceptrons);
  - an example that it never made a mistake on can be left out, and the same
    function comes out, which is right on it. So at most a share s / n of the
    examples are misclassified when they are left out, s being those that it
    made a mistake on once or more. That is, on average over samples, its error
    on a new example (Vapnik and Chervonenkis, 1974; Freund and Schapire, 1999,
    Large margin classification using the perceptron algorithm).

Both hold for any labels that can be separated, random ones too.
"""

import dataclasses

import numpy as np
from scipy import optimize

from rethink_tf import errors
from rethink_tf.data import randomization
from rethink_tf.theory import study as study_lib

# Of the outputs 1 that the largest margin is found by, what rounding may take.
_ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True)
class Trained:
  """What the Perceptron has come to.

  Attributes:
    coefficients: int64 `(n,)`; the linear function's weights are the sum of so
      many times each point.
    mistakes: how many were made; each adds the example's sign to its
      coefficient.
    passes: over the examples; in the last one, where it fits, none was made.
    fits: whether it has every sign right.
  """

  coefficients: np.ndarray
  mistakes: int
  passes: int
  fits: bool

  @property
  def support(self):
    """On how many examples a mistake was made, once or more."""
    return int(np.count_nonzero(self.coefficients))


def train(points, signs, passes):
  """Cycles through examples until none is a mistake.

  On whole numbers nothing is rounded, and the outcome is every machine's.

  Args:
    points: uint8 `(n, d)`.
    signs: int64 `(n,)` of +-1.
    passes: when to give up.

  Returns:
    A `Trained`.
  """
  # The products are whole numbers far below 2^53, so float64 has them exactly.
  exact = points.astype(np.float64)
  products = (exact @ exact.T).astype(np.int64) * signs
  coefficients = np.zeros(len(points), np.int64)
  # Of each example its output times its sign; a mistake where it is not > 0.
  outputs = np.zeros(len(points), np.int64)
  mistakes = done = 0
  fits = False
  while not fits and done < passes:
    before = mistakes
    index = _find_mistake(outputs, 0)
    while index is not None:
      coefficients[index] += signs[index]
      outputs += products[index] * signs[index]
      mistakes += 1
      index = _find_mistake(outputs, index + 1)
    done += 1
    fits = mistakes == before
  return Trained(coefficients, mistakes, done, fits)


def _find_mistake(outputs, start):
  """Returns the first example from one on that is wrong, or None."""
  wrong = np.flatnonzero(outputs[start:] <= 0)[:1]
  return start + int(wrong[0]) if len(wrong) else None


def find_margin(points, signs):
  """Returns the largest margin of a linear function without an offset.

  It is one over the length of the shortest w with y_i <w, x_i> >= 1 for all i:
  least distance programming, which is solved by nonnegative least squares
  (Lawson and Hanson, 1974, Solving least squares problems, chapter 23).

  Args:
    points: float `(n, d)`.
    signs: `(n,)` of +-1.

  Returns:
    The distance of the nearest point from the hyperplane, in the points' unit;
    0.0 where none separates them.
  """
  signed = points * np.asarray(signs)[:, np.newaxis]
  constraints = np.vstack([signed.T, np.ones(len(signed))])
  target = np.zeros(len(constraints))
  target[-1] = 1.0
  duals, _ = optimize.nnls(constraints, target, maxiter=30 * len(signed))
  *residual, last = constraints @ duals - target
  if last == 0.0:
    return 0.0
  weights = -np.array(residual) / last
  if (signed @ weights).min() < 1 - _ROUNDING:
    return 0.0
  return float(1 / np.linalg.norm(weights))


def select_classes(data, classes):
  """Returns a `Dataset` of the examples of two classes, labeled 0 and 1.

  Args:
    data: a `Dataset`.
    classes: the two labels.
  """
  def select(split):
    chosen = split.select(np.isin(split.labels, classes))
    return dataclasses.replace(
        chosen, labels=(chosen.labels == classes[1]).astype(np.int32))

  return dataclasses.replace(
      data, train=select(data.train), test=select(data.test),
      label_names=tuple(data.label_names[label] for label in classes))


def run(study):
  """Trains on so many examples of two classes, with so many labels corrupted.

  Args:
    study: a `study.Study` of a `flags.theory.Perceptron`.

  Returns:
    A dict of numbers: of the largest n, by label corruption.

  Raises:
    DataError: the data cannot be had.
    UsageError: the two classes have too few examples.
  """
  config = study.config
  data, _ = study.load(0.0, 0)
  pair = select_classes(data, config.classes)
  most = max(config.n)
  if most > len(pair.train):
    raise errors.UsageError(
        f"--n: expected whole numbers from 1 to {len(pair.train):,}, all that "
        f"classes {config.classes[0]} and {config.classes[1]} of "
        f"{config.dataset} have. Received: {most}")
  study.begin(dataset_fingerprint=data.fingerprint)
  test = study_lib.pixels(pair.test), _to_signs(pair.test.labels)
  for corruption in config.label_corruption:
    train_split = randomization.corrupt_training_labels(
        pair, most, corruption, config.seed)
    points = study_lib.pixels(train_split)
    signs = _to_signs(train_split.labels)
    for n in sorted(config.n):
      study.add({"n": n, "label_corruption": corruption, **_measure(
          points[:n], signs[:n], test, config.passes)})
  return _summarize(study.rows, most)


def _to_signs(labels):
  return 2 * labels.astype(np.int64) - 1


def _measure(points, signs, test, passes):
  """Returns what a row of metrics.csv says of one training set."""
  trained = train(points, signs, passes)
  weights = trained.coefficients @ points.astype(np.float64)
  test_points, test_signs = test
  # A test image on the hyperplane is given to neither class.
  right = np.sign(test_points.astype(np.float64) @ weights) == test_signs
  scaled = points / 255
  return {
      "mistakes": trained.mistakes,
      "passes": trained.passes,
      "fits": int(trained.fits),
      "radius": float(np.linalg.norm(scaled, axis=1).max()),
      "margin": find_margin(scaled, signs),
      # Of a function that does not fit, the theory says nothing.
      "error_bound": trained.support / len(points) if trained.fits else 1.0,
      "test_error": float(1 - right.mean()),
  }


def _summarize(rows, n):
  """Returns the numbers of result.json."""
  # The theorem is of labels that some linear function has.
  ratios = [row["mistakes"] * (row["margin"] / row["radius"]) ** 2
            for row in rows if row["margin"]]
  last = {f"{row['label_corruption']:g}": row for row in rows if row["n"] == n}
  return {
      "n": n,
      "mistakes_over_bound": max(ratios, default=0.0),
      **{name: {corruption: row[name] for corruption, row in last.items()}
         for name in ("mistakes", "error_bound", "test_error")},
  }

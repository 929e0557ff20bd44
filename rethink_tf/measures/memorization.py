"""Feldman and Zhang's estimates of memorization and influence (2020).

    mem(i)     = P[correct on i | i was seen] - P[correct on i | it was not]
    infl(i, j) = P[correct on test image j | i was seen] - P[... | it was not]

over networks, each trained on a random subset of the examples (their equations
1 and 2, by the estimator of their Section 2.2: one suite of networks serves
all examples). Standard errors are those of a difference of two proportions of
independent networks.
"""

import dataclasses

import numpy as np

# What tells no suite of networks from another: their labels are held against
# each other by hash.
_FREE = ("subset", "label_seed", "eval_every", "record_examples",
         "halve_test_set", "measure_every")
# Feldman and Zhang's, of examples whose influence is looked at.
LEAST_MEMORIZED = 0.25
# Training examples whose influence is computed at a time.
_BLOCK = 500


def suite_of(config, result):
  """Returns what networks that differ in their subset alone have in common.

  They may differ in their seed as well, where labels and pixels do not.

  Args:
    config: the `Config`.
    result: the dict of result.json.

  Returns:
    A hashable value.
  """
  fields = config.as_dict()
  for name in _FREE:
    fields.pop(name, None)
  if config.pixel_randomization == "none":
    del fields["seed"]
  return (*fields.items(), result["label_hash"], result["dataset_fingerprint"])


@dataclasses.dataclass(frozen=True, eq=False)
class Estimates:
  """What is estimated of each of n examples; NaN where no network tells.

  Attributes:
    seen, unseen: int `(n,)`, how many networks saw it, and did not.
    correct_seen, correct_unseen: float64 `(n,)`, the share of those networks
      that are correct on it.
  """

  seen: np.ndarray
  unseen: np.ndarray
  correct_seen: np.ndarray
  correct_unseen: np.ndarray

  @property
  def memorization(self):
    """mem(i): float64 `(n,)`, in [-1, 1]."""
    return self.correct_seen - self.correct_unseen

  @property
  def standard_error(self):
    """Of `memorization`; NaN where fewer than two networks saw it, or not."""
    return _standard_error(
        self.correct_seen, self.seen, self.correct_unseen, self.unseen)


def estimate(seen, correct):
  """Returns the `Estimates` of some examples.

  Args:
    seen: bool `(k, n)`, which examples each of k networks was trained on.
    correct: bool `(k, n)`, which it classifies correctly.
  """
  counts = seen.sum(axis=0), (~seen).sum(axis=0)
  with np.errstate(invalid="ignore"):  # 0 / 0 is NaN.
    shares = ((seen & correct).sum(axis=0) / counts[0],
              (~seen & correct).sum(axis=0) / counts[1])
  return Estimates(*counts, *shares)


@dataclasses.dataclass(frozen=True)
class Pair:
  """A training example and a test image that it has influence on.

  Attributes:
    train, test: their indices.
    influence: infl(train, test).
    standard_error: of the influence.
  """

  train: int
  test: int
  influence: float
  standard_error: float


def find_pairs(seen, test, memorization, most):
  """Returns the pairs of the largest influence, and the least of all pairs.

  Of examples that are memorized by `LEAST_MEMORIZED` or more: one that networks
  are correct on anyhow is none that they need to have seen. Of so many pairs
  the largest is large by chance alone; the least, which nothing but chance has
  made much below zero, says how large.

  Args:
    seen: bool `(k, n)`, as for `estimate`.
    test: bool `(k, m)`, which test images each network classifies correctly.
    memorization: float `(n,)`, mem of the training examples.
    most: how many pairs.

  Returns:
    `(pairs, least)`: a list of `Pair`, the largest influence first, and the
    least influence of any pair; of no pairs `([], nan)`.
  """
  # NaN is not at least anything.
  candidates = np.flatnonzero(memorization >= LEAST_MEMORIZED)
  found, least = [], np.nan
  for start in range(0, len(candidates), _BLOCK):
    examples = candidates[start:start + _BLOCK]
    influence, error = _influence(seen[:, examples], test)
    least = np.fmin(least, np.nanmin(influence))
    best = np.argsort(-influence, axis=None, kind="stable")[:most]
    found += [
        Pair(int(examples[i]), int(j), float(influence[i, j]),
             float(error[i, j]))
        for i, j in zip(*np.unravel_index(best, influence.shape))]
  found.sort(key=lambda pair: -pair.influence)
  return found[:most], float(least)


def _influence(seen, test):
  """Returns infl and its standard error, float64 `(n, m)`, of n examples."""
  saw = seen.T.astype(np.float64)
  right = test.astype(np.float64)
  counts = saw.sum(axis=1)[:, None], (1 - saw).sum(axis=1)[:, None]
  right_seen = saw @ right
  shares = (right_seen / counts[0],
            (right.sum(axis=0) - right_seen) / counts[1])
  return shares[0] - shares[1], _standard_error(
      shares[0], counts[0], shares[1], counts[1])


def _standard_error(one, one_count, other, other_count):
  """Of one proportion less another: sqrt of p (1 - p) / (count - 1), summed."""
  with np.errstate(invalid="ignore", divide="ignore"):
    variance = (one * (1 - one) / np.maximum(one_count - 1, 0)
                + other * (1 - other) / np.maximum(other_count - 1, 0))
  return np.where(np.minimum(one_count, other_count) < 2, np.nan,
                  np.sqrt(variance))

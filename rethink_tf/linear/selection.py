"""Choices compared on held-out training data; the test set is never touched."""

import dataclasses

import numpy as np

from rethink_tf import errors
from rethink_tf.linear import convnet_gram
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import solver
from rethink_tf.linear import status as progress_lib
from rethink_tf.linear import store
from rethink_tf.runs import signals


@dataclasses.dataclass(frozen=True)
class Choice:
  """One combination of flags and how it did.

  Attributes:
    flags: str, those tried.
    errors: held-out error of each fold, fractions.
    norms: minimum norm of each fold's solution.
  """

  flags: str
  errors: tuple[float, ...]
  norms: tuple[float, ...]

  @property
  def mean(self):
    return float(np.mean(self.errors))

  @property
  def standard_error(self):
    return float(np.std(self.errors, ddof=1) / np.sqrt(len(self.errors)))

  def as_row(self):
    """Returns a dict of `COLUMNS`."""
    return {
        "flags": self.flags, "held_out_error": self.mean,
        "standard_error": self.standard_error,
        "min_norm": float(np.mean(self.norms)), "folds": len(self.errors)}


COLUMNS = (
    "flags", "held_out_error", "standard_error", "min_norm", "folds")


def split_into_folds(size, count):
  """Returns `count` pairs of indices, to fit and held out.

  Example i is held out in fold i modulo `count`: datasets are in no order, and
  a fold is then the same whatever else is tried.
  """
  part = np.arange(size) % count
  return [(np.flatnonzero(part != k), np.flatnonzero(part == k))
          for k in range(count)]


def group_by_gram(choices):
  """Returns lists of those choices that each fold's Gram matrix serves.

  They differ in l2 only, or with random filters, whose dot products are what
  takes long, in the kernel of these too. Not without l2 and with it: equal
  images are left out in one case only.

  Args:
    choices: iterable of `(flags, LinearConfig)`.
  """
  groups = {}
  for flags, config in choices:
    shared = dataclasses.replace(config, l2=float(config.l2 > 0))
    if config.preprocessing == "random_convnet":
      shared = dataclasses.replace(shared, kernel="", bandwidth=None)
    groups.setdefault(shared, []).append((flags, config))
  return list(groups.values())


def evaluate(choices, data, count, progress):
  """Cross-validates configs that share each fold's Gram matrix.

  Args:
    choices: a list of `group_by_gram`.
    data: `problem.Problem`; its test examples are not looked at.
    count: number of folds.
    progress: `status.Progress`.

  Returns:
    A list of each choice's `Choice`, or of the `DivergedError` of its first
    fold that could not be solved.
  """
  outcomes = [[] for _ in choices]
  progress.begin(f"{count} folds")
  folds = split_into_folds(len(data.images), count)
  for index, (fitted, held_out) in enumerate(folds):
    part = dataclasses.replace(
        data, images=data.images[fitted], labels=data.labels[fitted],
        test_images=data.images[held_out], test_labels=data.labels[held_out])
    shared = _build_gram(choices[0][1], part)
    for number, (_, config) in enumerate(choices):
      if isinstance(outcomes[number], errors.DivergedError):
        continue
      gram = shared.with_kernel(problem_lib.kernel(config))
      try:
        outcomes[number].append(_solve(config, part, gram))
      except errors.DivergedError as error:
        outcomes[number] = error
    progress.update((index + 1) / count)
  progress.end()
  return [
      results if isinstance(results, errors.DivergedError)
      else Choice(flags, *zip(*results))
      for (flags, _), results in zip(choices, outcomes)]


def choose_best(choices):
  """Returns the choice of least held-out error; the first of equal ones."""
  return min(choices, key=lambda choice: choice.mean)


def solve(config, data):
  """Returns `(error on data's test images, norm)`; keeps nothing on disk.

  Args:
    config: `LinearConfig`.
    data: `problem.Problem`.

  Raises:
    DivergedError: the tolerance was not reached.
  """
  return _solve(config, data, _build_gram(config, data))


def _build_gram(config, data):
  if config.preprocessing != "random_convnet":
    return problem_lib.gram_of_points(config, data)
  return convnet_gram.build(
      config, data, convnet_gram.Keeper(None, 1), signals.Stop(),
      progress_lib.Quiet())


def _solve(config, data, gram):
  solution = solver.solve(
      gram, data.targets, config.l2, config.solver, config.tolerance,
      config.seed, store.Nowhere(), progress_lib.Quiet())
  scores = gram.test_times(solution.coefficients)
  wrong = scores.argmax(axis=1) != data.test_labels
  return float(wrong.mean()), solution.norm

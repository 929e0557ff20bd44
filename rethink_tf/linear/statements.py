"""Section 5's statements, measured on a dataset."""

import dataclasses
import time

import numpy as np
from scipy import linalg

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.linear import fourier
from rethink_tf.linear import kernels
from rethink_tf.linear import memory
from rethink_tf.linear import minimum_norm
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import status as progress_lib
from rethink_tf.runs import environment

# Of the random centers to the training examples.
_CENTERS = 2
# Of l2 to the mean of the Gram matrix's diagonal.
_PENALTIES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
# Of SGD's linear model: more than examples.
_FEATURES = 2000
# SGD's distances that are kept: every epoch would be a long list.
_DISTANCES = 21


@dataclasses.dataclass(frozen=True, eq=False)
class _Data:
  """Points and targets in float64.

  Attributes:
    points, test_points: `(n, d)`, `(m, d)`.
    targets: one-hot `(n, k)`.
    labels, test_labels: `(n,)`, `(m,)`.
    kernel: `kernels.Kernel`.
  """

  points: np.ndarray
  test_points: np.ndarray
  targets: np.ndarray
  labels: np.ndarray
  test_labels: np.ndarray
  kernel: kernels.Kernel


def run(config, options, directory):
  """Measures each statement, and records that in a run directory.

  Args:
    config: the `Section5Config`.
    options: the `Section5Options`.
    directory: the `RunDirectory`, claimed.

  Returns:
    The dict of result.json: "sgd", "curvature", "solutions" and "path" have the
    statements' numbers.

  Raises:
    DataError: the data cannot be had.
    DivergedError: a Gram matrix is singular.
    StorageError: the matrices do not fit into memory.
    UsageError: the directory holds a run of another config.
  """
  begun = time.monotonic()
  memory.require(
      memory_gb(config), options.memory_gb,
      f"measuring on {config.examples:,} examples", "fewer --train_examples")
  problem = problem_lib.load(config, options.data_dir)
  directory.begin(
      {**config.as_dict(), "dataset_fingerprint": problem.fingerprint},
      environment.describe(options, None), options.overwrite)
  with progress_lib.Progress() as progress:
    measured = measure(config, problem, progress)
  sgd = measured["sgd"]
  directory.write_metrics(
      [{"epoch": epoch, "distance": distance}
       for epoch, distance in zip(sgd["epochs"], sgd["distances"])],
      ("epoch", "distance"))
  result = {
      "status": "done", "dataset": config.dataset,
      "n": config.examples, "test_examples": config.test_examples,
      **measured, "seed": config.seed,
      "wall_seconds": round(time.monotonic() - begun, 3),
      "dataset_fingerprint": problem.fingerprint}
  directory.write_result(result)
  return result


def measure(config, problem, progress):
  """Returns what was measured of each statement, as JSON can hold it.

  Args:
    config: the `Section5Config`.
    problem: the `problem.Problem`.
    progress: a `status.Progress`.
  """
  data = _prepare(config, problem, config.test_examples)
  linear = _map_features(data, config)
  measured = {}
  for name, part in (
      ("sgd", lambda: _measure_sgd(*linear, config)),
      ("curvature", lambda: _measure_curvature(*linear, config)),
      ("solutions", lambda: _compare_solutions(data, config.seed)),
      ("path", lambda: _measure_path(data))):
    progress.begin(name)
    try:
      measured[name] = part()
    except linalg.LinAlgError as error:
      raise errors.DivergedError(
          f"{name}: a Gram matrix is singular ({error}). A smaller --bandwidth "
          "or fewer --train_examples makes it less so") from error
    progress.end()
  return measured


def memory_gb(config):
  """Returns an estimate, from above, of the peak memory of a run, in GB."""
  count = config.examples
  both = count + config.test_examples
  # What LAPACK solves with, and the copies it works on.
  entries = 3 * (count * _CENTERS * count) + 4 * max(both**2, 2 * count**2)
  return 1 + 8 * entries / memory.GB


def _prepare(config, problem, tests):
  train, test = (
      problem_lib.points(config, images).astype(np.float64)
      for images in (problem.images, problem.test_images[:tests]))
  return _Data(train, test, problem.targets, problem.labels,
               problem.test_labels[:tests], problem_lib.kernel(config))


def _map_features(data, config):
  """Returns X and Y of SGD's model: random features of the kernel, d > n."""
  x = data.points[:config.sgd_examples]
  count = max(_FEATURES, 2 * len(x))
  x = fourier.features(x, data.kernel.bandwidth, count, config.seed)
  return x, data.targets[:config.sgd_examples]


def _measure_sgd(x, y, config):
  """SGD from zero on squared loss: how near to the minimum-norm solution."""
  least = minimum_norm.minimum_norm(x, y)
  shown = set(np.linspace(
      0, config.sgd_epochs, _DISTANCES).round().astype(int).tolist())
  epochs, distances = [], []

  def note(w):
    epoch = len(seen)
    seen.append(epoch)
    if epoch in shown:
      epochs.append(epoch)
      distances.append(minimum_norm.distance(w, least))

  seen = []
  w = minimum_norm.sgd(x, y, config.sgd_epochs, config.seed, on_epoch=note)
  return {
      "examples": len(x), "features": x.shape[1], "epochs": epochs,
      "distances": distances, "outside_span": minimum_norm.outside_span(x, w),
      "residual": minimum_norm.distance(x @ w, y),
      "norm": float(np.linalg.norm(w)),
      "minimum_norm": float(np.linalg.norm(least)),
      "distance_to_kernel_solution": minimum_norm.distance(
          minimum_norm.kernel_solution(x, y), least),
  }


def _measure_curvature(x, y, config):
  """The Hessian along a random direction at two global minima."""
  # The first class that occurs: all minima of another's zeros are zero.
  y = y[:, np.argmax(y.any(axis=0))]
  seed = config.seed
  least = minimum_norm.minimum_norm(x, y)
  other = minimum_norm.another_solution(x, y, seed)
  formula = minimum_norm.hessian_at_minimum(x, 2 * np.ones(len(x)))
  direction = streams.uniform(x.shape[1], seed, "direction") - 0.5
  expected = formula @ direction
  return {
      "examples": len(x), "weights": x.shape[1],
      "rank": int(np.linalg.matrix_rank(x)),
      "null_directions": int(minimum_norm.null_directions(formula)),
      "distance_of_minima": minimum_norm.distance(other, least),
      "differences": [
          minimum_norm.distance(
              minimum_norm.curvature_along(x, y, w, direction), expected)
          for w in (least, other)],
      "difference_elsewhere": minimum_norm.distance(
          minimum_norm.curvature_along(x, y, least + direction, direction),
          expected),
  }


def _compare_solutions(data, seed):
  """Norms and errors of the minimum-norm solution and of two others."""
  train = kernels.matrix(data.kernel, data.points, data.points)
  cross = kernels.matrix(data.kernel, data.test_points, data.points)
  alpha = linalg.solve(train, data.targets, assume_a="pos")
  norm = float(np.sqrt(np.sum(alpha * (train @ alpha))))
  solutions = {"minimum_norm": _measure_solution(
      data, norm, train @ alpha, cross @ alpha)}

  centers, c, norm = minimum_norm.random_centers(
      data.points, data.targets, data.kernel, _CENTERS * len(data.points), seed)
  solutions["random_centers"] = _measure_solution(
      data, norm, kernels.matrix(data.kernel, data.points, centers) @ c,
      kernels.matrix(data.kernel, data.test_points, centers) @ c)

  classes = data.targets.shape[1]
  drawn = streams.integers(
      len(data.test_points), classes, seed, "labels_on_test")
  alpha, norm = minimum_norm.labels_on_test(
      data.points, data.targets, data.test_points, np.eye(classes)[drawn],
      data.kernel)
  both = np.concatenate([data.points, data.test_points])
  fitted, predicted = (
      kernels.matrix(data.kernel, p, both) @ alpha
      for p in (data.points, data.test_points))
  solutions["labels_on_test"] = _measure_solution(data, norm, fitted, predicted)
  return solutions


def _measure_path(data):
  """Norms and errors for each l2."""
  train = kernels.matrix(data.kernel, data.points, data.points)
  cross = kernels.matrix(data.kernel, data.test_points, data.points)
  penalties = [p * float(np.diagonal(train).mean()) for p in _PENALTIES]
  path = minimum_norm.ridge_path(train, cross, data.targets, penalties)
  return [{"l2": penalty, **_measure_solution(data, *point)}
          for penalty, point in zip(penalties, path)]


def _measure_solution(data, norm, fitted, predicted):
  return {
      "norm": norm,
      "residual": minimum_norm.distance(fitted, data.targets),
      "train_error": float(np.mean(fitted.argmax(axis=1) != data.labels)),
      "test_error": float(
          np.mean(predicted.argmax(axis=1) != data.test_labels)),
  }

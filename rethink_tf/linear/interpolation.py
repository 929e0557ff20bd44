"""One linear model, from a LinearConfig to result.json."""

import time

import numpy as np

from rethink_tf.linear import convnet_gram
from rethink_tf.linear import memory
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import solver
from rethink_tf.linear import status as progress_lib
from rethink_tf.linear import store as store_lib
from rethink_tf.runs import clock as clock_lib
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import environment
from rethink_tf.runs import storage
from rethink_tf.runs import usage

METRICS_COLUMNS = ("iteration", "relative_residual")
_SECONDS_BETWEEN_STATES = 5


def run(config, options, directory, stop):
  """Solves, measures, and records one linear model in its run directory.

  Args:
    config: the `LinearConfig`.
    options: the `LinearOptions`.
    directory: the `RunDirectory`, claimed.
    stop: the `signals.Stop` that may ask to stop.

  Returns:
    The dict of result.json.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  problem = problem_lib.load(config, options.data_dir)
  directory.begin(
      {**config.as_dict(), "label_hash": problem.label_hash,
       "dataset_fingerprint": problem.fingerprint},
      environment.describe(options, None), options.overwrite)
  folder = directory.checkpoints if options.checkpoint else None
  clock = clock_lib.Clock(folder and folder / "clock.npz", directory.identity)
  if folder:
    _require_disk(config, directory)
  keeper = convnet_gram.Keeper(
      folder, options.checkpoint_minutes, clock.save, directory.identity)
  with progress_lib.Progress() as progress:
    gram = _build_gram(config, problem, keeper, stop, progress)
    solution = solver.solve(
        gram, problem.targets, config.l2, config.solver, config.tolerance,
        config.seed, _open_store(folder, clock, directory.identity), progress)
    progress.begin("test examples")
    scores = gram.test_times(solution.coefficients, progress.update)
    progress.end()
  directory.write_metrics(solution.rows, METRICS_COLUMNS)
  result = _summarize(config, problem, solution, scores, clock)
  directory.write_result(result)
  run_directory.remove_files(directory.checkpoints)
  return result


def error_rate(scores, labels):
  """Returns the fraction of examples whose largest score is another class's.

  Args:
    scores: `(n, classes)`.
    labels: `(n,)`.
  """
  return float(np.mean(scores.argmax(axis=1) != labels))


def _build_gram(config, problem, keeper, stop, progress):
  if config.preprocessing != "random_convnet":
    return problem_lib.gram_of_points(config, problem)
  return convnet_gram.build(config, problem, keeper, stop, progress)


def _open_store(folder, clock, run):
  if folder is None:
    return store_lib.Nowhere()
  last = [-np.inf]

  def is_due():
    now = time.monotonic()
    if now - last[0] < _SECONDS_BETWEEN_STATES:
      return False
    last[0] = now
    return True

  return store_lib.Store(folder, is_due, clock.save, run)


def _require_disk(config, directory):
  """Refuses to begin what could not be kept on disk."""
  storage.make_folder(directory.checkpoints)
  there = sum(p.stat().st_size for p in directory.checkpoints.iterdir())
  memory.require_disk(
      problem_lib.disk_gb(config) - there / memory.GB, directory.path,
      "--nocheckpoint keeps nothing, and a stopped run then begins anew")


def _summarize(config, problem, solution, scores, clock):
  return {
      "status": "done",
      "dataset": config.dataset,
      "n": problem.examples,
      "kernel": config.kernel,
      "bandwidth": config.bandwidth,
      "l2": config.l2,
      "train_error": error_rate(solution.fitted, problem.labels),
      "test_error": error_rate(scores, problem.test_labels),
      "relative_residual": solution.relative_residual,
      "min_norm": solution.norm,
      "condition_estimate": solution.condition_estimate,
      "peak_memory_gb": round(usage.peak_memory_gb(), 3),
      "wall_seconds": round(clock.seconds(), 3),
      "seed": config.seed,
      "dataset_fingerprint": problem.fingerprint,
  }

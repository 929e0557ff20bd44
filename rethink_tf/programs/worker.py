"""What a worker does around its part of a run; `program` is for one alone.

Only the chief, worker 0, owns the run directory and writes there. The others
read checkpoints from it, so that it lies where all of them see it.
"""

import contextlib
import os
import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.distributed import cluster as cluster_lib
from rethink_tf.distributed import link as link_lib
from rethink_tf.distributed import secret as secret_lib
from rethink_tf.distributed import slurm
from rethink_tf.programs import libraries
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals


class _ReadOnlyDirectory(run_directory.RunDirectory):
  """The run directory for the other workers, which write nothing there."""

  def begin(self, config, environment, overwrite, extend=False):
    pass

  def write_metrics(self, rows, columns=run_directory.METRICS_COLUMNS):
    pass

  def write_result(self, values):
    pass


def main(parsed, compute, summarize, introduce):
  """Runs a program as `common.main` does, as one worker of several.

  The last line that each worker prints names the weights.

  Args:
    parsed: `(config, options)`.
    compute: as for `common.main`, with the `Link` as its last argument.
    summarize, introduce: as for `common.main`; the chief prints them.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  code = errors.exit_code_of(
      lambda argv: _main(parsed, compute, summarize, introduce), ())
  if code:
    # TensorFlow's own shutdown would wait for workers that are gone.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _main(parsed, compute, summarize, introduce):
  config, options = parsed
  cluster = cluster_lib.read_environment(os.environ)
  # Errors of collectives that others' ends break are told in one line here.
  libraries.prepare(level=3)
  stop = signals.Stop()
  with stop.on_signals():
    if cluster is None:
      cluster = ask_scheduler(options)
    if config.batch_size % len(cluster):
      raise errors.UsageError(
          f"--batch_size: expected a multiple of {len(cluster)}, the number of "
          f"workers. Received: {config.batch_size}")
    with _join(cluster, config, options) as link:
      datasets.check_available(config.dataset, options.data_dir)
      with _open_directory(options, link) as directory:
        result = _find_earlier_result(config, options, directory, link)
        if result and cluster.is_chief:
          print(f"{directory.path} holds this run, done; --overwrite does it "
                "anew")
        elif cluster.is_chief:
          print(introduce(config, options), flush=True)
        result = result or compute(config, options, directory, stop, link)
        if cluster.is_chief:
          print(summarize(config, options, result), flush=True)
        link.exchange(None)
  print(f"worker {cluster.index} weights_sha256={result['weights_sha256']}",
        flush=True)


def _join(cluster, config, options):
  """Returns the `Link` to all workers, which are there and agree."""
  key = options.logdir / run_directory.WORKERS_KEY
  with secret_lib.share(cluster, key, os.environ) as secret:
    return link_lib.join(
        cluster, config.as_dict(), options.worker_timeout, secret)


def ask_scheduler(options):
  """Returns the `Cluster` that SLURM or Kubernetes has made.

  Args:
    options: the `Options`.

  Raises:
    UsageError: the scheduler's variables do not say enough.
    StoppedError: workers did not come.
  """
  if cluster_lib.SLURM in os.environ:
    return slurm.resolve(os.environ, options.port_base)
  # Imports TensorFlow, whose resolver it asks.
  from rethink_tf.distributed import pods  # noqa: PLC0415

  return pods.resolve(os.environ, options.worker_timeout, options.port_base)


def _open_directory(options, link):
  """Returns a context with the run directory, claimed by the chief."""
  if link.cluster.is_chief:
    return run_directory.claim(options.logdir, show_done=True)
  return contextlib.nullcontext(_ReadOnlyDirectory(options.logdir))


def _find_earlier_result(config, options, directory, link):
  """Returns the same run's result, on all workers; None if it is not done."""
  result = None
  if link.cluster.is_chief:
    result = directory.earlier_result(
        config.as_dict(), options.resume, options.overwrite, options.extend)
  return link.exchange(
      result, lambda other: other is None or isinstance(other, dict))[0]

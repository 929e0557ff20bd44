"""What every program of this folder does around its work.

    config.json       all that determines the result
    environment.json  versions, machine, revision, paths
    metrics.csv       the rows that the result sums up
    checkpoints/      what a stopped run goes on from
    SHA256SUMS, result.json

A signal ends a program at once; of the network in training, at most the last
`--checkpoint_minutes` are done again. What takes seconds starts anew.
"""

import logging
import os

from rethink_tf import errors
from rethink_tf import run_directory
from rethink_tf import signals
from rethink_tf.data import datasets


def main(parsed, compute, summarize):
  """Runs a program from its flags to result.json, or shows what is done.

  Args:
    parsed: `(config, options)`, as `config.parse_...` returns them.
    compute: a function of (config, options, directory) that does the work,
      records it in the `RunDirectory` and returns the dict of result.json.
    summarize: a function of (config, result) that returns text.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  config, options = parsed
  dataset = config.as_dict().get("dataset")
  if dataset:
    datasets.check_available(dataset, options.data_dir)
  stop = signals.Stop()
  with run_directory.claim(options.logdir) as directory, stop.on_signals():
    result = _earlier_result(config, options, directory)
    if result:
      print(f"{directory.path} holds this run, done; --overwrite does it anew")
    else:
      _silence_libraries()
      result = compute(config, options, directory)
    print(summarize(config, result))
    print(f"\nRun directory: {options.logdir}", flush=True)


def _earlier_result(config, options, directory):
  """Returns the result of the same run, done before, or None."""
  if options.overwrite or directory.recorded_config() is None:
    return None
  if not options.resume:
    raise errors.UsageError(
        f"--noresume: {directory.path} holds a run. Choose another --logdir, "
        "or --overwrite to start anew")
  directory.refuse_changes(config.as_dict())
  return directory.result()


def _silence_libraries():
  """Drops notes on a build of TensorFlow and on Matplotlib's font cache."""
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
  logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)

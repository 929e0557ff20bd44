"""What every program that makes a run directory does around its work."""

from rethink_tf.data import datasets
from rethink_tf.programs import libraries
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals


def main(parsed, compute, summarize, introduce=None):
  """Runs a program from its flags to result.json, or shows what is done.

  Args:
    parsed: `(config, options)`, as a function `parse...` returns them.
    compute: a function of (config, options, directory, stop) that does the
      work, records it in the `RunDirectory`, saves and raises where the
      `signals.Stop` asks it to, and returns the dict of result.json.
    summarize: a function of (config, options, result) that returns text.
    introduce: a function of (config, options) that returns what to say before
      the work, or None.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  config, options = parsed
  dataset = config.as_dict().get("dataset")
  if dataset:
    datasets.check_available(dataset, options.data_dir)
  stop = signals.Stop()
  claimed = run_directory.claim(options.logdir, show_done=True)
  with claimed as directory, stop.on_signals():
    result = directory.earlier_result(
        config.as_dict(), options.resume, options.overwrite, options.extend)
    if result:
      print(f"{directory.path} holds this run, done; --overwrite does it anew")
    else:
      if introduce:
        print(introduce(config, options), flush=True)
      libraries.prepare()
      result = compute(config, options, directory, stop)
    print(summarize(config, options, result), flush=True)

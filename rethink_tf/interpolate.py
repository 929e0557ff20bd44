"""Fits training data exactly with a kernel, as Table 3 does; see --help."""

import sys

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import run_directory
from rethink_tf import signals
from rethink_tf.data import datasets
from rethink_tf.linear import problem
from rethink_tf.linear import summary


def main(argv):
  config, options = config_lib.parse_interpolate(argv[1:])
  datasets.check_available(config.dataset, options.data_dir)
  stop = signals.Stop()
  with run_directory.claim(options.logdir) as directory, stop.on_signals():
    result = directory.earlier_result(
        config.as_dict(), options.resume, options.overwrite)
    if result:
      print(f"{directory.path} holds this run, done; --overwrite solves it anew")
    else:
      problem.require_memory(config, options.memory_gb)
      # Imported once everything that can be refused early was.
      from rethink_tf.linear import interpolation  # pylint: disable=g-import-not-at-top

      result = interpolation.run(config, options, directory, stop)
    print(summary.of_run(config, options, result), flush=True)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Trains one network on true or on random labels; see --help."""

import logging
import os
import sys

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import run_directory
from rethink_tf import signals
from rethink_tf import summary
from rethink_tf.data import datasets


def main(argv):
  config, options = config_lib.parse(argv[1:])
  datasets.check_available(config.dataset, options.data_dir)
  stop = signals.Stop()
  with run_directory.claim(options.logdir) as directory, stop.on_signals():
    result = directory.earlier_result(
        config.as_dict(), options.resume, options.overwrite)
    if result:
      print(f"{directory.path} holds this run, done; --overwrite trains it anew")
    else:
      _silence_libraries()
      # Imported once everything that can be refused early was.
      from rethink_tf.training import experiment  # pylint: disable=g-import-not-at-top

      result = experiment.run(config, options, directory, stop)
    print(summary.of_run(config, options, result), flush=True)


def _silence_libraries():
  """Drops notes on a build of TensorFlow and on Matplotlib's font cache."""
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
  logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

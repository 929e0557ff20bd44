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
  if options.preview:
    _preview(config, options)
    return
  stop = signals.Stop()
  with run_directory.claim(options.logdir) as directory, stop.on_signals():
    result = _earlier_result(config, options, directory)
    if result:
      print(f"{directory.path} holds this run, done; --overwrite trains it anew")
    else:
      _silence_libraries()
      # Imported once everything that can be refused early was.
      from rethink_tf.training import experiment  # pylint: disable=g-import-not-at-top

      result = experiment.run(config, options, directory, stop)
    print(summary.of_run(config, options, result), flush=True)


def _preview(config, options):
  """Draws what the modifications of Section 2.1 do, and trains nothing."""
  _silence_libraries()
  from rethink_tf.data import preview  # pylint: disable=g-import-not-at-top

  with run_directory.claim(options.logdir) as directory:
    path = directory.path / "preview.png"
    preview.figure(config, options.data_dir).savefig(path)
  print(f"wrote {path}")


def _silence_libraries():
  """Drops notes on a build of TensorFlow and on Matplotlib's font cache."""
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
  logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _earlier_result(config, options, directory):
  """Returns the result of the same run, done before, or None.

  Raises:
    UsageError: the directory holds a run that is not to be touched.
  """
  if options.overwrite or directory.recorded_config() is None:
    return None
  if not options.resume:
    raise errors.UsageError(
        f"--noresume: {directory.path} holds a run. Choose another --logdir, "
        "or --overwrite to start anew")
  directory.refuse_changes(config.as_dict())
  return directory.result()


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Trains one network on true or on random labels; see --help."""

import os
import sys

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import run_directory
from rethink_tf import summary
from rethink_tf.data import datasets


def main(argv):
  config, options = config_lib.parse(argv[1:])
  datasets.check_available(config.dataset, options.data_dir)
  with run_directory.claim(options.logdir) as directory:
    result = _finished(config, options, directory)
    if result is None:
      # TensorFlow's notes about its own build are of no use to a reader.
      os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
      # Imported once everything that can be refused early was.
      from rethink_tf.training import experiment  # pylint: disable=g-import-not-at-top

      result = experiment.run(config, options, directory)
    print(summary.of_run(config, options, result), flush=True)


def _finished(config, options, directory):
  """Returns an earlier run's result, and refuses one of another config."""
  if options.overwrite or not options.resume:
    directory.clear()
  recorded = directory.recorded_config()
  if recorded is None:
    return None
  changed = [
      f"--{name} was {recorded.get(name)!r} and is {value!r}"
      for name, value in config.as_dict().items()
      if recorded.get(name) != value]
  if changed:
    raise errors.UsageError(
        f"{directory.path} holds a run with other flags: {'; '.join(changed)}. "
        "Choose another --logdir, or --overwrite to start anew")
  return directory.result()


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Trains one network on true or on random labels; see --help."""

import sys

from rethink_tf import config as config_lib
from rethink_tf import errors
from rethink_tf import program
from rethink_tf import run_directory
from rethink_tf import summary
from rethink_tf import worker
from rethink_tf.data import datasets


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  config, options = config_lib.parse(argv[1:])
  if options.preview:
    _preview(config, options)
  elif options.strategy == "multi_worker":
    worker.main((config, options), _train, summary.of_run)
  else:
    program.main((config, options), _train, summary.of_run)


def _train(config, options, directory, stop, link=None):
  # Imported once everything that can be refused early was.
  from rethink_tf.training import experiment  # pylint: disable=g-import-not-at-top

  return experiment.run(config, options, directory, stop, link)


def _preview(config, options):
  """Draws what the modifications of Section 2.1 do, and trains nothing."""
  datasets.check_available(config.dataset, options.data_dir)
  program.silence_libraries()
  from rethink_tf.data import preview  # pylint: disable=g-import-not-at-top

  with run_directory.claim(options.logdir) as directory:
    path = directory.path / "preview.png"
    preview.figure(config, options.data_dir).savefig(path)
  print(f"wrote {path}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

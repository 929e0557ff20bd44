"""Trains one network on true or on random labels; see --help."""

import io
import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import common
from rethink_tf.programs import library_notes
from rethink_tf.programs import worker
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import summary


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  config, options = training_flags.parse(argv[1:])
  if options.preview:
    _preview(config, options)
  elif options.strategy == "multi_worker":
    worker.main((config, options), _train, summary.summarize_training)
  else:
    common.main((config, options), _train, summary.summarize_training)


def _train(config, options, directory, stop, link=None):
  # Imported once everything that can be refused early was.
  from rethink_tf.training import experiment  # noqa: PLC0415

  return experiment.run(config, options, directory, stop, link)


def _preview(config, options):
  """Draws what the modifications of Section 2.1 do, and trains nothing."""
  datasets.check_available(config.dataset, options.data_dir)
  library_notes.silence()
  from rethink_tf.data import preview  # noqa: PLC0415

  with run_directory.claim(options.logdir) as directory:
    png = io.BytesIO()
    preview.figure(config, options.data_dir).savefig(png, format="png")
    directory.write_preview(png.getvalue())
    print(f"wrote {directory.path / 'preview.png'}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

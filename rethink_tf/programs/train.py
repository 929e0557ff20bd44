"""Trains one network on true or on random labels; see --help."""

import io
import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import asynchronous
from rethink_tf.programs import common
from rethink_tf.programs import libraries
from rethink_tf.programs import worker
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import summary

_SAID = (summary.summarize_training, summary.introduce_training)


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  config, options = training_flags.parse(argv[1:])
  if options.preview:
    _preview(config, options)
  elif options.strategy == "multi_worker":
    worker.main((config, options), _train, *_SAID)
  elif options.strategy == training_flags.ASYNCHRONOUS:
    asynchronous.main((config, options), _train, *_SAID)
  else:
    common.main((config, options), _train, *_SAID)


def _train(config, options, directory, stop, link=None, coordinator=None):
  libraries.require_backend()
  # Imported once everything that can be refused early was.
  from rethink_tf.training import experiment  # noqa: PLC0415

  measure = None
  if config.measure_every:
    from rethink_tf.measures import registry  # noqa: PLC0415

    measure = registry.measure_on_the_way
  return experiment.run(
      config, options, directory, stop, link, measure, coordinator)


def _preview(config, options):
  """Draws what the modifications of Section 2.1 do, and trains nothing."""
  datasets.check_available(config.dataset, options.data_dir)
  libraries.prepare()
  from rethink_tf.data import preview  # noqa: PLC0415

  with run_directory.claim(options.logdir) as directory:
    png = io.BytesIO()
    preview.figure(config, options.data_dir).savefig(png, format="png")
    directory.write_preview(png.getvalue())
    print(f"wrote {directory.path / 'preview.png'}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

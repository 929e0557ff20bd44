"""Fits training data exactly with a kernel, as Table 3 does; see --help."""

import sys

from rethink_tf import errors
from rethink_tf import linear_config
from rethink_tf import program
from rethink_tf.linear import problem
from rethink_tf.linear import summary


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  program.main(
      linear_config.parse_interpolate(argv[1:]), _solve, summary.of_run)


def _solve(config, options, directory, stop):
  problem.require_rank(config)
  problem.require_memory(config, options.memory_gb, options.checkpoint)
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import interpolation  # pylint: disable=g-import-not-at-top

  return interpolation.run(config, options, directory, stop)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

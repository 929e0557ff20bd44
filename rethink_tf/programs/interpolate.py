"""Fits training data exactly with a kernel, as Table 3 does; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import linear as linear_flags
from rethink_tf.linear import problem
from rethink_tf.programs import common
from rethink_tf.runs import summary


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      linear_flags.parse_interpolate(argv[1:]), _solve,
      summary.summarize_interpolation)


def _solve(config, options, directory, stop):
  problem.require_rank(config)
  problem.require_memory(config, options.memory_gb, options.checkpoint)
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import interpolation  # noqa: PLC0415

  return interpolation.run(config, options, directory, stop)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

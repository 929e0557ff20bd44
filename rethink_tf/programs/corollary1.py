"""Fits any labels by Corollary 1's network, at several depths; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      theory_flags.parse_corollary1(argv[1:]), _compute, _summary)


def _compute(config, options, directory, stop):
  del stop  # A signal ends it at once; checkpoints are written on the way.
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import corollary1  # noqa: PLC0415

  return corollary1.run(config, options, directory)


def _summary(config, options, result):
  del config
  return (
      f"\n{result['n']:,} points in {result['d']:,} dimensions, b blocks:\n"
      f"  depth   = b + {result['depth_constant']}\n"
      f"  width  <= n / b + {result['width_constant']}\n"
      f"  weights = 2n + d + {result['weights_per_block']:g} b\n"
      f"  largest error {result['max_abs_error']:.3g}, training accuracy "
      f"{result['train_accuracy']:.2%}\n"
      "  (metrics.csv has a row for each b, and b = 0 for Theorem 1)\n\n"
      f"Run directory: {options.logdir}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Fits any labels by Corollary 1's network, at several depths; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_corollary1(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import corollary1  # noqa: PLC0415

  return corollary1.run(study)


def _describe(config, result):
  del config
  return [
      f"{result['n']:,} points in {result['d']:,} dimensions, b blocks:",
      f"  depth   = b + {result['depth_constant']}",
      f"  width  <= n / b + {result['width_constant']}",
      f"  weights = 2n + d + {result['weights_per_block']:g} b",
      f"  largest error {result['max_abs_error']:.3g}, training accuracy "
      f"{result['train_accuracy']:.2%}",
      "  (metrics.csv has a row for each b, and b = 0 for Theorem 1)"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

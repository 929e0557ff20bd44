"""Shatters points by Theorem 1's network; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      theory_flags.parse_vc_dimension(argv[1:]), _compute, _summary)


def _compute(config, options, directory, stop):
  del stop  # A signal ends it at once; checkpoints are written on the way.
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import vc_dimension  # noqa: PLC0415

  return vc_dimension.run(config, options, directory)


def _summary(config, options, result):
  return (
      f"\n{config.dataset}, d = {result['d']:,}:\n"
      f"  all 2^n labelings fitted up to n = {result['shattered']}\n"
      f"  all labelings tried fitted up to n = {result['fitted']:,} "
      f"({2 * result['fitted'] + result['d']:,} weights)\n"
      f"  largest error {result['max_abs_error']:.3g}\n\n"
      f"Run directory: {options.logdir}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

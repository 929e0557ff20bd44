"""Shatters points by Theorem 1's network; see --help."""

import sys

from rethink_tf import errors
from rethink_tf import theory_config
from rethink_tf.theory import program


def main(argv):
  parsed = theory_config.parse_vc_dimension(argv[1:])
  program.main(parsed, _compute, _summary)


def _compute(config, options, directory):
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import vc_dimension  # pylint: disable=g-import-not-at-top

  return vc_dimension.run(config, options, directory)


def _summary(config, result):
  return (
      f"\n{config.dataset}, d = {result['d']:,}:\n"
      f"  all 2^n labelings fitted up to n = {result['shattered']}\n"
      f"  all labelings tried fitted up to n = {result['fitted']:,} "
      f"({2 * result['fitted'] + result['d']:,} weights)\n"
      f"  largest error {result['max_abs_error']:.3g}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

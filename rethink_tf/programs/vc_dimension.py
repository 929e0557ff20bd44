"""Shatters points by Theorem 1's network; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_vc_dimension(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import vc_dimension  # noqa: PLC0415

  return vc_dimension.run(study)


def _describe(config, result):
  return [
      f"{config.dataset}, d = {result['d']:,}:",
      f"  all 2^n labelings fitted up to n = {result['shattered']}",
      f"  all labelings tried fitted up to n = {result['fitted']:,} "
      f"({2 * result['fitted'] + result['d']:,} weights)",
      f"  largest error {result['max_abs_error']:.3g}"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

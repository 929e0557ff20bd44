"""Holds Lemma 1 against numpy.linalg on random instances; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      theory_flags.parse_lemma1(argv[1:]), _compute, _summary)


def _compute(config, options, directory, stop):
  del stop  # A signal ends it at once; checkpoints are written on the way.
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import lemma1  # noqa: PLC0415

  return lemma1.run(config, options, directory)


def _summary(config, options, result):
  del config
  ratios = result["singular_over_eigenvalue"]
  lines = [
      "",
      f"{result['instances']} instances, all of full rank: "
      f"{result['full_rank']}",
      f"  eigenvalues off the diagonal by at most "
      f"{result['eigenvalue_error']:.2g} of it",
      "  (1 / smallest singular value) / (1 / smallest eigenvalue), at most:",
  ]
  for position, by_n in ratios.items():
    values = ", ".join(f"n = {n}: {ratio:.1f}" for n, ratio in by_n.items())
    lines.append(f"    thresholds at {position} of the gap: {values}")
  lines.append(
      "  ||w|| for random y of norm 1, as a part of the largest possible: up to "
      f"{result['norm_over_inverse_singular']:.2f}")
  return "\n".join([*lines, "", f"Run directory: {options.logdir}"])


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Holds Lemma 1 against numpy.linalg on random instances; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_lemma1(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import lemma1  # noqa: PLC0415

  return lemma1.run(study)


def _describe(config, result):
  del config
  lines = [
      f"{result['instances']} instances, all of full rank: "
      f"{result['full_rank']}",
      f"  eigenvalues off the diagonal by at most "
      f"{result['eigenvalue_error']:.2g} of it",
      "  (1 / smallest singular value) / (1 / smallest eigenvalue), at most:",
  ]
  for position, by_n in result["singular_over_eigenvalue"].items():
    values = ", ".join(f"n = {n}: {ratio:.1f}" for n, ratio in by_n.items())
    lines.append(f"    thresholds at {position} of the gap: {values}")
  return [
      *lines,
      "  ||w|| for random y of norm 1, as a part of the largest possible: "
      f"up to {result['norm_over_inverse_singular']:.2f}"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

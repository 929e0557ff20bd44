"""Estimates a model's Rademacher complexity by training; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_rademacher(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import rademacher  # noqa: PLC0415

  return rademacher.run(study)


def _describe(config, result):
  lines = [f"{result['model']} on {config.dataset}:"]
  for n, mean in result["estimates"].items():
    error = result["standard_errors"][n]
    spread = "" if error is None else f" +- {error:.4f}"
    lines.append(
        f"  n = {int(n):,}: {mean:.4f}{spread} over {result['draws'][n]} "
        f"draws; linear functions of bounded norm: {result['linear'][n]:.4f}")
  return lines


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

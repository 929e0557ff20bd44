"""Estimates a model's Rademacher complexity by training; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      theory_flags.parse_rademacher(argv[1:]), _compute, _summary)


def _compute(config, options, directory, stop):
  del stop  # A signal ends it at once; checkpoints are written on the way.
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import rademacher  # noqa: PLC0415

  return rademacher.run(config, options, directory)


def _summary(config, options, result):
  lines = ["", f"{result['model']} on {config.dataset}:"]
  for n, mean in result["estimates"].items():
    error = result["standard_errors"][n]
    spread = "" if error is None else f" +- {error:.4f}"
    lines.append(
        f"  n = {int(n):,}: {mean:.4f}{spread} over {result['draws'][n]} draws; "
        f"linear functions of bounded norm: {result['linear'][n]:.4f}")
  return "\n".join([*lines, "", f"Run directory: {options.logdir}"])


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

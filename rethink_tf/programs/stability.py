"""Compares training with and without one example replaced; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      theory_flags.parse_stability(argv[1:]), _compute, _summary)


def _compute(config, options, directory, stop):
  del stop  # A signal ends it at once; checkpoints are written on the way.
  # Imported once everything that can be refused early was.
  from rethink_tf.theory import stability  # noqa: PLC0415

  return stability.run(config, options, directory)


def _summary(config, options, result):
  lines = ["", f"{result['model']} on {config.dataset}, n = {result['n']:,}, "
           f"after {result['epochs']} epochs:"]
  for corruption, loss in result["max_loss_difference"].items():
    lines.append(
        f"  label corruption {corruption}: largest loss difference {loss:.4g}, "
        "of a probability "
        f"{result['max_probability_difference'][corruption]:.4g}; "
        "generalization error "
        f"{result['generalization_error'][corruption]:.2%}")
  beta = max(result["max_probability_difference"].values())
  lines.append(
      f"  uniform stability, whatever the labels: at least {beta:.4g} for a loss "
      "in [0, 1]")
  return "\n".join([*lines, "", f"Run directory: {options.logdir}"])


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

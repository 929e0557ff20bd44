"""Compares training with and without one example replaced; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_stability(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import stability  # noqa: PLC0415

  return stability.run(study)


def _describe(config, result):
  lines = [f"{result['model']} on {config.dataset}, n = {result['n']:,}, "
           f"after {result['epochs']} epochs:"]
  for corruption, loss in result["max_loss_difference"].items():
    lines.append(
        f"  label corruption {corruption}: largest loss difference {loss:.4g}, "
        "of a probability "
        f"{result['max_probability_difference'][corruption]:.4g}; "
        "generalization error "
        f"{result['generalization_error'][corruption]:.2%}")
  beta = max(result["max_probability_difference"].values())
  return [
      *lines,
      f"  uniform stability, whatever the labels: at least {beta:.4g} for a "
      "loss in [0, 1]"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

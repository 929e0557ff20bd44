"""Trains the Perceptron, beside what is proved of it; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_perceptron(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import perceptron  # noqa: PLC0415

  return perceptron.run(study)


def _describe(config, result):
  return [
      f"{config.dataset}, classes {config.classes[0]} and {config.classes[1]}, "
      f"n = {result['n']:,}:",
      *(f"  label corruption {corruption}: {mistakes:,} mistakes, test error "
        f"{result['test_error'][corruption]:.2%} (bound "
        f"{result['error_bound'][corruption]:.2%})"
        for corruption, mistakes in result["mistakes"].items()),
      "  mistakes over (R / margin)^2, for each n and labels: at most "
      f"{result['mistakes_over_bound']:.3f}"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

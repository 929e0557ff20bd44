"""Fits fewer and more random features than examples; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(
      double_descent_flags.parse_double_descent(argv[1:]), _measure, _summarize)


def _measure(config, options, directory, stop):
  del stop  # A signal ends it at once: it takes minutes.
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import double_descent  # noqa: PLC0415

  return double_descent.run(config, options, directory)


def _summarize(config, options, result):
  lines = [
      "",
      f"{config.dataset}, {result['n']:,} training examples, "
      f"{min(config.features):,} to {max(config.features):,} random features:"]
  lines += [
      f"  label corruption {peak['label_corruption']:g}, l2 {peak['l2']:g}: "
      f"test loss greatest at {peak['test_loss']:,} features, norm at "
      f"{peak['norm']:,}" for peak in result["peaks"]]
  lines.append("  (metrics.csv has a row for each number of features)")
  return "\n".join([*lines, "", f"Run directory: {options.logdir}"])


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

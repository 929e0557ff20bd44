"""Measures Section 5's statements about linear models; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.programs import common


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  common.main(section5_flags.parse_section5(argv[1:]), _measure, _summarize)


def _measure(config, options, directory, stop):
  del stop  # A signal ends it at once: it takes minutes.
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import statements  # noqa: PLC0415

  return statements.run(config, options, directory)


def _summarize(config, options, result):
  sgd, curvature = result["sgd"], result["curvature"]
  least = result["solutions"]["minimum_norm"]
  lines = [
      "",
      f"{config.dataset}, {result['n']:,} training examples:",
      f"  SGD on {sgd['examples']} of them, {sgd['epochs'][-1]} epochs: "
      f"distance to the minimum-norm solution {sgd['distances'][-1]:.1e}, "
      f"{sgd['outside_span']:.1e} outside the span of the data",
      "  curvature at two minima differs from the formula by at most "
      f"{max(curvature['differences']):.1e}; no curvature in "
      f"{curvature['null_directions']:,} of {curvature['weights']:,} "
      "directions",
      f"  minimum norm {least['norm']:.4g}, test error "
      f"{least['test_error']:.1%}",
  ]
  for name in ("random_centers", "labels_on_test"):
    other = result["solutions"][name]
    lines.append(f"  {name.replace('_', ' ')}: norm {other['norm']:.4g}, "
                 f"test error {other['test_error']:.1%}")
  return "\n".join([*lines, "", f"Run directory: {options.logdir}"])


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

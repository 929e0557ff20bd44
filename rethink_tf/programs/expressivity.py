"""Fits any labels by Theorem 1's network of 2n + d weights; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory

_METHODS = {
    "construction": "the network of Theorem 1",
    "sgd": "a network with one hidden layer, trained by SGD",
}


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_expressivity(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import expressivity  # noqa: PLC0415

  return expressivity.run(study)


def _describe(config, result):
  chance = catalog.DATASETS[config.dataset].chance
  lines = [
      f"{config.dataset}, label corruption {config.label_corruption:g}, "
      f"{result['n']:,} points in {result['d']:,} dimensions:",
      f"  {_METHODS[config.method]}, {result['weights']:,} weights "
      f"(2n + d = {2 * result['n'] + result['d']:,})",
      f"  training accuracy {result['train_accuracy']:8.2%}",
      f"  test accuracy     {result['test_accuracy']:8.2%}   "
      f"(chance: {100 * chance:g}%)",
  ]
  if result["max_abs_error"] is not None:
    lines += [
        f"  largest error     {result['max_abs_error']:.3g}",
        f"  smallest gap      {result['min_gap']:.3g} of the range",
    ]
  return [
      *lines,
      f"  {result['wall_seconds']:.0f} s, {result['peak_memory_gb']:.2f} GB"]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Measures how far inputs lie apart under each modification; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import theory as theory_flags
from rethink_tf.programs import theory
from rethink_tf.runs import wording


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  theory.main(theory_flags.parse_separation(argv[1:]), _run, _describe)


def _run(study):
  from rethink_tf.theory import separation  # noqa: PLC0415

  return separation.run(study)


def _describe(config, result):
  return [
      f"{config.dataset}, {result['n']:,} inputs, mean distances:",
      f"  {'':16}{'same class':>12}{'other class':>13}{'nearest':>9}",
      *(f"  {wording.PIXELS.get(name, 'natural images'):16}{same:12.2f}"
        f"{result['other_class'][name]:13.2f}{result['nearest'][name]:9.2f}"
        for name, same in result["same_class"].items())]


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

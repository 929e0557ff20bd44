"""Measures Section 5's statements about linear models; see --help."""

import sys

from rethink_tf import errors
from rethink_tf import linear_config
from rethink_tf import signals
from rethink_tf import storage
from rethink_tf.data import datasets
from rethink_tf.linear import claims
from rethink_tf.linear import progress


def main(argv):
  options = linear_config.parse_section5(argv[1:])
  datasets.check_available(options.config.dataset, options.data_dir)
  with signals.Stop().on_signals():
    # Imported once everything that can be refused early was.
    from rethink_tf.linear import statements  # pylint: disable=g-import-not-at-top

    measured = statements.measure(options, progress.Progress())
    options.out.mkdir(parents=True, exist_ok=True)
    storage.write_json(options.out / "section5.json", measured)
  for claim in claims.of_section5(measured):
    print(f"\n{claim.statement}\n  {claim.measured}\n  "
          f"{'holds' if claim.holds else 'does not hold'}")
  print(f"\nAll that was measured: {options.out / 'section5.json'}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

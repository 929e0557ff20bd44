"""Writes tables and figures beside the paper's, from runs; see --help."""

import os
import sys

from rethink_tf import errors
from rethink_tf.flags import suites as suite_flags
from rethink_tf.reporting import ledger
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.runs import storage


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = suite_flags.parse_report(argv[1:])
  page = options.readme and pages.read(options.readme)
  runs, left_out, damaged = runs_lib.find(options.runs)
  for message in damaged:
    print(f"warning: {_in_a_line(message)}", file=sys.stderr)
  for message in left_out:
    print(_in_a_line(message))
  if options.claims:
    print(ledger.as_text(runs))
    return 0
  for message in pages.left_out(runs):
    print(message)
  written = pages.write(runs, options.out)
  print(f"wrote to {options.out}: {', '.join(written)}")
  if options.readme:
    _write_readme(runs, options, page)
  # The rest of the report is there; what could not be read is not.
  return errors.StorageError.exit_code if damaged else 0


def _in_a_line(message):
  """Returns a message in one line, whatever a folder is called."""
  return "".join(c if c.isprintable() else "?" for c in message)


def _write_readme(runs, options, page):
  figures = os.path.relpath(options.out, options.readme.parent)
  text, names = pages.with_sections(page, pages.sections(runs, figures))
  storage.write_text(options.readme, text)
  print(f"wrote these sections of {options.readme}: {', '.join(names)}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

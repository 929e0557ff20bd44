"""Writes tables, figures and a page from runs; see --help."""

import io
import os
import sys

from rethink_tf import errors
from rethink_tf.data import preview
from rethink_tf.flags import suites as suite_flags
from rethink_tf.reporting import ledger
from rethink_tf.reporting import pages
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.reporting import sweep as sweep_lib
from rethink_tf.reporting import web_page
from rethink_tf.runs import commands
from rethink_tf.runs import storage

# The dataset that every installation has.
_AT_HAND = "digits"


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
  if not (runs.of_training() or runs.others() or left_out or damaged):
    print(f"no runs below {_in_a_line(str(options.runs))}; to make some: "
          + commands.shell_line("reproduce", ["--suite=smoke"]))
    return 0
  sweep = options.x and sweep_lib.of(runs, options.x, options.y, options.by)
  if sweep and sweep.note:
    print(sweep.note)
  not_shown = pages.left_out(runs)
  for message in not_shown:
    print(message)
  files = pages.files(runs) | (sweep.files() if sweep else {})
  address = options.out / web_page.NAME
  files[web_page.NAME] = web_page.as_html(
      runs, address, str(options.runs), files, problems=damaged,
      left_out=[*left_out, *not_shown], grids=_grids(runs, options.runs),
      sweep=sweep).encode(errors="backslashreplace")
  pages.write(files, options.out)
  print(f"wrote to {options.out}: {', '.join(files)}")
  print(f"open {address.absolute().as_uri()}")
  if options.readme:
    _write_readme(runs, options, page)
  # The rest of the report is there; what could not be read is not.
  return errors.StorageError.exit_code if damaged else 0


def _in_a_line(message):
  """Returns a message in one line, whatever a folder is called."""
  return "".join(c if c.isprintable() else "?" for c in message)


def _grids(runs, folder):
  """Returns `(PNG, title)` of pictures of the modifications, where data is.

  That of the digits is drawn; those of other datasets were, by a run.
  """
  grids = web_page.grids_below(folder)
  # Of a labels_file, a config has the hash alone.
  of_digits = [run.config for run in runs.of_training()
               if run.config.dataset == _AT_HAND and not run.config.labels_file]
  if of_digits:
    png = io.BytesIO()
    preview.figure(of_digits[0], None).savefig(png, format="png")
    grids.insert(0, (
        png.getvalue(), "The first digits under each modification; red: not "
        "the true label"))
  return grids


def _write_readme(runs, options, page):
  figures = os.path.relpath(options.out, options.readme.parent)
  text, names = pages.with_sections(page, pages.sections(runs, figures))
  storage.write_text(options.readme, text)
  print(f"wrote these sections of {options.readme}: {', '.join(names)}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

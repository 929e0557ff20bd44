"""Compares bandwidths and other choices on training data; see --help."""

import csv
import io
import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import selection as selection_flags
from rethink_tf.linear import problem
from rethink_tf.linear import status
from rethink_tf.runs import signals
from rethink_tf.runs import storage


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = selection_flags.parse_select(argv[1:])
  for _, config in options.choices:
    datasets.check_available(config.dataset, options.data_dir)
    problem.require_memory(config, options.memory_gb, checkpoint=False)
  try:
    options.out.mkdir(parents=True, exist_ok=True)
  except OSError as error:
    raise errors.UsageError(
        f"--out: {options.out} cannot be made: {error.strerror}") from error
  with signals.Stop().on_signals():
    _compare(options)


def _compare(options):
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import selection  # noqa: PLC0415

  done = []
  for group in selection.sharing_a_gram(options.choices):
    data = problem.load(group[0][1], options.data_dir)
    outcomes = selection.evaluate(
        group, data, options.folds, status.Progress())
    for (flags, _), found in zip(group, outcomes):
      name = flags or "as given"
      if isinstance(found, errors.DivergedError):
        print(f"{name}: {found}", flush=True)
        continue
      done.append(found)
      print(f"{name}: held-out error {found.mean:.2%} "
            f"± {found.standard_error:.2%}, norm {found.as_row()['min_norm']:.4g}",
            flush=True)
      _write(options.out, done, selection.COLUMNS)
  if not done:
    raise errors.DivergedError("none of the choices could be solved")
  print(f"least held-out error: {selection.best(done).flags or 'as given'}\n"
        f"Table: {options.out / 'selection.csv'}")


def _write(folder, choices, columns):
  text = io.StringIO()
  writer = csv.DictWriter(text, columns, lineterminator="\n")
  writer.writeheader()
  writer.writerows(choice.as_row() for choice in choices)
  storage.write_text(folder / "selection.csv", text.getvalue())


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Compares bandwidths and other choices on training data; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import selection as selection_flags
from rethink_tf.linear import problem
from rethink_tf.linear import status
from rethink_tf.programs import libraries
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
  libraries.prepare()
  with signals.Stop().on_signals():
    _compare(options)


def _compare(options):
  """Cross-validates every choice; the table grows by a row for each."""
  # Imported once everything that can be refused early was.
  from rethink_tf.linear import selection  # noqa: PLC0415

  table = options.out / "selection.csv"
  solved = []
  for group in selection.group_by_gram(options.choices):
    data = problem.load(group[0][1], options.data_dir)
    with status.Progress() as progress:
      outcomes = selection.evaluate(group, data, options.folds, progress)
    for (flags, _), outcome in zip(group, outcomes):
      print(_describe(flags, outcome), flush=True)
      if not isinstance(outcome, errors.DivergedError):
        solved.append(outcome)
        storage.write_text(table, storage.csv_text(
            selection.COLUMNS, [choice.as_row() for choice in solved]))
  if not solved:
    raise errors.DivergedError("none of the choices could be solved")
  best = selection.choose_best(solved)
  print(f"least held-out error: {best.flags or 'as given'}\n"
        f"Table: {table}")


def _describe(flags, outcome):
  """Returns a line on a `selection.Choice`, or why there is none."""
  name = flags or "as given"
  if isinstance(outcome, errors.DivergedError):
    return f"{name}: {outcome}"
  return (f"{name}: held-out error {outcome.mean:.2%} "
          f"± {outcome.standard_error:.2%}, "
          f"norm {outcome.as_row()['min_norm']:.4g}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Measures the networks of finished runs: norms, curvature, ...; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.flags import measure as measure_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import libraries
from rethink_tf.runs import directory as run_directory


def main(argv):
  """Runs the program; `errors` has the codes that it ends with.

  A run that cannot be measured is named, and the others are.
  """
  options = measure_flags.parse_measure(argv[1:])
  found = sorted(options.runs.rglob("config.json"))
  if not found:
    raise errors.UsageError(
        f"--runs: expected run directories. Received: none in {options.runs}")
  libraries.require_tensorflow()
  code = 0
  for file in found:
    try:
      print(_measure(file.parent, options.data_dir), flush=True)
    except (errors.DataError, errors.StorageError, errors.UsageError) as error:
      print(f"warning: {error}: not measured", file=sys.stderr, flush=True)
      code = error.exit_code
  return code


def _measure(directory, data_dir):
  """Returns what is to be said of a run, with its measures where it has them.

  Raises:
    RunError: it cannot be measured.
  """
  recorded = run_directory.read_json(directory / "config.json")
  if "program" in recorded:
    return f"{directory}: {recorded['program']}'s, no network's: left out"
  result = run_directory.read_result(directory)
  if result is None:
    return f"{directory} is not done: left out"
  config = _read_config(directory, recorded)
  if config.is_imagenet or config.labels_file:
    kind = "photographs" if config.is_imagenet else "labels of a file"
    return f"{directory} is of {kind}, which cannot be measured yet: left out"
  libraries.prepare()
  # Imported once there is something to measure.
  from rethink_tf.measures import runs  # noqa: PLC0415

  return _describe(
      directory, config, result, runs.measure(directory, config, data_dir))


def _read_config(directory, recorded):
  try:
    return training_flags.read_config(recorded)
  except ValueError as error:
    raise errors.StorageError(
        f"{directory} was written by another version") from error


def _describe(directory, config, result, measured):
  lines = [
      f"{directory}: {config.model} on {config.dataset}, label corruption "
      f"{config.label_corruption:g}, {result['train_examples']:,} examples, "
      f"training accuracy {result['train_accuracy']:.2%}, test accuracy "
      f"{result['test_accuracy']:.2%}"]
  lines += [f"  {name:30} {value:.6g}"
            for name, value in measured["values"].items()]
  lines += [f"  {name:30} undefined: {reason}"
            for name, reason in measured["undefined"].items()]
  return "\n".join(lines)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

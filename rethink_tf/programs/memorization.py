"""Estimates what networks memorize, from runs on random subsets; see --help."""

import collections
import functools
import hashlib
import json
import sys

import numpy as np

from rethink_tf import errors
from rethink_tf.flags import memorization as memorization_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.measures import memorization
from rethink_tf.programs import example_pictures
from rethink_tf.programs import libraries
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import storage

_EXAMPLE_COLUMNS = (
    "example", "assigned", "true", "drawn", "memorization", "standard_error",
    "correct_seen", "correct_unseen", "networks_seen", "networks_unseen")
_PAIR_COLUMNS = (
    "train_example", "test_example", "influence", "standard_error",
    "memorization")
_LEAST_SUBSETS = 2  # Of which each has an example that the other has not.


def main(argv):
  """Runs the program; `errors` has the codes that it ends with.

  A run that cannot be used is named, and estimates are made of the others.
  """
  options = memorization_flags.parse_memorization(argv[1:])
  suites, code = _find(options)
  if not suites:
    raise errors.UsageError(
        "--runs: expected finished runs of train with --subset. Received: none "
        f"in {options.runs}")
  storage.make_folder(options.out)
  libraries.prepare()
  curves = {}
  for key, some in suites.items():
    found, failed = _estimate(_name(key, some), some, options)
    curves |= found
    code = max(failed, code)
  if curves:
    _write_histogram(curves, options.out)
  return code


def _find(options):
  """Returns the runs with --subset by suite, and the code of what is none.

  Returns:
    `(suites, code)`: a dict from `memorization.suite_of` to a list of
    `(directory, config, result)`.
  """
  suites, code, left_out = collections.defaultdict(list), 0, 0
  for file in sorted(options.runs.rglob("config.json")):
    try:
      run = _read(file.parent)
    except errors.StorageError as error:
      print(f"warning: {error}: left out", file=sys.stderr, flush=True)
      code = error.exit_code
      continue
    if run is None:
      left_out += 1
      continue
    suites[memorization.suite_of(*run[1:])].append(run)
  if left_out:
    print(f"{left_out:,} other runs than done ones of train with --subset, on "
          "images in memory and labels that can be drawn again: left out")
  return suites, code


def _read(directory):
  """Returns `(directory, config, result)` of a run; None of one of no use."""
  recorded = run_directory.read_json(directory / "config.json")
  if "program" in recorded or recorded.get("subset") is None:
    return None
  result = run_directory.read_result(directory)
  try:
    config = training_flags.read_config(recorded)
  except ValueError as error:
    raise errors.StorageError(
        f"{directory} was written by another version") from error
  if result is None or config.is_imagenet or config.labels_file:
    return None
  return directory, config, result


def _name(key, some):
  """Returns the name of a suite's folder."""
  _, config, _ = some[0]
  digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:8]
  return (f"{config.model}-{config.dataset}-n{config.train_examples or 'all'}"
          f"-p{config.label_corruption:g}-{digest}")


def _estimate(name, some, options):
  """Makes and writes the estimates of a suite.

  Args:
    name: of its folder.
    some: its runs.
    options: the `MemorizationOptions`.

  Returns:
    `(curves, code)`: a dict from the histogram's names to float `(n,)`; the
    code of what could not be used, 0 of nothing.
  """
  # Imported once there is something to estimate.
  from rethink_tf.measures import correct  # noqa: PLC0415

  code, found, subsets = 0, [], set()
  suite = correct.Suite(some[0][1], options.data_dir)
  for run in some:
    try:
      found.append(suite.find_correct(*run))
      subsets.add(run[1].subset)
    except (errors.DataError, errors.StorageError, errors.UsageError) as error:
      print(f"warning: {error}: left out", file=sys.stderr, flush=True)
      code = error.exit_code
  if len(subsets) < _LEAST_SUBSETS:
    print("warning: --runs: expected networks of a suite on at least "
          f"{_LEAST_SUBSETS} subsets. Received: {len(subsets)} of {name}: left "
          "out", file=sys.stderr, flush=True)
    return {}, code or errors.UsageError.exit_code
  seen = np.stack([one.seen for one in found])
  estimates = memorization.estimate(
      seen, np.stack([one.train for one in found]))
  test = np.stack([one.test for one in found])
  pairs, least = memorization.find_pairs(
      seen, test, estimates.memorization, options.pairs)
  folder = options.out / name
  storage.make_folder(folder)
  _write_tables(folder, suite, estimates, pairs)
  _draw(folder, suite, estimates, pairs, options.shown)
  curves = _kinds(some[0][1], suite.labels, estimates.memorization)
  _describe(folder, len(found), estimates, test, curves, pairs, least)
  return {f"{name}: {kind}" if kind != "all" else name: values
          for kind, values in curves.items()}, code


def _kinds(config, labels, values):
  """Returns a dict from each kind of labels to the memorization of its own.

  A kind of which there is no number is left out.
  """
  if config.label_corruption in (0, 1):
    return {"all": values}
  kinds = labels.kinds()
  return {kind: values[which] for kind, which in kinds.items()
          if kind != "drawn" and not np.isnan(values[which]).all()}


def _write_tables(folder, suite, estimates, pairs):
  labels, values = suite.labels, estimates.memorization
  columns = (
      range(len(values)), labels.assigned, labels.true,
      labels.drawn.astype(int), values, estimates.standard_error,
      estimates.correct_seen, estimates.correct_unseen, estimates.seen,
      estimates.unseen)
  storage.write_text(folder / "examples.csv", storage.csv_text(
      _EXAMPLE_COLUMNS,
      [dict(zip(_EXAMPLE_COLUMNS, map(_as_number, row)))
       for row in zip(*columns)]))
  storage.write_text(folder / "influence.csv", storage.csv_text(
      _PAIR_COLUMNS, [dict(zip(_PAIR_COLUMNS, map(_as_number, (
          pair.train, pair.test, pair.influence, pair.standard_error,
          values[pair.train])))) for pair in pairs]))


def _as_number(value):
  """Returns a number as CSV has it: None for NaN, else six digits."""
  if value != value:
    return None
  return int(value) if value == int(value) else float(f"{value:.6g}")


def _draw(folder, suite, estimates, pairs, most):
  from rethink_tf.reporting import example_figures  # noqa: PLC0415

  values, errors_of = estimates.memorization, estimates.standard_error
  order = np.argsort(-values, kind="stable")
  order = order[~np.isnan(values[order])]
  show = functools.partial(
      example_pictures.show, suite.train.images, suite.labels,
      suite.data.label_names)
  example_pictures.write(
      folder / "memorized.png", example_figures.rows_of_images, {
          name: [show(i, _with_error(values[i], errors_of[i]))
                 for i in some]
          for name, some in (("most\nmemorized", order[:most]),
                             ("least\nmemorized", order[::-1][:most]))})
  if pairs:
    names = suite.data.label_names
    example_pictures.write(
        folder / "influence.png", example_figures.pairs_of_images, [
            (show(pair.train,
                  _with_error(pair.influence, pair.standard_error)),
             example_figures.Shown(
                 suite.data.test.images[pair.test],
                 f"test: {names[suite.data.test.labels[pair.test]]}"))
            for pair in pairs[:most]])


def _with_error(value, error):
  """Returns a number with its standard error, where that is known."""
  return f"{value:.2f}" + ("" if np.isnan(error) else f" ± {error:.2f}")


def _describe(folder, count, estimates, test, curves, pairs, least):
  print(f"{folder.name}: {count} networks, {len(estimates.seen):,} examples; "
        f"correct on {np.nanmean(estimates.correct_seen):.2%} of those seen, "
        f"{np.nanmean(estimates.correct_unseen):.2%} of those not seen, "
        f"{test.mean():.2%} of test images")
  for kind, values in curves.items():
    print(f"  memorization, {kind}: mean {np.nanmean(values):.3f}")
  known = estimates.standard_error[~np.isnan(estimates.standard_error)]
  if known.size:
    print("  standard error of the memorization of one example: median "
          f"{np.median(known):.3f}")
  unknown = np.isnan(estimates.memorization).sum()
  if unknown:
    print(f"  {unknown:,} examples that every network saw, or none: no number")
  if pairs:
    print(f"  influence: at most {pairs[0].influence:.2f}, at least "
          f"{least:.2f}; what is not clearly above {-least:.2f} may be chance")
  print(f"  wrote to {folder}", flush=True)


def _write_histogram(curves, out):
  from rethink_tf.reporting import example_figures  # noqa: PLC0415

  rows = [{"curve": name, "from": _as_number(left), "share": _as_number(share)}
          for name, values in curves.items()
          for left, share in example_figures.count_bins(values, -1, 1)]
  storage.write_text(
      out / "histogram.csv", storage.csv_text(("curve", "from", "share"), rows))
  example_pictures.write(
      out / "histogram.png", example_figures.histogram, curves)
  print(f"wrote the histogram to {out / 'histogram.png'}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

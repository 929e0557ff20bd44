"""Training runs as lines of the report's page, ready for JSON.

Runs that differ in their seed alone are one line: the mean, with the sample
standard deviation as a band.
"""

import collections
import math
import numbers
import os
import pathlib
import statistics
import urllib.parse

from rethink_tf.data import catalog
from rethink_tf.reporting import names
from rethink_tf.reporting import training_runs
from rethink_tf.runs import wording

MEASURED = ("train_accuracy", "test_accuracy", "train_loss", "test_loss")
# What a page shows side by side; the last: partially corrupted labels, and
# those of other noise or of a file.
LABELS = ("true", "random", "other")
# What a name has a word of its own for, or which does not tell runs apart.
_NAMED = (
    "seed", "label_corruption", "label_noise", "labels_file", "model",
    "dataset", "train_examples", "eval_every")


def of(runs, page):
  """Returns a line for every config that was trained, a list of dicts.

  Args:
    runs: the `Runs`.
    page: `pathlib.Path` of the page, which links to the run directories.

  Returns:
    Dicts with "labels", one of `LABELS`; "parts", words on what the runs have,
    a dict; "flags", a dict; "final", for each of `MEASURED` and for "gap" its
    `[mean, deviation]` at the end of training, None where it is not known;
    "chance" and "classes"; "runs", a dict a run directory; and "curves":
    "epoch", "step" and `MEASURED`, lists of equal length, of several seeds
    with the deviation of each under "<name>_sd".
  """
  repeats = collections.defaultdict(list)
  for run in runs.of_training():
    repeats[_identity(run)].append(run)
  lines = [_line(sorted(some, key=lambda run: run.config.seed), page)
           for some in repeats.values()]
  _tell_apart(lines)
  return sorted(lines, key=_place)


def link(directory, page):
  """Returns where a run directory is as a link of the page, relative to it."""
  relative = os.path.relpath(directory, pathlib.Path(page).parent)
  # With "./" nothing that a folder is called is taken for a scheme.
  return "./" + urllib.parse.quote(os.fsencode(relative))


def _identity(run):
  config = run.config.as_dict()
  del config["seed"]
  return (run.count, *config.items())


def _line(repeats, page):
  first = repeats[0]
  known = catalog.DATASETS[first.config.dataset]
  return {
      "labels": _labels(first.config),
      "parts": _parts(first),
      "flags": _flags(first),
      "final": _final(repeats),
      "chance": known.chance, "classes": known.num_classes,
      "runs": [{"directory": str(run.directory),
                "link": link(run.directory, page),
                "seed": run.config.seed,
                "config": run.config.as_dict(),
                "result": run.result} for run in repeats],
      "curves": _curves(repeats)}


def _tell_apart(lines):
  """Names lines that are alike in all that a name says by their directories."""
  alike = collections.defaultdict(list)
  for line in lines:
    alike[tuple(line["parts"].items())].append(line)
  for some in alike.values():
    for line in some if len(some) > 1 else ():
      line["parts"]["directory"] = f"in {line['runs'][0]['directory']}"


def _labels(config):
  if config.label_noise or config.labels_file:
    return LABELS[2]
  return {0: LABELS[0], 1: LABELS[1]}.get(config.label_corruption, LABELS[2])


def _parts(run):
  """Returns what a line's name is made of, by flag; "" where all is usual."""
  config = run.config
  parts = {
      "labels": _name_labels(config),
      "model": names.name(config.model),
      "dataset": names.name(config.dataset),
      "train_examples": f"{run.count:,} images"}
  usual = training_runs.defaults(config.dataset, config.model)
  for name, value in config.as_dict().items():
    if name not in _NAMED:
      parts[name] = "" if value == usual.get(name) else _name(name, value)
  return parts


def _name_labels(config):
  p = f"{config.label_corruption:g}"
  if config.labels_file:
    return f"labels of file {config.labels_file[:8]}"
  if config.label_noise:
    return f"{config.label_noise} noise p = {p}"
  return {"0": "true labels", "1": "random labels"}.get(p, f"labels p = {p}")


def _name(flag, value):
  if flag == "pixel_randomization":
    return wording.PIXELS[value]
  words = flag.replace("_", " ")
  if isinstance(value, bool):
    return words if value else f"no {words}"
  if flag == "epochs":
    return f"{value:,} epochs"
  number = f"{value:g}" if isinstance(value, float) else value
  return f"{words} {number}"


def _flags(run):
  """Returns the flags that tell one line from another, if they differ."""
  flags = {**run.config.as_dict(), "train_examples": run.count}
  # How often the test set is measured changes nothing.
  return {name: value for name, value in flags.items()
          if name not in ("seed", "eval_every")}


def _final(repeats):
  final = {name: _mean([run.result.get(name) for run in repeats])
           for name in MEASURED}
  final["gap"] = _mean([
      run.result["train_accuracy"] - run.result["test_accuracy"]
      for run in repeats])
  return final


def _mean(values):
  """Returns `[mean, deviation]` of numbers; None where one is missing."""
  if not all(_is_number(value) for value in values):
    return None
  deviation = statistics.stdev(values) if len(values) > 1 else None
  return [_short(statistics.mean(values)), _short(deviation)]


def _is_number(value):
  return isinstance(value, numbers.Real) and math.isfinite(value)


def _curves(repeats):
  """Returns the mean of runs by epoch, over the epochs that all have."""
  tables = [run.metrics for run in repeats]
  shared = sorted(set.intersection(*({*table.index} for table in tables)))
  curves = {"epoch": [int(epoch) for epoch in shared],
            "step": [int(step) for step in tables[0].loc[shared, "step"]]}
  for name in MEASURED:
    columns = [table.loc[shared, name].tolist() for table in tables]
    curves[name] = [_short(sum(values) / len(values))
                    for values in zip(*columns)]
    if len(tables) > 1:
      curves[f"{name}_sd"] = [
          _short(statistics.stdev(values)) if _are_finite(values) else None
          for values in zip(*columns)]
  return curves


def _are_finite(values):
  return all(math.isfinite(value) for value in values)


def _short(value):
  """Returns a number of four digits, which no curve shows more of; or None."""
  if value is None or not math.isfinite(value):
    return None
  return float(f"{value:.4g}")


def _place(line):
  flags, last = line["flags"], len(LABELS)
  return (flags["dataset"], flags["model"], -flags["train_examples"],
          flags["pixel_randomization"] != "none",
          flags["label_corruption"], LABELS.index(line["labels"]) % last,
          str(sorted(line["parts"].items())))

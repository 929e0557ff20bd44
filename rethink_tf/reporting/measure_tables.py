"""The numbers behind the picture of measures, as a table."""

import collections
import dataclasses

import pandas as pd

from rethink_tf.reporting import cells
from rethink_tf.reporting import names
from rethink_tf.reporting import runs as runs_lib

TEST_ERROR = "test_error"
# Of these a smaller value is to say that the test error is larger; of all
# others a larger one.
REVERSED = frozenset((
    "margin_10", "margin_median", "normalized_margin", "sharpness",
    "relative_sharpness"))
# Those that bound the test error.
BOUNDS = ("margin_bound", "pac_bayes_bound")
COLUMNS = ["curve", "n", "p", "seed", "measure", "value", "normalized",
           cells.SOURCE]


def measures(runs):
  """What measures say of networks that differ in label corruption alone.

  Of one network, size, and number of epochs there have to be runs at two levels
  of p or more, of the paper's labels, which the program measure has measured.

  Returns:
    A frame with "curve", the network and its data, "n", "p", "seed", "measure",
    its name, or `TEST_ERROR`, "value", and "normalized": that within its curve,
    0 for the least and 1 for the largest, or, of a measure in `REVERSED`, the
    contrary; 0 where all are alike.
  """
  groups = collections.defaultdict(list)
  for run in runs.measured():
    if not (run.config.label_noise or run.config.labels_file):
      groups[_key(run)].append(run)
  rows, named = [], set()
  for group in groups.values():
    if len({run.config.label_corruption for run in group}) < 2:
      continue
    curve = _name(group[0], named)
    named.add(curve)
    rows += [row for run in sorted(group, key=_order)
             for row in _rows(run, curve)]
  table = pd.DataFrame(rows, columns=[
      name for name in COLUMNS if name != "normalized"])
  table["normalized"] = _normalize(table)
  return table[COLUMNS]


def _key(run):
  """Returns what all runs of a curve have in common, hashable."""
  config = dataclasses.replace(run.config, label_corruption=0.0)
  return (runs_lib.key_of(config), run.count, config.epochs, config.precision)


def _name(run, named):
  """Returns what a curve is called, as none before it is."""
  name = (f"{names.name_model(run.config.model)}, {run.count:,} images of "
          f"{names.name_dataset(run.config.dataset)}")
  if name in named:
    # No short words tell any two configs from each other.
    config = dataclasses.replace(run.config, label_corruption=0.0)
    name += f", config {config.short_hash()}"
  return name


def _order(run):
  return run.config.label_corruption, run.config.seed


def _rows(run, curve):
  """Yields a dict a number of a run."""
  values = {TEST_ERROR: 1 - run.result["test_accuracy"], **run.measures}
  for name, value in values.items():
    yield {"curve": curve, "n": run.count, "p": run.config.label_corruption,
           "seed": run.config.seed, "measure": name, "value": value,
           cells.SOURCE: run.directory}


def _normalize(table):
  """Returns the column "normalized" of a table."""
  values = table.value.where(~table.measure.isin(REVERSED), -table.value)
  groups = values.groupby([table.curve, table.measure])
  least, span = groups.transform("min"), groups.transform("max")
  span = (span - least).where(span > least, 1.0)
  return (values - least) / span

"""A sweep of one's own: a number of result.json against any flag."""

import dataclasses
import io
import math
import numbers
import statistics

import matplotlib.figure
import matplotlib.ticker

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.reporting import appearance
from rethink_tf.reporting import names
from rethink_tf.reporting import runs as runs_lib
from rethink_tf.runs import storage

# From this ratio of the largest to the smallest on, an axis is logarithmic.
_WIDE = 30
# Names of lines for which there is room among them.
_MOST_INSIDE = 6
# Flags that a point averages over, and that say nothing where they differ.
_REPEATS = ("seed", "label_seed", "eval_every", "program")


@dataclasses.dataclass(frozen=True)
class Sweep:
  """What was asked for, and what there is of it.

  Attributes:
    x: the flag along the axis.
    y: the key of result.json; "a.b" is key b of the dict a.
    by: the flags that tell lines apart, a tuple.
    rows: a dict a run: `by`, `x`, `y`, "seed" and "directory".
    note: what else differs between the runs of a point, as a sentence, or "".
  """

  x: str
  y: str
  by: tuple[str, ...]
  rows: list
  note: str

  @property
  def name(self):
    """Of its files, less their endings."""
    words = [self.y.replace(".", "_"), "against", self.x]
    return "_".join([*words, *(["by", *self.by] if self.by else [])])

  @property
  def title(self):
    """What it shows, in a sentence without a full stop."""
    by = f", by {_join(map(_words, self.by))}" if self.by else ""
    return f"{_words(self.y).capitalize()} against {_words(self.x)}{by}"

  def files(self):
    """Returns the content of its files by their names, bytes."""
    with appearance.style():
      figure = self.draw()
      png, svg = io.BytesIO(), io.BytesIO()
      described = {"Title": self.title}
      figure.savefig(png, format="png", dpi=appearance.DPI, metadata=described)
      figure.savefig(svg, format="svg", metadata={**described, "Date": None})
    columns = (*self.by, self.x, self.y, "seed", "directory")
    return {f"{self.name}.png": png.getvalue(),
            f"{self.name}.svg": svg.getvalue(),
            f"{self.name}.csv": storage.csv_text(columns, self.rows).encode()}

  def draw(self):
    """Returns a figure: the mean of each point, its deviation, and a guess."""
    figure = matplotlib.figure.Figure(figsize=(8, 5), layout="constrained")
    axis = figure.subplots()
    places = _places([row[self.x] for row in self.rows])
    for number, (label, rows) in enumerate(self._lines().items()):
      self._draw_line(axis, number, label, rows, places)
    self._draw_chance(axis)
    figure.suptitle(self.title)
    axis.set(xlabel=_words(self.x), ylabel=_words(self.y))
    _set_ticks(axis, places)
    if self.y.endswith(("_accuracy", "_error", "_top5")):
      axis.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1))
      axis.set_ylim(-0.02, 1.02)
    labels = axis.get_legend_handles_labels()[1]
    if len(labels) > _MOST_INSIDE:
      figure.set_size_inches(11, max(5, 1.5 + len(labels) / 4))
      figure.legend(loc="outside right center", fontsize="small")
    elif labels:
      axis.legend()
    return figure

  def _lines(self):
    """Returns the rows of each line by its label."""
    lines = {}
    for row in self.rows:
      label = ", ".join(_label(name, row[name]) for name in self.by)
      lines.setdefault(label, []).append(row)
    return lines

  def _draw_line(self, axis, number, label, rows, places):
    points = {}
    for row in rows:
      points.setdefault(places[row[self.x]], []).append(row[self.y])
    xs = sorted(points)
    spreads = [statistics.stdev(points[x]) if len(points[x]) > 1 else 0
               for x in xs]
    axis.errorbar(
        xs, [statistics.mean(points[x]) for x in xs],
        yerr=spreads if any(spreads) else None, capsize=3, linewidth=2,
        color=appearance.COLORS[number % len(appearance.COLORS)],
        marker=appearance.MARKERS[number % len(appearance.MARKERS)],
        linestyle=("-", "--", ":")[number // len(appearance.COLORS) % 3],
        label=label or None)

  def _draw_chance(self, axis):
    if self.y not in ("train_accuracy", "test_accuracy"):
      return
    levels = sorted({row["chance"] for row in self.rows} - {None})
    for level in levels:
      axis.axhline(level, color="0.4", linestyle=":", zorder=1,
                   label=f"a guess: {100 * level:g}%")


def of(runs, x, y, by):
  """Returns the `Sweep` over the runs that have a flag and a number.

  Those of train where any of them has both; else those of other programs.

  Args:
    runs: the `Runs`.
    x: a flag.
    y: a number in result.json.
    by: a tuple of flags.

  Raises:
    UsageError: no run has them.
  """
  kinds = [runs.of_training(), runs.others()]
  records = [[_record(run, {x, *by}) for run in some] for some in kinds]
  found = next((some for some in (
      [r for r in kind if x in r["flags"] and _number(r, y) is not None]
      for kind in records) if some), None)
  if found is None:
    raise _refusal(sum(records, []), x, y)
  known = {name for record in found for name in record["flags"]}
  for name in by:
    if name not in known:
      raise errors.UsageError(
          f"--by: expected flags of these runs ({', '.join(sorted(known))}). "
          f"Received: {name}")
  rows = [{**{name: record["flags"].get(name) for name in (*by, x)},
           y: _number(record, y), "seed": record["flags"].get("seed"),
           "directory": str(record["directory"]), "chance": record["chance"]}
          for record in found]
  rows.sort(key=lambda row: [_order(row[name]) for name in (*by, x, "seed")])
  return Sweep(x, y, tuple(by), rows, _note(found, x, by))


def _record(run, asked):
  """Returns a run's flags and result, whatever program it is of.

  Args:
    run: the run.
    asked: the flags that have their usual value where the config leaves it out;
      in others, two models' usual ones would tell runs apart once more.
  """
  if isinstance(run, runs_lib.Run):
    usual = {name: value for name, value in run.config.in_full().items()
             if name in asked}
    flags = {**run.config.as_dict(), **usual, "train_examples": run.count}
  else:
    flags = run.config
  known = catalog.DATASETS.get(str(flags.get("dataset")))
  return {"directory": run.directory, "flags": {
      name: tuple(value) if isinstance(value, list) else value
      for name, value in flags.items() if not isinstance(value, dict)},
          "result": run.result, "chance": known.chance if known else None}


def _number(record, name):
  """Returns a number of a result, or None where it has none of that name."""
  first, _, rest = name.partition(".")
  value = record["result"].get(first)
  if rest:
    value = value.get(rest) if isinstance(value, dict) else None
  if isinstance(value, bool) or not isinstance(value, numbers.Real):
    return None
  return value if math.isfinite(value) else None


def _names(result):
  """Yields the names of a result's values, as `_number` takes them."""
  for name, value in result.items():
    yield from ([f"{name}.{more}" for more in value]
                if isinstance(value, dict) else [name])


def _refusal(records, x, y):
  """Returns the error of a sweep that no run is for, with what there is."""
  flags = sorted({name for record in records for name in record["flags"]})
  if x not in flags:
    return errors.UsageError(
        f"--x: expected a flag of these runs ({', '.join(flags)}). "
        f"Received: {x}")
  known = sorted({name for record in records if x in record["flags"]
                  for name in _names(record["result"])
                  if _number(record, name) is not None})
  return errors.UsageError(
      f"--y: expected a number in the result.json of runs with --{x} "
      f"({', '.join(known)}). Received: {y}")


def _note(records, x, by):
  """Says in what else the runs of one point differ, or returns ""."""
  points = {}
  for record in records:
    key = tuple(str(record["flags"].get(name)) for name in (*by, x))
    points.setdefault(key, []).append(record["flags"])
  also = sorted({
      name for some in points.values() for flags in some for name in flags
      if name not in _REPEATS
      and len({str(other.get(name)) for other in some}) > 1})
  if not also:
    return ""
  return (f"Runs of one point also differ in {_join(also)}, and their mean is "
          f"drawn: --by={','.join([*by, *also])} tells them apart.")


def _places(values):
  """Returns where each value is along the axis: itself, or its number."""
  unique = sorted(set(values), key=_order)
  if all(_is_number(value) for value in unique):
    return {value: value for value in unique}
  return {value: place for place, value in enumerate(unique)}


def _set_ticks(axis, places):
  """Names values that are no numbers; spreads numbers of several sizes."""
  if any(not _is_number(value) for value in places):
    axis.set_xticks(list(places.values()), [
        _show(value) for value in places], rotation=20 * (len(places) > 4))
  elif min(places) > 0 and max(places) / min(places) >= _WIDE:
    axis.set_xscale("log")
    axis.set_xticks(sorted(places), [f"{value:,g}" for value in sorted(places)])
    axis.xaxis.set_minor_locator(matplotlib.ticker.NullLocator())
  elif all(isinstance(value, int) for value in places):
    axis.xaxis.set_major_locator(
        matplotlib.ticker.MaxNLocator(integer=True))
    axis.xaxis.set_major_formatter(
        matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def _is_number(value):
  return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _order(value):
  """Returns a key by which values of any types can be sorted, numbers first."""
  return (0, value, "") if _is_number(value) else (1, 0, _show(value))


def _show(value):
  if value is None:
    return "none"
  if isinstance(value, bool):
    return "yes" if value else "no"
  if isinstance(value, tuple):
    return ", ".join(map(_show, value))
  if isinstance(value, int):
    return f"{value:,}"
  return f"{value:g}" if isinstance(value, float) else names.name(value)


def _label(name, value):
  """Returns what a line has of a flag, with the flag's name unless a word."""
  if isinstance(value, str):
    return _show(value)
  if name == "train_examples":
    return f"{value:,} images"
  return f"{_words(name)} {_show(value)}"


def _words(name):
  return name.replace("_", " ").replace(".", " ")


def _join(names):
  names = list(names)
  if len(names) < 2:
    return "".join(names)
  return f"{', '.join(names[:-1])} and {names[-1]}"

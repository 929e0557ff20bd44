"""A flag is one line: a field of a frozen dataclass.

    epochs: int = declare.optimizer(100, "Passes over the data.", checks.COUNT)

is the flag --epochs, its type, its default, its place in --help, the values
that it takes, and the field that the program sees. `read` reads the flags of
such classes from the command line, and `build` makes their instances.

Nothing here imports TensorFlow or Keras, so that a mistake is answered before
they load.
"""

import collections.abc
import contextlib
import dataclasses
import functools
import os
import pathlib
import re
import sys
import textwrap
import types
import typing

from absl import flags

from rethink_tf import errors
from rethink_tf import paths
from rethink_tf.flags import checks as flag_checks
from rethink_tf.flags import flagfile
from rethink_tf.flags import variables

# The headings of --help, in their order there.
HEADINGS = WHAT, OPTIMIZER, DATA, RUN, IMAGENET, WORKERS = (
    "What to train", "Optimizer", "Data", "Run", "ImageNet and Inception V3",
    "Workers")
_SCREEN = 40  # Lines of a help that is not asked for in full.
_WIDTH = 80
_NAMES_WIDTH = 26
# The default of a field that its program fills in where no flag is given.
REQUIRED = dataclasses.MISSING
# What absl raises: of --noresume=1, a plain ValueError.
_REFUSALS = (flags.Error, ValueError)
_DEFINE = {
    bool: flags.DEFINE_bool, int: flags.DEFINE_integer,
    float: flags.DEFINE_float, str: flags.DEFINE_string,
    pathlib.Path: flags.DEFINE_string, tuple: flags.DEFINE_string}


class _Values(flags.FlagValues):
  """absl's, which also know where the flags of flagfiles stand."""

  def keep_places(self, arguments):
    """Keeps where the argument stands that each flag has its value of."""
    places = {}
    for argument in arguments:
      name = argument.lstrip("-").partition("=")[0]
      if name not in self and name.startswith("no"):
        name = name.removeprefix("no")
      places[name] = getattr(argument, "place", None)
    # Any other attribute of absl's is a flag.
    self.__dict__["places"] = places


class Flags:
  """Base of the dataclasses whose fields are flags; their texts say which."""

  def check(self):
    """Raises UsageError where fields do not go together."""


@dataclasses.dataclass(frozen=True)
class _Flag:
  """What a field says of its flag.

  Attributes:
    heading: one of `HEADINGS`.
    text: what --help says.
    checks: functions of (name, value, fields above as a dict) that raise
      UsageError; of each entry, where the value is a tuple.
    name: the flag's name; default: the field's.
    typed: the default as it would be typed.
    define: the function of `absl.flags` that defines it; default: by type.
    parse: a function of (name, what absl read: text, but with `define`) that
      returns the value or raises UsageError; default: by type.
    fill: a function of the fields above that returns the value where the flag
      is not given.
    used_if: a function of the fields up to this one that tells whether it is
      used; None is its value where it is not.
    common: whether a short help has more of it than its name.
  """

  heading: str
  text: str
  checks: tuple[collections.abc.Callable, ...]
  name: str | None = None
  typed: object = None
  define: collections.abc.Callable | None = None
  parse: collections.abc.Callable | None = None
  fill: collections.abc.Callable | None = None
  used_if: collections.abc.Callable | None = None
  common: bool = False


def flag(heading, default, text, *checks, **others):
  """Returns a field of a dataclass that is a flag too.

  Its type is the annotation's; a tuple is typed as numbers with commas between
  them, and a path is relative to where the user is.

  Args:
    heading: one of `HEADINGS`.
    default: of the field and of the flag; `REQUIRED`: see `build`.
    text: what --help says.
    *checks: as those of the module `checks`.
    **others: what else `_Flag` has.
  """
  if "fill" not in others and default is not REQUIRED:
    others.setdefault("typed", _as_typed(default))
  return dataclasses.field(
      default=default,
      metadata={"flag": _Flag(heading, text, checks, **others)})


what = functools.partial(flag, WHAT)
optimizer = functools.partial(flag, OPTIMIZER)
data = functools.partial(flag, DATA)
run = functools.partial(flag, RUN)
imagenet = functools.partial(flag, IMAGENET)
workers = functools.partial(flag, WORKERS)


def choice(default, allowed, more="", heading=WHAT, **others):
  """Returns a flag that is one of some words, and says them in --help."""
  return flag(heading, default, f"One of {', '.join(allowed)}{more}.",
              flag_checks.one_of(allowed), **others)


def define(*kinds):
  """Returns `absl.flags.FlagValues` with --help and the flags of classes."""
  values = _Values()
  for name in ("help", "helpfull"):
    flags.DEFINE_bool(name, False, "Show help.", values)
  for kind in kinds:
    for name, field, declared in _flags_of(kind):
      read_as = str if declared.parse else _types(field)[0]
      make = declared.define or _DEFINE[read_as]
      make(name, declared.typed, declared.text, flag_values=values,
           module_name=declared.heading)
  return values


def names(*kinds, heading=None):
  """Returns the names of classes' flags, those under a heading where given."""
  return [name for kind in kinds for name, _, declared in _flags_of(kind)
          if heading in (None, declared.heading)]


def read(program, purpose, arguments, *kinds, example=""):
  """Reads a command line; prints the help where it is asked for.

  Args:
    program: the program's name.
    purpose: what the program does, for the help.
    arguments: list of str, without the program name.
    *kinds: the classes whose flags the program takes.
    example: flags of a first command, for the help.

  Returns:
    `(values, stem)`: `absl.flags.FlagValues` for `build`, and the name of the
    last flagfile without its ending, or None.

  Raises:
    UsageError: an unknown flag, a value of the wrong type, an argument that is
      no flag, a flagfile that `flagfile.expand` refuses, or a variable or file
      of the environment that `variables.check` refuses.
    SystemExit: with code 0, after the help.
  """
  expanded, file = flagfile.expand(arguments)
  values = define(*kinds)
  if any(argument.lstrip("-").startswith("undefok") for argument in expanded):
    # absl's way of letting an unknown flag through.
    raise errors.UsageError("Unknown command line flag 'undefok'")
  try:
    rest = values([program, *expanded])[1:]
  except _REFUSALS as error:
    place = _find_refused(expanded, kinds)
    raise errors.UsageError(
        f"{error} ({place})" if place else str(error)) from error
  values.keep_places(expanded)
  if values.help or values.helpfull:
    for line in _help(program, purpose, example, kinds, values.helpfull):
      print(line)
    sys.exit(0)
  if rest:
    # Of a flagfile where a line is "-" or "--", which ends flags for absl.
    place = next((argument.place for argument in expanded
                  if isinstance(argument, flagfile.Line)
                  and argument in ("-", "--")), None)
    raise errors.UsageError(
        f"expected flags only, as --name=value. Received: {str(rest[0])!r}"
        + (f" ({place})" if place else ""))
  variables.check(os.environ)
  return values, pathlib.Path(file).stem if file else None


def _find_refused(arguments, kinds):
  """Returns where the flag of a flagfile stands that absl refuses, or None."""
  for argument in arguments:
    if isinstance(argument, flagfile.Line):
      try:
        define(*kinds)(["", argument])
      except _REFUSALS:
        return argument.place
  return None


@contextlib.contextmanager
def naming_places(values):
  """Adds to a UsageError of the block where the flags that it names stand.

  Args:
    values: what `read` returned.
  """
  try:
    yield
  except errors.UsageError as error:
    names = re.findall(r"--(\w+)", str(error).partition(":")[0])
    places = [values.places[name] for name in names if values.places.get(name)]
    if not places:
      raise
    raise errors.UsageError(f"{error} ({'; '.join(places)})") from error


def build(kind, values, **others):
  """Returns an instance of a class whose fields are flags, all checked.

  Args:
    kind: the class, one of those that `read` was given.
    values: what `read` returned.
    **others: of fields that are no flags, the values; of flags without a
      default, the values where they are not given.

  Raises:
    UsageError: a value is out of range, or does not go with another; it says
      where in a flagfile it stands.
  """
  with naming_places(values):
    return _build(kind, values, others)


def _build(kind, values, others):
  fields = dict(others)
  for name, field, declared in _flags_of(kind):
    value = getattr(values, name)
    if value is not None:
      value = _parse(name, field, value)
      for entry in value if isinstance(value, tuple) else (value,):
        for check in declared.checks:
          check(name, entry, fields)
    elif declared.fill:
      value = declared.fill(fields)
    else:
      value = others.get(field.name)
    fields[field.name] = value
    if declared.used_if and not declared.used_if(fields):
      fields[field.name] = None
  made = kind(**fields)
  made.check()
  return made


def require_valid(kind, recorded):
  """Checks the fields of a class in what its `as_dict` was, once, as flags are.

  Args:
    kind: the class, all of whose fields are flags.
    recorded: a dict as JSON may hold it; fields may be missing.

  Raises:
    KeyError: a field that another is checked by is missing.
    UsageError: a value is of another type than the field, or out of range.
  """
  fields = {}
  for name, field, declared in _flags_of(kind):
    if field.name not in recorded:
      continue
    value = recorded[field.name]
    if isinstance(value, list):
      value = tuple(value)
    kind_of_all, kind_of_each = _types(field)
    may_be_none = isinstance(field.type, types.UnionType)
    if value is None and may_be_none:
      fields[field.name] = None
      continue
    entries = value if isinstance(value, tuple) else (value,)
    if isinstance(value, tuple) != (kind_of_all is tuple) or not all(
        _is_of(entry, kind_of_each or kind_of_all) for entry in entries):
      raise errors.UsageError(
          f"--{name}: expected a value of another type. Received: {value!r}")
    for entry in entries:
      for check in declared.checks:
        check(name, entry, fields)
    fields[field.name] = value


def _is_of(value, kind):
  """Tells whether a value as JSON has it is of a type; True is no number."""
  if kind is float:
    kind = (int, float)
  return isinstance(value, kind) and (
      kind is bool or not isinstance(value, bool))


def _flags_of(kind):
  """Yields `(flag's name, field, what it declares)` of a class's flags."""
  for field in dataclasses.fields(kind):
    if "flag" in field.metadata:
      declared = field.metadata["flag"]
      yield declared.name or field.name, field, declared


def _types(field):
  """Returns `(type, None)` of a field, or `(tuple, type of its entries)`."""
  kind = field.type
  if isinstance(kind, types.UnionType):  # With None.
    kind, _ = typing.get_args(kind)
  if typing.get_origin(kind) is tuple:
    return tuple, typing.get_args(kind)[0]
  return kind, None


def _as_typed(default):
  """Returns a field's default as the default of its flag."""
  if isinstance(default, tuple):
    return ",".join(str(entry).removesuffix(".0") for entry in default)
  return str(default) if isinstance(default, pathlib.Path) else default


def _parse(name, field, value):
  """Returns what absl read as a value of the field's type."""
  kind, entry = _types(field)
  if field.metadata["flag"].parse:
    return field.metadata["flag"].parse(name, value)
  if kind is pathlib.Path:
    # A shell variable that was not set, most likely; a NUL, of a flagfile.
    if value == "" or "\0" in value:
      raise errors.UsageError(f"--{name}: expected a path. Received: {value!r}")
    return paths.user_path(value)
  if kind is tuple:
    return tuple(value) if entry is str else _numbers(name, value, entry)
  return value


def _numbers(name, text, kind):
  """Returns a tuple of different numbers from text with commas."""
  try:
    numbers = tuple(kind(word) for word in text.split(","))
  except ValueError as error:
    raise errors.UsageError(
        f"--{name}: expected numbers with commas between them. Received: "
        f"{text!r}") from error
  if len(set(numbers)) < len(numbers):
    raise errors.UsageError(
        f"--{name}: expected different numbers. Received: {text!r}")
  return numbers


def show_command(program, example):
  """Returns how a program is started with flags, or "", for its help.

  From the folder that a user is in; `runs.commands` has lines for any.
  """
  if paths.is_installed():
    return f"python -m rethink_tf {program} {example}".rstrip()
  start = f"scripts/bazel run //rethink_tf:{program}"
  return f"{start} -- {example}" if example else start


def _help(program, purpose, example, kinds, in_full):
  """Returns the lines of the help, those of all flags where they are few."""
  declared = [entry for kind in kinds for entry in _flags_of(kind)]
  head = [
      *textwrap.wrap(purpose, _WIDTH),
      *textwrap.wrap(
          f"usage: {program} [--name=value ...] [--flagfile=PATH], which reads "
          "flags from a file; flags given directly win", _WIDTH,
          subsequent_indent="  "),
      "example:",
      f"  {show_command(program, example)}"]
  full = [*head, *_list_flags(declared, True)]
  if in_full or len(full) <= _SCREEN:
    return full
  return [*head, *_list_flags(declared, False), "--helpfull says more of each"]


def _list_flags(declared, in_full):
  """Yields lines, the common flags first, and the others' names if not all."""
  for heading in HEADINGS:
    here = sorted(
        (entry for entry in declared if entry[2].heading == heading),
        key=lambda entry: not entry[2].common)
    shown = [(name, field, flag) for name, field, flag in here
             if in_full or flag.common]
    named = [_switch(name, field) for name, field, flag in here
             if not in_full and not flag.common]
    if shown:
      yield f"{heading}:"
    for name, field, flag in shown:
      yield from _describe(name, field, flag, in_full)
    if named:
      yield from textwrap.wrap(
          ("  also: " if shown else f"{heading}: ") + " ".join(named), _WIDTH,
          subsequent_indent="    ", break_on_hyphens=False,
          break_long_words=False)


def _describe(name, field, flag, in_full):
  """Returns a flag's lines: name and default, and beside them its text.

  Of that the first sentence, where not all is to be said.
  """
  left = "  " + _switch(name, field)
  is_switch = _types(field)[0] is bool
  if not is_switch:
    typed = f"{flag.typed:g}" if isinstance(flag.typed, float) else flag.typed
    left += f"={'...' if typed in (None, '', []) else typed}"
  text = flag.text + " Default: on." * (is_switch and flag.typed is True)
  if not in_full:
    text = text.partition(". ")[0].removesuffix(".") + "."
  texts = textwrap.wrap(text, _WIDTH - _NAMES_WIDTH - 4)
  if len(left) > _NAMES_WIDTH + 2:
    return [left, *(" " * (_NAMES_WIDTH + 4) + line for line in texts)]
  return [f"{part:{_NAMES_WIDTH + 4}}{line}" for part, line in zip(
      [left, *[""] * len(texts)], texts)]


def _switch(name, field):
  return f"--[no]{name}" if _types(field)[0] is bool else f"--{name}"

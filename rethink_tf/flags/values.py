"""Reading flags strictly, for the modules that define them.

Those are `config` and the modules whose names end in `_config`; nothing else
defines or reads a flag. None imports TensorFlow or Keras, so that a mistake is
answered before they load.
"""

import hashlib
import json
import sys

from absl import flags

from rethink_tf import errors
from rethink_tf import paths


def read(values, program, arguments, purpose):
  """Reads arguments into flag values; prints the help where it is asked for.

  Args:
    values: `absl.flags.FlagValues`, with a switch "help" among them.
    program: the program's name.
    arguments: list of str, flagfiles expanded.
    purpose: what the program does, for the help.

  Raises:
    UsageError: an unknown flag, a value of the wrong type, or an argument that
      is no flag.
    SystemExit: with code 0, after the help.
  """
  if any(argument.lstrip("-").startswith("undefok") for argument in arguments):
    # absl's way of letting an unknown flag through.
    raise errors.UsageError("Unknown command line flag 'undefok'")
  try:
    rest = values([program, *arguments])[1:]
  except flags.Error as error:
    raise errors.UsageError(str(error)) from error
  if values.help:
    print(f"{purpose}\n\nusage: {program} [--name=value ...]\n"
          + values.get_help())
    sys.exit(0)
  if rest:
    raise errors.UsageError(
        f"expected flags only, as --name=value. Received: {rest[0]!r}")


def one_of(name, value, allowed):
  """Raises UsageError unless a flag's value is among those allowed."""
  if value not in allowed:
    raise errors.UsageError(
        f"--{name}: expected one of {', '.join(allowed)}. Received: {value!r}")


def in_range(name, value, expected, holds):
  """Raises UsageError, with what is expected, unless `holds(value)`."""
  # A comparison with nan is false, so nan fails every range.
  if not holds(value):
    raise errors.UsageError(f"--{name}: expected {expected}. Received: {value}")


def path(name, values):
  """Returns a path flag's value where the user meant it; None if not given."""
  text = getattr(values, name)
  if text == "":  # A shell variable that was not set, most likely.
    raise errors.UsageError(f"--{name}: expected a path. Received: ''")
  return paths.user_path(text) if text else None


def short_hash(fields):
  """Returns 8 hex digits that differ between configs, the seed left out.

  Args:
    fields: a config as a dict.
  """
  text = json.dumps(
      {k: v for k, v in fields.items() if k != "seed"}, sort_keys=True)
  return hashlib.sha256(text.encode()).hexdigest()[:8]


def default_logdir(name, config):
  """Returns the run directory of a config: one changed flag is another run.

  Args:
    name: of the flagfile, model or program.
    config: has `short_hash()` and `seed`.
  """
  folder = f"{name}-{config.short_hash()}"
  return paths.workspace() / "runs" / folder / f"seed{config.seed}"

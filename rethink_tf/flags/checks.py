"""Which values a flag takes.

A check is a function of a flag's name, its value, and a dict of the fields
above it; it raises UsageError, with what was expected and what was received.
"""

import math

from rethink_tf import errors


def in_range(name, value, expected, holds):
  """Raises UsageError, with what is expected, unless `holds(value)`."""
  # A comparison with nan is false, so nan fails every range.
  if not holds(value):
    raise errors.UsageError(f"--{name}: expected {expected}. Received: {value}")


def within(expected, holds):
  """Returns the check of one flag that `in_range` is for all."""
  return lambda name, value, _=None: in_range(name, value, expected, holds)


def whole(least, most, more=""):
  """Returns the check of a whole number from least to most, ends included."""
  return within(f"a whole number from {least} to {most:,}{more}",
                lambda x: least <= x <= most)


def one_of(allowed):
  """Returns the check of a value among those allowed, a tuple of str."""
  def check(name, value, _=None):
    if value not in allowed:
      raise errors.UsageError(
          f"--{name}: expected one of {', '.join(allowed)}. "
          f"Received: {value!r}")
  return check


COUNT = within("a whole number from 1 to 2^31 - 1", lambda x: 1 <= x < 2**31)
SEED = within("a whole number from 0 to 2^31 - 1", lambda x: 0 <= x < 2**31)
PROBABILITY = within("a number in [0, 1]", lambda x: 0 <= x <= 1)
BELOW_ONE = within("a number in [0, 1)", lambda x: 0 <= x < 1)
POSITIVE = within("a finite number > 0", lambda x: 0 < x < math.inf)
NOT_NEGATIVE = within("a finite number >= 0", lambda x: 0 <= x < math.inf)

"""The golden test of one dataset: every flagfile against its numbers."""

import pytest

from rethink_tf import errors
from tests.golden import golden


def load_or_skip(dataset):
  """Returns the golden numbers of the copy of a dataset that is here."""
  golden.make_deterministic()
  try:
    fingerprint = golden.fingerprint(dataset)
  except errors.DataError as error:
    pytest.skip(str(error))
  file = golden.path(dataset, fingerprint)
  if not file.exists():
    pytest.skip(f"this copy of {dataset} has no golden numbers; "
                "bazel run //tests:update_goldens makes them")
  return golden.read(file)


def check(stem, dataset, numbers):
  """Fails, with what moved, where a flagfile's run left its tolerance."""
  assert stem in numbers, f"{stem} has no golden numbers on {dataset}"
  moved = golden.differences(numbers[stem], golden.measure(stem, dataset))
  assert not moved, "\n".join(moved)

"""A property of run directories: any flipped bit is harmless, or is told.

`bazel run //tests:torture -- --damage=1000` tries as many as one likes.
"""

import functools
import pathlib
import tempfile

import hypothesis
from hypothesis import strategies as st
import pytest

from tests.programs import damage


@functools.cache
def _made(kind, done):
  """Returns a run directory and the result of an undisturbed run."""
  folder = pathlib.Path(tempfile.mkdtemp())
  damage.make(kind, folder / "run", done)
  if done:
    return folder / "run", damage.result(folder / "run")
  return folder / "run", _made(kind, True)[1]


@pytest.mark.parametrize("kind", damage.KINDS)
@pytest.mark.parametrize("done", [False, True])
def test_any_flipped_bit_is_harmless_named_or_refused(kind, done):
  made, expected = _made(kind, done)
  files = damage.list_files(made)

  @hypothesis.settings(
      max_examples=12, deadline=None, derandomize=True, database=None,
      suppress_health_check=list(hypothesis.HealthCheck))
  @hypothesis.given(
      name=st.sampled_from(files), place=st.floats(0, 1, exclude_max=True),
      bit=st.integers(0, 7))
  def try_any(name, place, bit):
    with tempfile.TemporaryDirectory() as folder:
      damage.try_flip(
          kind, made, pathlib.Path(folder), name, place, bit, expected)

  try_any()


@pytest.mark.parametrize("pattern", [
    "metrics.csv", "label_kinds.csv", "tensorboard/events*"])
@pytest.mark.parametrize("place", [0.1, 0.9])
def test_an_unfinished_run_writes_its_tables_and_curves_anew(
    pattern, place, tmp_path):
  made, expected = _made("train", False)
  name = next(made.glob(pattern)).relative_to(made)
  outcome = damage.try_flip("train", made, tmp_path, name, place, 3, expected)
  assert outcome == ("warned" if name.suffix == ".csv" else "unharmed")
  for table in ("metrics.csv", "label_kinds.csv"):
    rows = (tmp_path / "run" / table).read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize("kind", damage.KINDS)
def test_a_run_that_was_killed_ends_as_one_left_alone(kind, tmp_path):
  made, expected = _made(kind, False)
  assert damage.try_flip(
      kind, made, tmp_path, "lock", 0.0, 0, expected) == "unharmed"


@pytest.mark.parametrize("kind", damage.KINDS)
@pytest.mark.parametrize("count", [2, 5])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_run_that_lost_its_directory_ends_with_4_and_writes_nothing(
    kind, count, replaced, tmp_path):
  # The last file of all is not the fifth: there is more to be written.
  assert damage.lose(kind, tmp_path / "run", count, replaced)


def test_a_changed_result_would_be_seen(tmp_path):
  damage.make("lemma1", tmp_path / "run", True)
  expected = damage.result(tmp_path / "run")
  (tmp_path / "run/SHA256SUMS").unlink()
  place = (tmp_path / "run/metrics.csv").read_bytes().index(b"\n") + 1
  size = (tmp_path / "run/metrics.csv").stat().st_size
  with pytest.raises(AssertionError, match="another result"):
    damage.try_flip("lemma1", tmp_path / "run", tmp_path / "copy",
                    "metrics.csv", place / size, 0, expected)

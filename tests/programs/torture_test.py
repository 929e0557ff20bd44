"""A smaller torture: what `bazel run //tests:torture` does, a few times."""

import pytest

from tests.programs import torture


@pytest.mark.parametrize("name, kills, aim", [
    ("mlp_1x512", 3, "anywhere"), ("mlp_1x512", 3, "save"),
    ("interpolate", 1, "save"), ("rademacher", 1, "save")])
def test_a_run_that_is_killed_ends_as_the_undisturbed_one(
    tmp_path, name, kills, aim):
  outcome = torture.torture(name, kills, aim, tmp_path)
  assert outcome.kills == kills
  assert outcome.same
  assert outcome.recomputed <= 1
  if aim == "save":
    assert outcome.moments["saving"] == kills


def test_flipped_bits_and_directories_taken_away_are_counted(tmp_path):
  kinds = len(torture.damage.KINDS)
  assert torture.flip_bits(2 * kinds, tmp_path / "flips").total() == 2 * kinds
  taken = torture.take_away(kinds, tmp_path / "taken")
  assert taken.total() == kinds and set(taken) == {"removed", "replaced"}


def test_symbolic_links_are_counted_and_none_is_followed(tmp_path):
  kinds = len(torture.damage.KINDS)
  outcomes = torture.link(2 * kinds, tmp_path)
  assert outcomes.total() == 2 * kinds
  assert set(outcomes) == {"refused", "passed by"}


def test_a_link_that_was_followed_would_be_seen(tmp_path, monkeypatch):
  def follow(kind, directory, *more):
    del kind, more
    (directory / "notes.txt").write_text("mine")
    return 0, "", ""

  monkeypatch.setattr(torture.damage, "run", follow)
  (tmp_path / "made").mkdir()
  with pytest.raises(AssertionError, match="its target is another"):
    torture.damage.try_link(
        "lemma1", tmp_path / "made", tmp_path / "copy", "notes.txt", "file",
        False, None)


def test_a_difference_would_be_seen(tmp_path, monkeypatch):
  start = torture.start

  def start_with_another_seed(name, directory):
    if directory.name == "killed":
      program, flags = torture.RUNS[name]
      monkeypatch.setitem(torture.RUNS, name, (program, (*flags, "--seed=2")))
    return start(name, directory)

  monkeypatch.setattr(torture, "start", start_with_another_seed)
  assert not torture.torture("mlp_1x512", 1, "anywhere", tmp_path).same

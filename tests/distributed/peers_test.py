"""Tests that no byte string ends a chief that waits, or breaks a team."""

from tests.distributed import peers


def test_a_waiting_chief_outlives_whatever_comes(tmp_path):
  named = peers.attack_waiting_chief(300, tmp_path)
  assert named and all(
      line.startswith("warning: somebody from 127.0.0.1 came to worker 0 (")
      for line in named)


def test_whatever_a_member_says_is_a_failure_of_that_member():
  outcomes = peers.attack_running_team(300)
  assert sum(outcomes.values()) == 300
  # Of each kind of mutation some came through as far as they can.
  assert {"is gone", "said goodbye", "spoke out of turn",
          "sent what is no JSON"} <= set(outcomes), outcomes

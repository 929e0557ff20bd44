"""Tests of what a run says it has taken."""

from rethink_tf.runs import usage


def test_peak_memory_is_this_processs_in_gigabytes_and_never_falls():
  before = usage.peak_memory_gb()
  assert 0.005 < before < 100
  block = b"1" * int(0.3e9)
  held = usage.peak_memory_gb()
  del block
  assert held >= max(before, 0.3)
  assert usage.peak_memory_gb() >= held

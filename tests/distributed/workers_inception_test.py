"""Tests of several workers with all that the paper's networks have.

With batch normalization, which sees each worker's part of a batch, two workers
do not compute what one device does: they reach the same, and agree. Inception
V3 is left out where TFDS_DATA_DIR has no imagenet2012.
"""

import os
import pathlib
import signal

import pytest

from tests import launch
from tests.distributed import workers

_CONFIGS = pathlib.Path("configs").resolve()
_DATA = os.environ.get("TFDS_DATA_DIR")
# Augmentation, dropout, weight decay, the auxiliary head, smoothed labels, and
# averaged weights; the last batch of an epoch holds two photographs.
_PHOTOGRAPHS = (
    f"--flagfile={_CONFIGS}/table2_row1.flags", "--allow_sample",
    "--image_size=107", "--label_corruption=0.5", "--train_examples=10",
    "--batch_size=4", "--epochs=2", "--batch_norm_decay=0.5",
    "--moving_average_decay=0.9", "--logdir=run")
_DIGITS = (
    "--dataset=digits", "--model=inception_small", "--batch_size=64",
    "--epochs=4", "--eval_every=4", "--random_crop", "--weight_decay=2e-5",
    "--dropout=0.1", "--logdir=run")


def test_two_workers_reach_what_one_device_reaches(tmp_path):
  together = workers.train(tmp_path / "two", *_DIGITS)
  (tmp_path / "one").mkdir()
  done = launch.run("train", *_DIGITS, folder=tmp_path / "one")
  assert done.returncode == 0, done.stderr
  alone = workers.result(tmp_path / "one")
  assert alone["test_accuracy"] > 0.93
  # Of 500 images; two standard deviations of a difference are 3 points.
  assert together["test_accuracy"] == pytest.approx(
      alone["test_accuracy"], abs=0.04)


@pytest.mark.skipif(
    not (pathlib.Path(_DATA or "absent") / "imagenet2012").is_dir(),
    reason="no imagenet2012 in TFDS_DATA_DIR")
def test_inception_v3_goes_on_on_two_workers_as_if_never_stopped(tmp_path):
  whole = workers.train(tmp_path / "whole", *_PHOTOGRAPHS)
  assert whole["steps"] == 6 and whole["params"] > 23_817_352
  stopped = tmp_path / "stopped"
  stopped.mkdir()
  _, processes = launch.start_workers("train", _PHOTOGRAPHS, stopped)
  workers.wait_for_a_checkpoint(stopped, processes)
  processes[1].send_signal(signal.SIGTERM)
  assert [code for code, _, _ in workers.ends(processes)] == [75, 75]
  assert not (stopped / "run/result.json").exists()
  assert workers.train(stopped, *_PHOTOGRAPHS) == whole

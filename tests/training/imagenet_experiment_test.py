"""A run of Inception V3 on photographs, stopped in the middle or not.

With all that such a run has: augmentation, dropout, weight decay, the auxiliary
head, smoothed labels, and averaged weights. Skips where TFDS_DATA_DIR has no
imagenet2012.
"""

import os
import pathlib

import keras
import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals
from rethink_tf.training import experiment

_DATA = os.environ.get("TFDS_DATA_DIR")
_FLAGS = (
    "--flagfile=configs/table2_row1.flags", "--allow_sample",
    "--image_size=107", "--label_corruption=0.5", "--train_examples=10",
    "--batch_size=4", "--epochs=2", "--batch_norm_decay=0.5")


class _StopLater(signals.Stop):
  """Asks to stop when it has been asked so many times whether it does."""

  def __init__(self, questions):
    super().__init__()
    self._left = questions

  @property
  def reason(self):
    self._left -= 1
    if self._left == 0:
      self.ask("SIGTERM")
    return super().reason


def _run(folder, stop):
  keras.backend.clear_session()
  config, options = training_flags.parse([*_FLAGS, f"--logdir={folder}"])
  with run_directory.claim(folder) as directory:
    return experiment.run(config, options, directory, stop)


@pytest.mark.skipif(
    not (pathlib.Path(_DATA or "absent") / "imagenet2012").is_dir(),
    reason="no imagenet2012 in TFDS_DATA_DIR")
def test_a_run_that_was_stopped_ends_as_one_that_was_not(tmp_path):
  whole = _run(tmp_path / "whole", signals.Stop())
  # In the first epoch's second step, and, asked after every batch of the test
  # too, in the test after it, when the weights are their averages.
  for questions in (2, 6):
    with pytest.raises(errors.StoppedError, match="the same command goes on"):
      _run(tmp_path / "stopped", _StopLater(questions))
  resumed = _run(tmp_path / "stopped", signals.Stop())
  different = {key for key in whole if whole[key] != resumed[key]}
  assert different <= {"wall_seconds", "images_per_second"}
  assert whole["steps"] == 6 and whole["params"] > 23_817_352
  assert 0 <= whole["test_accuracy"] <= whole["test_top5"] <= 1
  assert whole["best_test_top5"] >= whole["test_top5"]

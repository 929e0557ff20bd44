"""Tests of the picture of the six modifications that results/ shows."""

import io
import pathlib

from matplotlib import image as image_lib
import numpy as np

import rethink_tf
from rethink_tf.data import preview
from rethink_tf.flags import training as training_flags

_SHOWN = (pathlib.Path(rethink_tf.__file__).parent.parent
          / "results/modifications.png")
# Of values in [0, 1]: what the drawing of letters may differ by elsewhere.
_TOLERANCE = 0.01


def test_the_committed_picture_is_that_of_train_preview_on_the_digits():
  config, _ = training_flags.parse(["--dataset=digits", "--preview"])
  drawn = io.BytesIO()
  preview.figure(config, None).savefig(drawn)
  drawn.seek(0)
  new, shown = image_lib.imread(drawn), image_lib.imread(_SHOWN)
  assert new.shape == shown.shape
  assert np.abs(new - shown).mean() < _TOLERANCE, (
      f"{_SHOWN} is stale: scripts/bazel run //rethink_tf:train -- "
      "--dataset=digits --preview --logdir=DIR writes DIR/preview.png")

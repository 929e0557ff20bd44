"""A picture of Section 2.1: the same images under each modification."""

import matplotlib.figure
import numpy as np

from rethink_tf.data import datasets
from rethink_tf.data import randomization

_IMAGES = 8
# Where a run has true or random labels, what the partly corrupted ones show.
_PARTLY = 0.5


def figure(config, data_dir):
  """Draws the first training images, modified in each of the paper's six ways.

  Args:
    config: the `Config`; its dataset and seeds are used, and its label
      corruption where that is neither 0 nor 1, with its kind of noise.
    data_dir: `pathlib.Path` or None, as `datasets.load` takes it.

  Returns:
    A matplotlib figure of six rows of 32x32 images, each captioned with the
    label a network would be trained on, red where it is not the true one.
  """
  data = datasets.load(config.dataset, data_dir)
  rows = _rows(config, data)
  drawn = matplotlib.figure.Figure(
      figsize=(1.25 * _IMAGES + 1.6, 1.5 * len(rows)), dpi=110,
      layout="constrained")
  grid = drawn.subplots(len(rows), _IMAGES)
  true = data.train.labels[:_IMAGES]
  for axes, (title, images, labels) in zip(grid, rows):
    axes[0].set_ylabel(
        title, rotation=0, ha="right", va="center", fontsize=12, labelpad=10)
    for axis, image, new, old in zip(axes, images, labels, true):
      # Gaussian noise is neither rounded nor clipped, except to be shown.
      axis.imshow(np.clip(np.rint(image), 0, 255).astype(np.uint8))
      axis.set_title(data.label_names[new], fontsize=11, pad=3,
                     color="tab:red" if new != old else "black")
      axis.set_xticks([])
      axis.set_yticks([])
  return drawn


def _rows(config, data):
  """Returns `(title, images, labels)` of each modification."""
  images, labels = data.train.images[:_IMAGES], data.train.labels[:_IMAGES]
  partly = config.label_corruption
  if partly in (0, 1):
    partly = _PARTLY
  title = f"partially\ncorrupted\nlabels\n(p = {partly:g})"
  if config.labels_file:
    partly, title = 0, "labels of\n--labels_file"

  def corrupted(probability, noise=None, given=None):
    return randomization.corrupt_training_labels(
        data, _IMAGES, probability, config.seed_of_labels, noise, given).labels

  def modified(name):
    return randomization.randomize_pixels(
        images, name, config.seed, "train", reference=data.train.images)

  return [
      ("true labels", images, labels),
      (title, images,
       corrupted(partly, config.label_noise, config.labels_file)),
      ("random\nlabels", images, corrupted(1)),
      ("shuffled\npixels", modified("shuffled_pixels"), labels),
      ("random\npixels", modified("random_pixels"), labels),
      ("Gaussian", modified("gaussian"), labels),
  ]

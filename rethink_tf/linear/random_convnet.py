"""The convolutional network of Coates and Ng with filters drawn at random.

Footnote 2 of the paper: the network of Coates and Ng (2012), the filters drawn
at random instead of by k-means. A filter is a patch of a training image, like
the patches that it meets: its contrast normalized, whitened, and scaled to norm
1. Each filter gives its response r at each patch two features, max(0, r - t)
and max(0, -r - t), each averaged over the image's quadrants: eight numbers.

The paper leaves open the constants. Contrast and whitening are those of Coates
and Ng; the threshold t is a flag, chosen on held-out training images
(`select_kernel`). The choice, 0.25, is also that of KeystoneML, a library of
one of the authors' group (RandomPatchCifar.scala), which has the same contrast
and whitening, but pools over 14 of 27 positions and not 13 or 14, and
standardizes the features.
"""

import dataclasses

import numpy as np

from rethink_tf import streams
from rethink_tf.linear import patches
from rethink_tf.linear import threads

SIDE = 6  # Of a patch, in pixels.
FEATURES_PER_FILTER = 8  # Two signs, four quadrants.
# Added to a patch's variance, of pixels 0 to 255; keeps flat patches flat.
_CONTRAST = 10.0
# Added to each eigenvalue of the patches' covariance.
_WHITENING = 0.1
# Patches that the covariance is measured on.
_SAMPLE = 100_000
# Images a core works on at a time: their responses should fit its cache.
_IMAGES = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
  """Filters, with the whitening folded in.

  Attributes:
    filters: float32 `(SIDE^2 channels, count)`: a contrast-normalized patch p
      responds p @ filters - offsets.
    offsets: float32 `(count,)`.
    threshold: t.
  """

  filters: np.ndarray
  offsets: np.ndarray
  threshold: float

  def features(self, images, block):
    """Returns the features of images for some of the filters.

    Args:
      images: uint8 `(n, height, width, channels)`.
      block: slice of the filters.

    Returns:
      float32 `(n, FEATURES_PER_FILTER * filters in the block)`.
    """
    filters, offsets = self.filters[:, block], self.offsets[block]
    side = images.shape[1] - SIDE + 1, images.shape[2] - SIDE + 1
    pooling = patches.quadrants(*side)
    count = filters.shape[1]
    result = np.empty((len(images), FEATURES_PER_FILTER * count), np.float32)

    def fill(start):
      part = images[start:start + _IMAGES]
      # (images, positions, filters)
      responses = normalize_patches(part) @ filters
      responses -= offsets
      # max(0, r - t) = max(t, r) - t, and the average of -t is -t.
      t = np.float32(self.threshold)
      positive = pooling @ np.maximum(responses, t) - t
      negative = -t - pooling @ np.minimum(responses, -t, out=responses)
      both = np.concatenate([positive, negative], axis=1)
      result[start:start + _IMAGES] = both.reshape(len(part), -1)

    with threads.pool() as executor:
      for _ in executor.map(fill, range(0, len(images), _IMAGES)):
        pass
    return result


def draw(images, count, threshold, seed):
  """Draws a network's filters from training images.

  Filter i is the same whatever `count` is.

  Args:
    images: uint8 `(n, height, width, channels)`.
    count: number of filters.
    threshold: t of the rectification.
    seed: of the streams.

  Returns:
    A `Network`.
  """
  sample = draw_patches(images, _SAMPLE, seed, "whitening")
  mean, whitening = _fit_whitening(sample)
  drawn = draw_patches(images, count, seed, "filters")
  white = (drawn - mean) @ whitening
  # A flat patch has no direction; none is left out, so that i stays i.
  white /= np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-6)
  filters = (whitening @ white.T).astype(np.float32)
  return Network(filters, (mean @ filters).astype(np.float32), threshold)


def draw_patches(images, count, seed, purpose):
  """Returns `count` patches from random places, `(count, SIDE^2 channels)`."""
  _, height, width, channels = images.shape
  where = [
      streams.integers(count, high, seed, "random_convnet", purpose, axis)
      for axis, high in (
          ("image", len(images)), ("row", height - SIDE + 1),
          ("column", width - SIDE + 1))]
  drawn = np.empty((count, SIDE, SIDE, channels), np.uint8)
  for position, (image, row, column) in enumerate(zip(*where)):
    drawn[position] = images[image, row:row + SIDE, column:column + SIDE]
  return normalize_patches(drawn)[:, 0].astype(np.float64)


def normalize_patches(images):
  """Returns the patches of images, each with mean 0 and about variance 1.

  Returns:
    float32 `(n, positions, SIDE^2 channels)`.
  """
  values = patches.extract(images.astype(np.float32), SIDE)
  values -= values.mean(axis=-1, keepdims=True)
  variance = np.square(values).mean(axis=-1, keepdims=True)
  values /= np.sqrt(variance + _CONTRAST)
  return values


def _fit_whitening(sample):
  """Returns the sample's mean and the matrix that whitens it (ZCA)."""
  mean = sample.mean(axis=0)
  covariance = np.cov(sample, rowvar=False, bias=True)
  values, vectors = np.linalg.eigh(covariance)
  return mean, vectors / np.sqrt(values + _WHITENING) @ vectors.T

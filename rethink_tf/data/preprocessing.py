"""From stored images to network inputs (appendix A).

"We divide the pixel values by 255 to scale them into [0, 1], crop from the
center to get 28x28 inputs, and then normalize them by subtracting the mean and
dividing the adjusted standard deviation independently for each image with the
per_image_whitening function in TENSORFLOW": today's
`tf.image.per_image_standardization`.
"""

import numpy as np

from rethink_tf import streams

CROP_SIZE = 28


def standardize(images):
  """Divides images by 255 and standardizes each one.

  Args:
    images: `(n, h, w, c)`, uint8, or float32 on the same scale.

  Returns:
    float32 `(n, h, w, c)`: each image less its mean, divided by
    max(its standard deviation, 1 / sqrt(h * w * c)).
  """
  # Imported here: on JAX `device` does this, and crops are drawn without it.
  import tensorflow as tf  # noqa: PLC0415

  scaled = tf.cast(images, tf.float32) / 255.0
  return tf.image.per_image_standardization(scaled)


def center_crop(images):
  """Returns the central 28x28 window of images `(n, 32, 32, c)`."""
  top = (images.shape[1] - CROP_SIZE) // 2
  left = (images.shape[2] - CROP_SIZE) // 2
  return images[:, top:top + CROP_SIZE, left:left + CROP_SIZE]


def crop_offsets(count, size, seed, epoch):
  """Draws the window of every example for one epoch.

  Args:
    count: number of examples.
    size: height and width of the images, 32.
    seed: the run's seed.
    epoch: the epoch, from 0.

  Returns:
    int64 `(count, 2)`: the top and left of example i's window, uniform in
    {0, ..., size - 28}.
  """
  high = size - CROP_SIZE + 1
  drawn = streams.integers(2 * count, high, seed, "random_crop", epoch)
  return drawn.reshape(count, 2)


def crop(images, offsets):
  """Cuts a 28x28 window out of each image.

  NumPy's strided views do this 50 times faster than `tf.gather`.

  Args:
    images: array `(n, h, w, c)`.
    offsets: int array `(n, 2)`, the top and left of each window.

  Returns:
    An array `(n, 28, 28, c)` of the same type.
  """
  shape = (CROP_SIZE, CROP_SIZE, images.shape[3])
  windows = np.lib.stride_tricks.sliding_window_view(
      images, shape, axis=(1, 2, 3))  # (n, h - 27, w - 27, 1, 28, 28, c)
  return windows[np.arange(len(images)), offsets[:, 0], offsets[:, 1], 0]

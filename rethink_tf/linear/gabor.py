"""Gabor wavelets: the preprocessing of Section 5's second MNIST model.

A wavelet is a plane wave under a Gaussian, and answers to strokes of its
orientation and width. The paper names the transform and gives no constants;
those here are fixed but for the flags, which were chosen on held-out training
images (`select_kernel`).
"""

import numpy as np

from rethink_tf.linear import patches
from rethink_tf.linear import threads

# Of the Gaussian's standard deviation along the wave to the wavelength: about
# one period and a half is seen, an octave of bandwidth (Daugman, 1985).
_SPREAD = 0.56
# Images a core works on at a time: their responses should fit its cache.
_IMAGES = 4


def bank(orientations, wavelengths):
  """Returns complex Gabor wavelets.

  The wavelet of orientation t and wavelength L is, at pixel (x, y) from its
  middle, with u = x cos t + y sin t and v = y cos t - x sin t,

      (exp(2 pi i u / L) - c) exp(-(u^2 + v^2) / (2 s^2)),   s = 0.56 L,

  where c makes it sum to zero, so that a blank part of an image gives none,
  scaled to sum of squares 1.

  Args:
    orientations: how many, evenly over half a turn.
    wavelengths: pixels a period, a sequence.

  Returns:
    complex64 `(len(wavelengths) * orientations, side, side)`, wavelength by
    wavelength; the side is odd and holds two standard deviations of the
    longest.
  """
  reach = int(np.ceil(2 * _SPREAD * max(wavelengths)))
  y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1]
  wavelets = []
  for wavelength in wavelengths:
    for turn in np.arange(orientations) * np.pi / orientations:
      u = x * np.cos(turn) + y * np.sin(turn)
      v = y * np.cos(turn) - x * np.sin(turn)
      window = np.exp(-(u**2 + v**2) / (2 * (_SPREAD * wavelength) ** 2))
      wave = np.exp(2j * np.pi * u / wavelength)
      wavelet = (wave - (wave * window).sum() / window.sum()) * window
      wavelets.append(wavelet / np.sqrt((np.abs(wavelet) ** 2).sum()))
  return np.array(wavelets, np.complex64)


def transform(images, orientations, wavelengths, spacing):
  """Returns the wavelets' moduli, averaged around the points of a grid.

  The modulus does not change when a stroke shifts by less than a wavelength,
  and the averages, with Gaussian weights of standard deviation `spacing` / 2,
  change little when it shifts by less than the grid.

  Args:
    images: float32 `(n, height, width, 1)`.
    orientations, wavelengths: of the `bank`.
    spacing: pixels from one grid point to the next.

  Returns:
    float32 `(n, points * wavelets)`.
  """
  wavelets = bank(orientations, wavelengths)
  side = wavelets.shape[-1]
  flat = wavelets.reshape(len(wavelets), -1)
  filters = np.concatenate([flat.real, flat.imag]).T  # (side^2, 2 wavelets)
  pooling = patches.windows(*images.shape[1:3], spacing, spacing / 2)
  border = ((side // 2,) * 2,) * 2
  result = np.empty(
      (len(images), len(pooling) * len(wavelets)), np.float32)

  def fill(start):
    part = images[start:start + _IMAGES]
    padded = np.pad(part, ((0, 0), *border, (0, 0)))
    responses = patches.extract(padded, side) @ filters
    real, imaginary = np.split(responses, 2, axis=-1)
    moduli = np.sqrt(real**2 + imaginary**2)  # (images, pixels, wavelets)
    result[start:start + _IMAGES] = (pooling @ moduli).reshape(len(part), -1)

  with threads.pool() as executor:
    for _ in executor.map(fill, range(0, len(images), _IMAGES)):
      pass
  return result

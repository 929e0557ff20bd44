"""Random Fourier features: points whose dot products are a Gaussian kernel's.

A finite-dimensional X for the model that Section 5 solves with a kernel (Rahimi
and Recht, 2007): with w_j normal of standard deviation 1 / bandwidth,

    phi(x) = (cos(w_1 . x), sin(w_1 . x), ...) / sqrt(count / 2),

phi(x) . phi(y) is on average exp(-||x - y||^2 / (2 bandwidth^2)), and
||phi(x)|| = 1.
"""

import numpy as np
from scipy import special

from rethink_tf import streams


def features(points, bandwidth, count, seed):
  """Returns float64 `(n, count)` features of `(n, d)` points.

  Args:
    points: `(n, d)`.
    bandwidth: of the Gaussian kernel.
    count: an even number.
    seed: of the frequencies.
  """
  return transform(
      points, frequencies(points.shape[1], count, seed), bandwidth)


def frequencies(dimensions, count, seed):
  """Returns the w_j for a bandwidth of 1, float64 `(d, count / 2)`."""
  half = count // 2
  uniform = streams.uniform(half * dimensions, seed, "fourier")
  # The middle of each of the 2^53 steps: zero would be minus infinity.
  return special.ndtri(uniform + 2.0**-54).reshape(dimensions, half)


def transform(points, normal, bandwidth):
  """Returns what `features` does of the same frequencies for all points.

  Args:
    points: `(n, d)`.
    normal: as `frequencies` returns them.
    bandwidth: of the Gaussian kernel.
  """
  angles = points @ normal / bandwidth
  waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
  return waves / np.sqrt(normal.shape[1])

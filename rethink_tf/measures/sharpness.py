"""Sharpness in PAC-Bayes' sense, and the bound that comes of it.

How much Gaussian noise on the weights the training accuracy bears. Each is a
function of a `Subject`, on the sample that `sampled_loss` takes.
"""

import functools

import numpy as np

from rethink_tf import streams
from rethink_tf.measures import sampled_loss
from rethink_tf.measures import subject as subject_lib

# By how much the training accuracy may fall.
FALL = 0.05
# Draws of noise that the training accuracy is a mean over, the same ones at
# each size of it: so the accuracy hardly ever rises with the noise.
DRAWS = 5
# sigma_j = 10^(1 - j / 20), j = 1, 2, ...: a fixed list, for which a bound can
# hold at all of them; each is 11% below the one before.
STEPS = 160
_PER_DECADE = 20
# With which probability over training sets the bound may not hold.
_DELTA = 0.05


def sharpness(subject):
  """The largest sigma at which w + sigma z costs 5 points, z ~ N(0, 1).

  Of training accuracy, a mean over `DRAWS` draws of z. Small: sharp. Of the
  list above, by bisection: at the next larger sigma it costs more.

  Raises:
    UndefinedError: at none, or at the largest too.
  """
  return sigma_of(_find(subject, is_relative=False))


def relative_sharpness(subject):
  """As `sharpness`, with noise in proportion to each weight: w (1 + sigma z).

  Neyshabur et al. (2017); scaling one layer up and the next down is no change.

  Raises:
    UndefinedError: as there.
  """
  return sigma_of(_find(subject, is_relative=True))


def pac_bayes_bound(subject):
  """E + sqrt((KL + ln(2 sqrt(n) / delta_j)) / (2 n)), a bound of test error.

  McAllester's bound with Maurer's constant (2004), of the network whose weights
  are drawn anew from N(w, sigma^2) for each image, with the prior
  N(w_0, sigma^2) around the initialization: KL = ||w - w_0||^2 / (2 sigma^2).
  The sigma is that of `sharpness`, E the training error there, an estimate by
  its draws and sample; delta_j = 0.05 * 6 / (pi j)^2 lets the bound hold for
  all of the list at once, in 95% of training sets. Dziugaite and Roy (2017),
  reference 14 of the paper, choose the posterior by training it; this is what
  there is without. Where it is 1 or more, the bound says nothing.

  Raises:
    UndefinedError: `sharpness` is.
  """
  loss = sampled_loss.of(subject)
  step = _find(subject, is_relative=False)
  moved = loss.weights - loss.initial
  divergence = moved @ moved / (2 * sigma_of(step) ** 2)
  error = 1 - _noisy_accuracy(subject, step, False)
  return bound(error, divergence, len(subject.split), step)


def bound(error, divergence, count, step):
  """Returns the bound of `pac_bayes_bound` from what enters it.

  Args:
    error: the expected training error, a fraction.
    divergence: of posterior and prior, in nats.
    count: of training examples.
    step: j, which of the list sigma is, from 1.
  """
  delta = _DELTA * 6 / (np.pi * step) ** 2
  return float(error + np.sqrt(
      (divergence + np.log(2 * np.sqrt(count) / delta)) / (2 * count)))


def sigma_of(step):
  """Returns sigma_j."""
  return float(10 ** (1 - step / _PER_DECADE))


def _find(subject, is_relative):
  """Returns the least j at which the accuracy falls by at most `FALL`."""
  loss = sampled_loss.of(subject)
  least = loss.accuracy(loss.weights) - FALL
  bears = functools.cache(
      lambda step: _noisy_accuracy(subject, step, is_relative) >= least)
  if not bears(STEPS):
    raise subject_lib.UndefinedError(
        f"training accuracy falls by more than {100 * FALL:g} points at sigma "
        f"= {sigma_of(STEPS):.2g}")
  if bears(1):
    raise subject_lib.UndefinedError(
        f"training accuracy falls by at most {100 * FALL:g} points at sigma = "
        f"{sigma_of(1):.2g}")
  above, below = 1, STEPS  # Too much noise, and little enough.
  while below - above > 1:
    middle = (above + below) // 2
    above, below = (above, middle) if bears(middle) else (middle, below)
  return below


def _noisy_accuracy(subject, step, is_relative):
  """Returns the mean training accuracy under noise of the j-th size."""
  key = "noisy_accuracy", step, is_relative
  if key not in subject.kept:
    loss = sampled_loss.of(subject)
    scale = sigma_of(step) * (np.abs(loss.weights) if is_relative else 1.0)
    subject.kept[key] = float(np.mean([
        loss.accuracy(loss.weights + scale * noise)
        for noise in _draw(subject, len(loss.weights))]))
  return subject.kept[key]


def _draw(subject, size):
  """Returns the noise of each draw, float32 `(DRAWS, size)`."""
  if "noise" not in subject.kept:
    subject.kept["noise"] = streams.normals(
        DRAWS, size, subject.seed, "sharpness")
  return subject.kept["noise"]

"""Tests of sharpness and of its bound against closed forms."""

import keras
import numpy as np
import pytest
from scipy import stats

from rethink_tf.measures import sampled_loss
from rethink_tf.measures import sharpness
from rethink_tf.measures import subject as subject_lib
from tests.measures import small

_COUNT = 2500
_MARGIN = 0.3


def _build(kernel):
  """A linear model whose example i sees row i of its kernel and nothing else.

  So noise on the weights is another on each example.
  """
  inputs = keras.Input((_COUNT,))
  layer = keras.layers.Dense(2, use_bias=False)
  model = keras.Model(inputs, layer(inputs))
  layer.kernel.assign(kernel)
  return model


@pytest.fixture(name="subject", scope="module")
def _subject():
  kernel = np.tile([_MARGIN, -_MARGIN], (_COUNT, 1))
  split = small.Split(np.eye(_COUNT, dtype=np.float32), np.zeros(_COUNT, int))
  return subject_lib.Subject(_build(kernel), _build(kernel - 0.1), split, 3)


# The margin under noise is N(2 m, 2 sigma^2), or with relative noise
# N(2 m, 2 sigma^2 m^2): right in 95% where its mean is 1.645 deviations.
_EXPECTED = np.sqrt(2) * _MARGIN / stats.norm.ppf(1 - sharpness.FALL)


def test_sharpness_of_a_linear_model_is_its_closed_form(subject):
  # A step of the list is 11%.
  assert sharpness.sharpness(subject) == pytest.approx(_EXPECTED, rel=0.12)
  assert sharpness.relative_sharpness(subject) == pytest.approx(
      _EXPECTED / _MARGIN, rel=0.12)


def test_it_is_the_largest_sigma_of_its_list_and_depends_on_the_seed_alone(
    subject):
  found = sharpness.sharpness(subject)
  again = subject_lib.Subject(
      subject.model, subject.initial, subject.split, 3)
  assert sharpness.sharpness(again) == found
  loss = sampled_loss.of(subject)
  noise = subject.kept["noise"]
  assert noise.shape == (sharpness.DRAWS, 2 * _COUNT)
  falls = [1 - np.mean([loss.accuracy(loss.weights + size * draw)
                        for draw in noise])
           for size in (found, found * 10**0.05)]
  assert falls[0] <= sharpness.FALL < falls[1]
  # The network is as it was.
  assert loss.accuracy(loss.weights) == 1


def test_the_bound_is_its_formula_and_says_something_where_it_may(subject):
  sigma = sharpness.sharpness(subject)
  divergence = 2 * _COUNT * 0.1**2 / (2 * sigma**2)
  step = round(20 * (1 - np.log10(sigma)))
  confidence = np.log(2 * np.sqrt(_COUNT) * np.pi**2 * step**2 / 6 / 0.05)
  error = stats.norm.cdf(-np.sqrt(2) * _MARGIN / sigma)
  found = sharpness.pac_bayes_bound(subject)
  assert found == pytest.approx(
      error + np.sqrt((divergence + confidence) / (2 * _COUNT)), abs=0.01)
  assert error < found < 1
  # The test error of the noisy network: other examples look at other rows, of
  # which the same share is misled.
  assert sharpness.bound(0.05, 100 * divergence, _COUNT, step) > 1


def test_deltas_of_all_sizes_of_noise_are_a_twentieth_together():
  def excess(step):
    """1 / delta_j, less what does not depend on j, of a bound of a million."""
    return np.exp(2e6 * sharpness.bound(0, 0, 10**6, step) ** 2) / 2000

  shares = sum(1 / excess(step) for step in range(1, 2000))
  assert shares == pytest.approx(0.05, rel=1e-3)


def test_what_no_noise_can_take_away_has_no_sharpness(subject):
  wrong = small.Split(subject.split.inputs, np.ones(_COUNT, int))
  never_right = subject_lib.Subject(subject.model, subject.initial, wrong)
  with pytest.raises(subject_lib.UndefinedError, match="at most 5 points at"):
    sharpness.sharpness(never_right)
  # The first difference between floats costs it.
  kernel = np.tile([1e-30, 0], (_COUNT, 1))
  razor = subject_lib.Subject(
      _build(kernel), subject.initial, subject.split)
  with pytest.raises(
      subject_lib.UndefinedError, match="more than 5 points at sigma = 1e-07"):
    sharpness.sharpness(razor)

"""Tests of the modifications of pixels: what happens to each split."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from rethink_tf.data import digits
from rethink_tf.data import randomization
from rethink_tf.flags import training as training_flags
from tests import launch

_NAMES = training_flags.PIXEL_RANDOMIZATIONS[1:]
# Every pixel tells its image, its position and its channel.
_COUNT = 6
_IMAGES = np.arange(_COUNT * 32 * 32 * 3).reshape(_COUNT, 32, 32, 3)


def _random_images(count, seed=0):
  bits = np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3))
  return bits.astype(np.uint8)


def _positions(modified, index):
  """Returns where each of an image's 1,024 pixels came from."""
  flat = modified[index].reshape(1024, 3)
  own = flat - index * 3072
  np.testing.assert_array_equal(own % 3, [[0, 1, 2]] * 1024)  # Together.
  positions = own[:, 0] // 3
  np.testing.assert_array_equal(np.sort(positions), np.arange(1024))
  return positions


def test_shuffled_pixels_moves_every_image_alike_and_channels_together():
  modified = randomization.shuffled_pixels(_IMAGES, seed=3)
  first = _positions(modified, 0)
  for index in range(1, _COUNT):
    np.testing.assert_array_equal(_positions(modified, index), first)
  assert (first != np.arange(1024)).sum() > 1000


def test_shuffled_pixels_of_train_and_test_are_shuffled_alike():
  train, test = (
      randomization.randomize_pixels(_IMAGES, "shuffled_pixels", 3, split, None)
      for split in ("train", "test"))
  np.testing.assert_array_equal(train, test)


def test_random_pixels_moves_each_image_by_a_permutation_of_its_own():
  train, test = (
      randomization.random_pixels(_IMAGES, 3, split)
      for split in ("train", "test"))
  permutations = [_positions(images, index)
                  for images in (train, test) for index in range(_COUNT)]
  for i, first in enumerate(permutations):
    for second in permutations[:i]:
      # Two independent permutations agree in one position on average.
      assert (first == second).sum() < 12


def test_a_permutation_of_random_pixels_is_uniform():
  images = np.tile(np.arange(1024).reshape(1, 32, 32, 1), (4000, 1, 1, 1))
  moved = randomization.random_pixels(images, 1, "train").reshape(4000, 1024)
  for position in (0, 511, 1023):
    counts = np.bincount(moved[:, position] // 64, minlength=16)
    assert stats.chisquare(counts).pvalue > 1e-4


def test_gaussian_has_the_mean_and_deviation_of_each_channel():
  mean, deviation = np.array([20.0, 128.0, 300.0]), np.array([5.0, 60.0, 90.0])
  shape = (500, 32, 32, 3)
  drawn = randomization.gaussian(shape, mean, deviation, 1, "train")
  assert drawn.dtype == np.float32
  values = drawn.reshape(-1, 3).astype(np.float64)
  of_mean = deviation / len(values)**0.5  # Standard errors.
  assert (np.abs(values.mean(axis=0) - mean) < 4 * of_mean).all()
  assert (np.abs(values.std(axis=0) - deviation) < 4 * of_mean).all()
  standard = (values - mean) / deviation
  assert stats.kstest(standard[:50_000].ravel(), "norm").pvalue > 1e-3
  assert np.abs(np.corrcoef(standard.T) - np.eye(3)).max() < 0.01


def test_gaussian_is_neither_rounded_nor_clipped():
  drawn = randomization.gaussian((50, 32, 32, 3), [128.0], [80.0], 1, "train")
  assert drawn.min() < 0 and drawn.max() > 255
  assert len(np.unique(drawn)) > 0.99 * drawn.size


def test_gaussian_of_train_and_test_are_independent():
  train, test = (
      randomization.gaussian((40, 32, 32, 3), [0.0], [1.0], 1, split)
      for split in ("train", "test"))
  assert abs(np.corrcoef(train.ravel(), test.ravel())[0, 1]) < 0.02


def test_moments_are_those_of_numpy_over_all_pixels_of_a_channel():
  images = _random_images(30)
  images[..., 1] //= 3
  mean, deviation = randomization.moments(images)
  flat = images.reshape(-1, 3).astype(np.float64)
  np.testing.assert_allclose(mean, flat.mean(axis=0), rtol=1e-12)
  np.testing.assert_allclose(deviation, flat.std(axis=0), rtol=1e-9)


def test_gaussian_takes_the_moments_of_the_whole_training_set():
  images = _random_images(400)
  images[200:] //= 4  # The first half is brighter than the whole.
  drawn = randomization.randomize_pixels(
      images[:100], "gaussian", 1, "train", reference=images)
  assert abs(drawn.mean() - images.mean()) < 1
  assert abs(drawn.mean() - images[:100].mean()) > 20


@pytest.mark.parametrize("name", _NAMES)
def test_the_first_n_images_are_what_they_are_among_all(name):
  images = _random_images(1203)  # More than one chunk of the stream.
  everything = randomization.randomize_pixels(images, name, 1, "train", images)
  for count in (1, 1001):
    np.testing.assert_array_equal(everything[:count], (
        randomization.randomize_pixels(
            images[:count], name, 1, "train", images)))


@pytest.mark.parametrize("name", _NAMES)
def test_the_input_is_left_alone_and_seeds_differ(name):
  images = _random_images(5)
  before = images.copy()
  first, again, other = (
      randomization.randomize_pixels(images, name, seed, "train", images)
      for seed in (1, 1, 2))
  np.testing.assert_array_equal(images, before)
  np.testing.assert_array_equal(first, again)
  assert (first != other).mean() > 0.9
  assert first.shape == images.shape


def test_none_is_the_images_themselves():
  images = _random_images(2)
  same = randomization.randomize_pixels(images, "none", 1, "train", None)
  assert same is images


def _digest(name):
  images = digits.load()[1].images
  modified = randomization.randomize_pixels(
      images, name, 4, "test", digits.load()[0].images)
  # Of the Gaussian, what is the same whatever the last bit of a logarithm.
  rounded = np.round(modified.astype(np.float64), 1)
  return hashlib.sha256(rounded.astype("<f8").tobytes()).hexdigest()


_DIGEST_OF_DIGITS = """
import sys
from tests.data import pixels_test
print(pixels_test._digest(sys.argv[1]))
"""


@pytest.mark.parametrize("name", _NAMES)
def test_any_process_draws_the_same_images(name, tmp_path):
  printed = launch.python(
      _DIGEST_OF_DIGITS, name, folder=tmp_path, PYTHONHASHSEED="7")
  assert printed.stdout.strip() == _digest(name), printed.stderr

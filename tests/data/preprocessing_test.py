"""Tests of preprocessing: against NumPy, and the windows' distribution."""

import numpy as np
import pytest
from scipy import stats

from rethink_tf.data import preprocessing

_RANDOM = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3)).astype(
    np.uint8)


def _standardized(images):
  """The formula of `tf.image.per_image_standardization`, in float64."""
  scaled = images.astype(np.float64) / 255
  flat = scaled.reshape(len(images), -1)
  floor = 1 / np.sqrt(flat.shape[1])
  spread = np.maximum(flat.std(axis=1), floor)
  return (scaled - flat.mean(axis=1)[:, None, None, None]) / (
      spread[:, None, None, None])


def test_standardize_agrees_with_numpy_on_each_image_by_itself():
  images = preprocessing.center_crop(_RANDOM)
  result = preprocessing.standardize(images).numpy()
  assert result.dtype == np.float32
  np.testing.assert_allclose(result, _standardized(images), atol=2e-6)
  # An image's result is the same alone as among others.
  alone = preprocessing.standardize(images[7:8]).numpy()
  np.testing.assert_allclose(alone[0], result[7], atol=1e-6)


def test_standardized_images_have_mean_0_and_deviation_1():
  flat = preprocessing.standardize(_RANDOM).numpy().reshape(50, -1)
  np.testing.assert_allclose(flat.mean(axis=1), 0, atol=1e-5)
  np.testing.assert_allclose(flat.std(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_constant_image_becomes_zeros(value):
  result = preprocessing.standardize(np.full((1, 28, 28, 3), value, np.uint8))
  np.testing.assert_allclose(result, 0, atol=1e-4)


def test_a_nearly_constant_image_is_divided_by_the_floor():
  # One of N = 2,352 pixels is 1/255 above the rest. Its deviation,
  # sqrt(N - 1) / (255 N), lies below 1 / sqrt(N), so by hand it becomes
  # (1 - 1/N) / 255 * sqrt(N), and each other -1 / (255 N) * sqrt(N).
  image = np.full((1, 28, 28, 3), 100, np.uint8)
  image[0, 5, 6, 1] = 101
  count = 28 * 28 * 3
  result = preprocessing.standardize(image).numpy()[0]
  lit = result[5, 6, 1]
  np.testing.assert_allclose(lit, (1 - 1 / count) / 255 * count**0.5, rtol=1e-4)
  others = np.delete(result.ravel(), (5 * 28 + 6) * 3 + 1)
  np.testing.assert_allclose(others, -1 / 255 / count**0.5, atol=2e-5)


def test_the_floor_is_that_of_values_between_0_and_1():
  # A checkerboard of 0 and 10 has deviation 5/255, just below the floor of
  # 1/sqrt(2352) = 5.26/255. Compared with pixels that were not divided by 255
  # the floor would be far below, with pixels divided twice far above.
  image = (np.indices((28, 28)).sum(axis=0) % 2 * 10).astype(np.uint8)
  image = np.repeat(image[np.newaxis, ..., np.newaxis], 3, axis=-1)
  result = preprocessing.standardize(image).numpy()
  np.testing.assert_allclose(
      np.abs(result), 5 / 255 * np.sqrt(28 * 28 * 3), rtol=1e-4)


def test_the_central_window_leaves_out_2_pixels_on_each_side():
  np.testing.assert_array_equal(
      preprocessing.center_crop(_RANDOM), _RANDOM[:, 2:30, 2:30])


def test_a_crop_is_the_slice_at_its_offset_for_every_offset():
  offsets = np.array([(top, left) for top in range(5) for left in range(5)])
  images = _RANDOM[:25]
  windows = np.asarray(preprocessing.crop(images, offsets))
  assert windows.shape == (25, 28, 28, 3)
  for image, window, (top, left) in zip(images, windows, offsets):
    np.testing.assert_array_equal(
        window, image[top:top + 28, left:left + 28])


def test_offsets_are_uniform_over_all_25_windows():
  offsets = preprocessing.crop_offsets(50_000, 32, seed=1, epoch=3)
  assert offsets.shape == (50_000, 2) and offsets.dtype == np.int64
  counts = np.zeros((5, 5), int)
  np.add.at(counts, tuple(offsets.T), 1)
  assert stats.chisquare(counts.ravel()).pvalue > 1e-3


def test_offsets_of_an_image_of_28_pixels_are_0():
  assert not preprocessing.crop_offsets(100, 28, seed=1, epoch=0).any()


def test_offsets_differ_by_epoch_and_seed_as_if_independent():
  first = preprocessing.crop_offsets(20_000, 32, seed=1, epoch=0)
  for seed, epoch in ((1, 1), (2, 0)):
    other = preprocessing.crop_offsets(20_000, 32, seed=seed, epoch=epoch)
    same = int((first == other).all(axis=1).sum())
    assert stats.binomtest(same, 20_000, 1 / 25).pvalue > 1e-3


def test_offsets_belong_to_the_example_and_not_to_how_many_there_are():
  many = preprocessing.crop_offsets(1297, 32, seed=4, epoch=2)
  few = preprocessing.crop_offsets(100, 32, seed=4, epoch=2)
  np.testing.assert_array_equal(few, many[:100])

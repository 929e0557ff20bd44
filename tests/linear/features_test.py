"""Tests of patches, Gabor wavelets and the random convolutional network."""

import dataclasses

import numpy as np
import pytest
from scipy import signal

from rethink_tf import streams
from rethink_tf.linear import gabor
from rethink_tf.linear import patches
from rethink_tf.linear import random_convnet


def _images(count=3, side=13, channels=3, seed=1):
  size = count * side * side * channels
  drawn = streams.integers(size, 256, seed, "images").astype(np.uint8)
  return drawn.reshape(count, side, side, channels)


def test_patches_worked_by_hand():
  image = np.arange(2 * 3 * 2).reshape(1, 2, 3, 2)
  extracted = patches.extract(image, 2)
  assert extracted.shape == (1, 2, 8)
  assert extracted[0, 0].tolist() == [0, 1, 2, 3, 6, 7, 8, 9]
  assert extracted[0, 1].tolist() == [2, 3, 4, 5, 8, 9, 10, 11]


def test_patches_run_along_rows():
  images = _images()
  extracted = patches.extract(images, 4)
  assert extracted.shape == (3, 100, 48)
  assert (extracted[2, 37] == images[2, 3:7, 7:11].ravel()).all()


def test_quadrants_worked_by_hand():
  # Of 3 rows the first half has 2; of 2 columns, 1.
  weights = patches.quadrants(3, 2).reshape(4, 3, 2)
  assert weights.sum(axis=(1, 2)).tolist() == [1, 1, 1, 1]
  assert weights[0].tolist() == [[0.5, 0], [0.5, 0], [0, 0]]
  assert weights[3].tolist() == [[0, 0], [0, 0], [0, 1]]
  # Every place is in exactly one quadrant.
  assert ((weights > 0).sum(axis=0) == 1).all()


def test_windows_average_around_evenly_spaced_points():
  weights = patches.windows(28, 28, 4, 2.0).reshape(49, 28, 28)
  np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1, rtol=1e-6)
  # The first is around pixel (1.5, 1.5), the middle of the first 4 x 4.
  peak = np.argwhere(weights[0] == weights[0].max())
  assert peak.min() == 1 and peak.max() == 2
  # The grid is the image's: turned by half a turn, the same points.
  np.testing.assert_allclose(
      weights, weights[::-1, ::-1, ::-1], rtol=1e-5, atol=1e-9)


def test_a_wavelet_sums_to_zero_and_has_norm_one():
  wavelets = gabor.bank(6, (4.0, 7.0))
  assert wavelets.shape == (12, 17, 17)
  np.testing.assert_allclose(wavelets.sum(axis=(1, 2)), 0, atol=1e-5)
  np.testing.assert_allclose(
      (np.abs(wavelets) ** 2).sum(axis=(1, 2)), 1, rtol=1e-5)


@pytest.mark.parametrize("turn", range(4))
def test_a_wavelet_answers_to_its_own_orientation_and_wavelength(turn):
  y, x = np.mgrid[:28, :28]
  angle = turn * np.pi / 4
  wave = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / 4)
  features = gabor.transform(
      wave[np.newaxis, :, :, np.newaxis].astype(np.float32), 4, (4.0, 8.0), 4)
  of_wavelet = features.reshape(49, 8)[24]  # In the middle.
  assert of_wavelet.argmax() == turn  # Of wavelength 4, the first four.
  assert of_wavelet[turn] > 2 * np.delete(of_wavelet, turn).max()


def test_a_blank_image_has_no_wavelets_but_at_its_border():
  features = gabor.transform(np.ones((1, 40, 40, 1), np.float32), 4, (4.0,), 4)
  middle = features.reshape(10, 10, 4)[4:6, 4:6]
  np.testing.assert_allclose(middle, 0, atol=1e-3)


def test_the_transform_is_scipys_convolution():
  image = _images(1, 20, 1)[0, :, :, 0] / 255
  moduli = np.array([
      np.abs(signal.correlate(image, wavelet, "same"))
      for wavelet in np.conj(gabor.bank(3, (5.0,)))])
  pooling = patches.windows(20, 20, 5, 2.5)
  expected = pooling @ moduli.reshape(3, -1).T
  features = gabor.transform(
      image[np.newaxis, :, :, np.newaxis].astype(np.float32), 3, (5.0,), 5)
  np.testing.assert_allclose(features.reshape(-1, 3), expected, atol=1e-4)


def test_more_images_than_a_core_takes_are_each_transformed_alone():
  images = _images(11, 16, 1).astype(np.float32)
  whole = gabor.transform(images, 2, (4.0,), 4)
  alone = [gabor.transform(images[i:i + 1], 2, (4.0,), 4)[0] for i in range(11)]
  np.testing.assert_allclose(whole, alone, rtol=1e-5)


def _slow_features(network, image, filters):
  """The network's features of one image, a patch at a time, in float64."""
  side = image.shape[0] - 5
  half = (side + 1) // 2
  total = np.zeros((2, 2, 2, filters))
  count = np.zeros((2, 2))
  for row in range(side):
    for column in range(side):
      patch = image[row:row + 6, column:column + 6].astype(float).ravel()
      patch = (patch - patch.mean()) / np.sqrt(patch.var() + 10)
      response = patch @ network.filters - network.offsets
      place = int(row >= half), int(column >= half)
      count[place] += 1
      for sign, value in enumerate((response, -response)):
        total[sign][place] += np.maximum(0, value - network.threshold)
  return (total / count[..., np.newaxis]).ravel()


def test_features_are_those_of_a_patch_at_a_time():
  images = _images(9)
  network = random_convnet.draw(images, 5, 0.7, 1)
  features = network.features(images, slice(0, 5))
  assert features.shape == (9, 40)
  for image, row in zip(images, features):
    np.testing.assert_allclose(
        row, _slow_features(network, image, 5), atol=1e-4)


def test_a_block_of_filters_is_that_part_of_all():
  images = _images()
  network = random_convnet.draw(images, 7, 1.0, 1)
  whole = network.features(images, slice(0, 7)).reshape(3, 8, 7)
  block = network.features(images, slice(4, 6)).reshape(3, 8, 2)
  np.testing.assert_allclose(block, whole[:, :, 4:6], atol=1e-5)


def test_filters_whiten_and_have_norm_one_among_white_patches():
  images = _images(40, 24)
  network = random_convnet.draw(images, 200, 0.0, 1)
  extracted = random_convnet.normalize_patches(images)
  responses = extracted.reshape(-1, 108) @ network.filters - network.offsets
  # Random pixels: every direction has variance 1 or a little less, but that of
  # the mean, which was taken off.
  np.testing.assert_allclose(responses.mean(axis=0), 0, atol=0.05)
  assert 0.85 < responses.std(axis=0).mean() < 1.02


def test_a_filter_answers_most_to_the_patch_that_it_is():
  images = _images(10, 12)
  network = random_convnet.draw(images, 4, 0.0, 3)
  drawn = random_convnet.draw_patches(images, 4, 3, "filters")
  responses = drawn @ network.filters - network.offsets
  assert (responses.argmax(axis=0) == np.arange(4)).all()


def test_fewer_filters_are_the_first_of_more():
  images = _images(5)
  few, many = (random_convnet.draw(images, k, 1.0, 1) for k in (3, 9))
  np.testing.assert_allclose(few.filters, many.filters[:, :3], atol=1e-6)
  other = random_convnet.draw(images, 3, 1.0, 2)
  assert np.abs(other.filters - few.filters).max() > 0.01


def test_a_network_cannot_be_changed():
  network = random_convnet.draw(_images(), 2, 1.0, 1)
  with pytest.raises(dataclasses.FrozenInstanceError):
    network.threshold = 0

"""Tests of imagenet_preprocessing: by hand, colorsys and NumPy."""

import colorsys
import json
import os
import pathlib

import numpy as np
import pytest
from scipy import stats
import tensorflow as tf

from rethink_tf.data import prepared
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing
from tests import launch

_DATA = os.environ.get("TFDS_DATA_DIR")

# Draws in the middle change no color; the last four are those of colors.
_MIDDLE = [0.3, 0.0, 0.9, 0.5, 0.5, 0.5, 0.5]
_COLUMNS = dict(box=0, thread=1, flip=2, brightness=3, saturation=4, hue=5,
                contrast=6)
_END = 1 - 2.0**-53


def _draws(**changed):
  """Returns a row of draws: the middle, with some changed by name."""
  row = np.array(_MIDDLE)
  for name, value in changed.items():
    row[_COLUMNS[name]] = value
  return row


def _jpeg(image):
  """Encodes values in [0, 1], `(h, w, 3)`, as a JPEG of the best quality."""
  return tf.io.encode_jpeg(
      np.round(255 * np.asarray(image)).astype(np.uint8), quality=100,
      chroma_downsampling=False)


def _filled(color, height=60, width=80):
  return np.full((height, width, 3), color, np.float32)


def _ramp(height, width):
  """Grey that rises from 0.2 on the left to 0.8 on the right."""
  ramp = np.linspace(0.2, 0.8, width, dtype=np.float32)
  return np.tile(ramp[:, np.newaxis], (height, 1, 3))


def _numbered(height, width):
  """Returns an image whose every pixel has its own value: y + x / 1000."""
  y, x = np.indices((height, width), np.float32)
  return np.repeat((y + x / 1000)[..., np.newaxis], 3, axis=-1)


def _seed(index):
  return np.array([index, 0])


# Drawing.


def test_draws_are_uniform_and_those_of_different_uses_uncorrelated():
  count = 20_000
  drawn = imagenet_preprocessing.example_draws(count, seed=1, epoch=0)
  assert drawn.shape == (count, 7) and drawn.dtype == np.float64
  for column in drawn.T:
    assert stats.kstest(column, "uniform").pvalue > 1e-3
  correlations = np.corrcoef(drawn.T)[np.triu_indices(7, k=1)]
  # Of independent columns, each has the standard deviation 1 / sqrt(count).
  assert np.abs(correlations).max() < 4 / np.sqrt(count)


def test_draws_belong_to_seed_epoch_and_example_alone():
  def draw(count, seed, epoch):
    return imagenet_preprocessing.example_draws(count, seed, epoch)

  first = draw(1000, 1, 0)
  np.testing.assert_array_equal(draw(7, 1, 0), first[:7])
  assert draw(0, 1, 0).shape == (0, 7)
  for other in (draw(1000, 1, 1), draw(1000, 2, 0)):
    assert not (first == other).any()


def test_another_process_distorts_alike(tmp_path):
  code = """
import json
from rethink_tf.data.imagenet import preprocessing as here
row = here.example_draws(9, 5, 2)[8]
begin, extent = here.distorted_box([375, 500, 3], [int(row[0] * 2**53), 0])
print(json.dumps([row.tolist(), begin.numpy().tolist(),
                  extent.numpy().tolist()]))
"""
  printed = launch.python(code, folder=tmp_path).stdout
  row = imagenet_preprocessing.example_draws(9, 5, 2)[8]
  begin, extent = imagenet_preprocessing.distorted_box(
      [375, 500, 3], [int(row[0] * 2**53), 0])
  assert json.loads(printed) == [
      row.tolist(), begin.numpy().tolist(), extent.numpy().tolist()]


# Decoding and scaling.


def test_decoded_values_are_pixels_divided_by_255():
  # All values of an 8x8 block being equal, JPEG keeps them as they are.
  grey = [0, 1, 100, 254, 255]
  image = np.repeat(np.array(grey) / 255, 8)[np.newaxis, :, np.newaxis]
  decoded = imagenet_preprocessing.decode(_jpeg(np.tile(image, (16, 1, 3))))
  assert decoded.dtype == tf.float32 and decoded.shape == (16, 40, 3)
  expected = np.repeat(np.array(grey) / 255, 8)
  np.testing.assert_allclose(
      decoded, np.broadcast_to(expected[:, np.newaxis], (16, 40, 3)),
      atol=1e-7)


def test_a_grey_jpeg_becomes_three_equal_channels():
  grey = np.tile(np.arange(0, 240, 6, np.uint8)[:, np.newaxis], (32, 1, 1))
  decoded = imagenet_preprocessing.decode(
      tf.io.encode_jpeg(grey, quality=100)).numpy()
  assert decoded.shape == (32, 40, 3)
  np.testing.assert_array_equal(decoded, decoded[..., :1].repeat(3, axis=-1))
  np.testing.assert_allclose(decoded[..., :1], grey / 255, atol=2 / 255)


@pytest.mark.parametrize("damage", [
    lambda whole: whole[:len(whole) // 2], lambda whole: b"",
    lambda whole: b"\0" * len(whole)])
def test_what_is_no_whole_jpeg_is_refused(damage):
  noise = np.random.default_rng(0).uniform(size=(64, 64, 3))
  damaged = damage(_jpeg(noise).numpy())
  with pytest.raises(tf.errors.InvalidArgumentError):
    imagenet_preprocessing.for_evaluation(damaged, 32)
  with pytest.raises(tf.errors.InvalidArgumentError):
    imagenet_preprocessing.for_training(damaged, 32, _draws())


def test_scale_maps_0_to_1_to_minus_1_to_1():
  np.testing.assert_array_equal(
      imagenet_preprocessing.scale(tf.constant([0.0, 0.25, 0.5, 1.0])),
      [-1, -0.5, 0, 1])


# Evaluation.


@pytest.mark.parametrize("height, width, top, left", [
    (64, 64, 4, 4), (375, 500, 23, 31), (80, 33, 5, 2), (15, 16, 0, 1)])
def test_the_central_window_leaves_out_a_16th_on_each_side(
    height, width, top, left):
  # The 2016 version of `tf.image.central_crop` began at h // 16 and w // 16.
  image = _numbered(height, width)
  expected = image[top:height - top, left:width - left]
  np.testing.assert_array_equal(
      imagenet_preprocessing.central_crop(image), expected)
  # So, too, where the shape is known only once the image is read.
  known_late = tf.function(
      imagenet_preprocessing.central_crop,
      input_signature=[tf.TensorSpec([None, None, 3])])
  np.testing.assert_array_equal(known_late(image), expected)


def test_the_evaluation_view_of_64_pixels_at_56_is_the_window_itself():
  encoded = _jpeg(np.random.default_rng(1).uniform(size=(64, 64, 3)))
  pixels = tf.io.decode_jpeg(encoded).numpy().astype(np.float64)
  view = imagenet_preprocessing.for_evaluation(encoded, 56)
  np.testing.assert_allclose(
      view, pixels[4:60, 4:60] / 127.5 - 1, atol=1e-6)


def test_the_evaluation_view_at_half_the_window_takes_every_other_pixel():
  # The bilinear resizing of TensorFlow 1 samples positions 0, 2, 4, ...
  encoded = _jpeg(np.random.default_rng(2).uniform(size=(128, 128, 3)))
  pixels = tf.io.decode_jpeg(encoded).numpy().astype(np.float64)
  view = imagenet_preprocessing.for_evaluation(encoded, 56)
  np.testing.assert_allclose(
      view, pixels[8:120:2, 8:120:2] / 127.5 - 1, atol=1e-6)


# Resizing.


@pytest.mark.parametrize("method", range(4))
@pytest.mark.parametrize("height, width", [(3, 40), (13, 7), (50, 31)])
def test_a_constant_image_stays_constant(method, height, width):
  resized = imagenet_preprocessing.resize(
      _filled([0.1, 0.5, 0.9], height, width), 13, method)
  np.testing.assert_allclose(
      resized, _filled([0.1, 0.5, 0.9], 13, 13), atol=1e-5)


@pytest.mark.parametrize("method, expected", [
    (0, [0, 2]), (1, [0, 2]), (3, [0.5, 2.5])])
def test_4_pixels_become_2_by_hand(method, expected):
  # Today's `tf.image.resize` gives 0.5 and 2.5 by bilinear, 1 and 3 by nearest.
  image = np.tile(np.arange(4, dtype=np.float32)[:, np.newaxis], (2, 1, 3))
  resized = imagenet_preprocessing.resize(image, 2, method).numpy()
  np.testing.assert_allclose(resized[0, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("method, expected", [
    (0, [0, 0.5, 1, 1]), (1, [0, 0, 1, 1])])
def test_2_pixels_become_4_by_hand(method, expected):
  image = np.tile(np.arange(2, dtype=np.float32)[:, np.newaxis], (4, 1, 3))
  resized = imagenet_preprocessing.resize(image, 4, method).numpy()
  np.testing.assert_allclose(resized[0, :, 0], expected, atol=1e-6)


def test_the_bicubic_kernel_is_that_of_keys_with_minus_3_quarters():
  # Halfway between pixels it weighs the two beside it with 0.59375 and the two
  # beyond with -0.09375; -0.5, as today, gives 0.5625 and -0.0625.
  image = np.zeros((8, 4, 3), np.float32)
  image[:, 1] = 1
  resized = imagenet_preprocessing.resize(image, 8, 2).numpy()
  np.testing.assert_allclose(
      resized[0, [1, 2, 3, 5], 0], [0.59375, 1, 0.59375, -0.09375], atol=1e-6)


# Boxes.


def _boxes(shape, count):
  drawn = [imagenet_preprocessing.distorted_box(shape, _seed(index))
           for index in range(count)]
  begin, extent = (np.stack([pair[part] for pair in drawn]) for part in (0, 1))
  return begin[:, :2], extent[:, :2]


@pytest.mark.parametrize("height, width", [
    (375, 500), (500, 333), (224, 224), (40, 50)])
def test_boxes_keep_to_the_ranges_of_area_and_aspect_and_fill_them(
    height, width):
  begin, extent = _boxes([height, width, 3], 1500)
  assert (begin >= 0).all() and (begin + extent <= (height, width)).all()
  area = extent.prod(axis=1) / (height * width)
  assert area.min() >= 0.1 and area.max() <= 1
  # The width is rounded to whole pixels.
  tall, wide = extent.T
  assert (wide >= 0.75 * tall - 0.5).all()
  assert (wide <= 1.33 * tall + 0.5).all()
  aspect = wide / tall
  assert area.min() < 0.12 and area.max() > 0.7
  assert aspect.min() < 0.76 and aspect.max() > 1.32
  # They lie in no corner: by symmetry as much is left out on both sides.
  left_out = (height, width) - begin - extent
  for axis in (0, 1):
    one_side = (begin[:, axis] - left_out[:, axis]).astype(float)
    # A box begins at most one pixel before the end, so the mean is below 0 by
    # up to 1.
    error = one_side.std() / np.sqrt(len(one_side))
    assert -1 - 4 * error < one_side.mean() < 4 * error


def test_where_no_box_can_be_found_it_is_the_whole_image():
  # The largest box allowed in 10 x 300 pixels, 10 x 13, covers a 23rd.
  for index in range(20):
    begin, extent = imagenet_preprocessing.distorted_box(
        [10, 300, 3], _seed(index))
    cut = tf.slice(_numbered(10, 300), begin, extent)
    np.testing.assert_array_equal(cut, _numbered(10, 300))


def test_boxes_differ_by_epoch_and_example():
  def boxes(epoch):
    rows = imagenet_preprocessing.example_draws(200, seed=1, epoch=epoch)
    drawn = [imagenet_preprocessing.distorted_box(
        [375, 500, 3], [int(row[0] * 2**53), 0]) for row in rows]
    return [tuple(np.concatenate(pair).tolist()) for pair in drawn]

  first, second = boxes(0), boxes(1)
  assert boxes(0) == first
  # Two of 400 are the same once in more than a thousand times.
  assert len(set(first + second)) == 400


# Flipping.


def test_flip_mirrors_left_and_right():
  image = _numbered(5, 7)
  for flipped, expected in ((True, image[:, ::-1]), (False, image)):
    np.testing.assert_array_equal(
        imagenet_preprocessing.flip(image, flipped), expected)


def test_half_of_the_training_images_are_flipped():
  # Grey that rises to the right rises in every window, under all colors, and
  # falls once it is mirrored.
  encoded, count = _jpeg(_ramp(60, 80)), 600
  rows = imagenet_preprocessing.example_draws(count, seed=3, epoch=0)
  images = np.stack(list(tf.data.Dataset.from_tensor_slices(rows).map(
      lambda row: imagenet_preprocessing.for_training(encoded, 16, row)
  ).as_numpy_iterator()))
  rise = (images[:, :, 8:] - images[:, :, :8]).mean(axis=(1, 2, 3))
  assert (np.abs(rise) > 0.01).all()
  assert stats.binomtest(int((rise < 0).sum()), count).pvalue > 1e-3


# Colors.


def _hsv_change(image, saturation, hue):
  """Changes saturation and hue of values in [0, 1] with colorsys."""
  changed = np.empty(image.shape)
  for y, x in np.ndindex(image.shape[:2]):
    h, s, v = colorsys.rgb_to_hsv(*image[y, x])
    changed[y, x] = colorsys.hsv_to_rgb(
        (h + hue) % 1, min(1, s * saturation), v)
  return changed


def _contrast_change(image, contrast):
  mean = image.mean(axis=(0, 1))
  return (image - mean) * contrast + mean


# Values that leave [0, 1] on no way through the changes below.
_COLORFUL = np.random.default_rng(4).uniform(0.35, 0.65, (6, 5, 3))
_CHANGES = [(0.1, 1.4, -0.15, 1.3), (-0.12, 0.6, 0.2, 0.5),
            (0.05, 1.5, 0.1, 1.5), (0.0, 1.0, 0.0, 1.0)]


@pytest.mark.parametrize("brightness, saturation, hue, contrast", _CHANGES)
def test_both_orders_agree_with_colorsys_and_numpy(
    brightness, saturation, hue, contrast):
  bright = _COLORFUL + brightness
  expected = [
      _contrast_change(_hsv_change(bright, saturation, hue), contrast),
      _hsv_change(_contrast_change(bright, contrast), saturation, hue)]
  for order in (0, 1):
    distorted = imagenet_preprocessing.distort_color(
        tf.constant(_COLORFUL, tf.float32), order, brightness, saturation, hue,
        contrast)
    np.testing.assert_allclose(distorted, expected[order], atol=2e-6)


def test_the_two_orders_give_different_images():
  first, second = (
      imagenet_preprocessing.distort_color(
          tf.constant(_COLORFUL, tf.float32), order, *_CHANGES[0]).numpy()
      for order in (0, 1))
  assert np.abs(first - second).max() > 0.01


def test_colors_are_clipped_at_the_end_and_not_before():
  # 0.9 + 0.2 and 0.5 + 0.2 have the mean 0.9 that half the contrast draws them
  # to: 1 and 0.8. Clipped before it, they would be 0.925 and 0.775.
  image = np.repeat([[[0.9], [0.5]]], 3, axis=-1).astype(np.float32)
  for order in (0, 1):
    distorted = imagenet_preprocessing.distort_color(
        image, order, 0.2, 1.0, 0.0, 0.5)
    np.testing.assert_allclose(distorted[0, :, 0], [1, 0.8], atol=1e-6)
    distorted = imagenet_preprocessing.distort_color(
        image, order, 0.2, 1.0, 0.0, 1.5)  # 1.2 and 0.6 before clipping.
    np.testing.assert_allclose(distorted[0, :, 0], [1, 0.6], atol=1e-6)


# All of it.


@pytest.mark.parametrize("use, draw, change", [
    ("brightness", 0, lambda rgb: rgb - 32 / 255),
    ("brightness", _END, lambda rgb: rgb + 32 / 255),
    ("saturation", 0, lambda rgb: _hsv_change(rgb, 0.5, 0)),
    ("saturation", _END, lambda rgb: _hsv_change(rgb, 1.5, 0)),
    ("hue", 0, lambda rgb: _hsv_change(rgb, 1, -0.2)),
    ("hue", _END, lambda rgb: _hsv_change(rgb, 1, 0.2)),
])
@pytest.mark.parametrize("thread", [0, 0.25])
def test_the_ends_of_each_range_of_colors(use, draw, change, thread):
  encoded = _jpeg(_filled([0.6, 0.4, 0.5]))
  color = tf.io.decode_jpeg(encoded).numpy()[:1, :1].astype(np.float64) / 255
  image = imagenet_preprocessing.for_training(
      encoded, 8, _draws(thread=thread, **{use: draw}))
  expected = np.broadcast_to(2 * change(color) - 1, (8, 8, 3))
  np.testing.assert_allclose(image, expected, atol=1e-5)


@pytest.mark.parametrize("draw, factor", [(0, 0.5), (_END, 1.5)])
def test_the_ends_of_the_range_of_contrasts(draw, factor):
  encoded = _jpeg(_ramp(60, 80))
  plain, changed = (
      imagenet_preprocessing.for_training(encoded, 8, row).numpy()
      for row in (_draws(), _draws(contrast=draw)))
  np.testing.assert_allclose(
      changed, np.clip(_contrast_change(plain, factor), -1, 1), atol=1e-5)


@pytest.mark.parametrize("thread, method", [
    (0, tf.compat.v1.image.ResizeMethod.BILINEAR),
    (1, tf.compat.v1.image.ResizeMethod.NEAREST_NEIGHBOR),
    (2, tf.compat.v1.image.ResizeMethod.BICUBIC),
    (3, tf.compat.v1.image.ResizeMethod.AREA)])
@pytest.mark.parametrize("part", [0, 0.24])
def test_a_training_image_is_the_box_resized_by_the_threads_method(
    thread, method, part):
  encoded = _jpeg(np.random.default_rng(5).uniform(0.3, 0.7, (60, 80, 3)))
  row = _draws(thread=thread / 4 + part)
  begin, extent = imagenet_preprocessing.distorted_box(
      [60, 80, 3], [int(row[0] * 2**53), 0])
  (top, left), (tall, wide) = begin.numpy()[:2], extent.numpy()[:2]
  cut = tf.io.decode_jpeg(encoded).numpy()[top:top + tall, left:left + wide]
  resized = tf.compat.v1.image.resize(
      (cut / 255).astype(np.float32), [24, 24], method)
  expected = 2 * np.clip(resized, 0, 1) - 1
  np.testing.assert_allclose(
      imagenet_preprocessing.for_training(encoded, 24, row), expected,
      atol=1e-5)
  np.testing.assert_allclose(
      imagenet_preprocessing.for_training(
          encoded, 24, _draws(thread=thread / 4 + part, flip=0.49)),
      expected[:, ::-1], atol=1e-5)


@pytest.mark.parametrize("thread", [0, 0.25, 0.5, 0.75])
def test_the_threads_number_decides_on_the_order_of_colors_too(thread):
  encoded = _jpeg(np.random.default_rng(6).uniform(0.4, 0.6, (60, 80, 3)))
  plain = imagenet_preprocessing.for_training(
      encoded, 8, _draws(thread=thread)).numpy()
  changed = imagenet_preprocessing.for_training(
      encoded, 8, _draws(thread=thread, saturation=_END, contrast=_END))
  values = (plain.astype(np.float64) + 1) / 2
  expected = [
      _contrast_change(_hsv_change(values, 1.5, 0), 1.5),
      _hsv_change(_contrast_change(values, 1.5), 1.5, 0)]
  even = thread in (0, 0.5)
  np.testing.assert_allclose(
      (changed + 1) / 2, np.clip(expected[0 if even else 1], 0, 1), atol=1e-5)


def test_a_training_image_is_the_same_alone_as_among_others_in_any_order():
  generator = np.random.default_rng(7)
  encoded = np.array([
      _jpeg(generator.uniform(size=(40 + i, 60 - i, 3))).numpy()
      for i in range(20)])
  rows = imagenet_preprocessing.example_draws(20, seed=1, epoch=4)
  order = generator.permutation(20)
  images = list(tf.data.Dataset.from_tensor_slices(
      (encoded[order], rows[order])
  ).map(
      lambda bytes_, row: imagenet_preprocessing.for_training(bytes_, 16, row),
      num_parallel_calls=2).as_numpy_iterator())
  for image, index in zip(images, order):
    alone = imagenet_preprocessing.for_training(
        encoded[index], 16, rows[index])
    np.testing.assert_allclose(image, alone, atol=1e-6)


def _photographs(split, count):
  """Returns the JPEGs of real photographs, or skips the test."""
  if not _DATA:
    pytest.skip("TFDS_DATA_DIR, where prepared data lies, is not set")
  folder = prepared.find("imagenet2012", pathlib.Path(_DATA))
  if folder is None:
    pytest.skip("TFDS_DATA_DIR holds no imagenet2012")
  records = tf.data.TFRecordDataset(
      sorted(str(f) for f in folder.glob(f"*-{split}.tfrecord*"))).take(count)
  feature = {"image": tf.io.FixedLenFeature([], tf.string)}
  return [tf.io.parse_single_example(r, feature)["image"] for r in records]


@pytest.mark.parametrize("split", ["train", "validation"])
def test_real_photographs_become_inputs_that_resemble_their_views(split):
  encoded = _photographs(split, 40)
  rows = imagenet_preprocessing.example_draws(40, seed=1, epoch=0)
  near = 0
  for photograph, row in zip(encoded, rows):
    view = imagenet_preprocessing.for_evaluation(photograph, 299)
    distorted = imagenet_preprocessing.for_training(photograph, 299, row)
    for image in (view, distorted):
      assert image.shape == (299, 299, 3) and image.dtype == tf.float32
      assert np.abs(image).max() <= 1 and np.std(image) > 0.02
    # At 8x8, today's antialiased resizing of the whole photograph sees what
    # the view shows, but for its margin.
    pixels = tf.cast(tf.io.decode_jpeg(photograph, channels=3), tf.float32)
    small, whole = (tf.image.resize(i, [8, 8], antialias=True).numpy().ravel()
                    for i in (view, pixels))
    near += np.corrcoef(small, whole)[0, 1] > 0.5
  assert near >= 36

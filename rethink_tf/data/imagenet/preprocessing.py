"""From JPEG photographs to inputs of Inception V3 (Section 2.2, appendix A).

The paper trains on ImageNet with the data augmentation of TensorFlow's own
Inception package of 2016, "extended to allow disabling of data augmentation".
That is `inception/inception/image_processing.py` in tensorflow/models, whose
functions are named below. Everything here acts on one image, and all that is
random in it comes with the image, as a row of `example_draws`: what an example
looks like in an epoch depends on neither threads nor batches nor order.

Deviations:
- The original ran a multiple of 4 threads, and the thread that happened to
  take an image decided on how it was resized (thread_id % 4) and in which order
  its colors were distorted (thread_id % 2). Here the thread's number is drawn
  for each example and epoch, so the two still go together.
- The original's records held boxes around the object for 544,546 of the
  1,281,167 training images, and a crop had to cover a tenth of such a box. The
  data set of TFDS has no boxes. For every image the crop covers a tenth of the
  whole, as the original's did where an image had no box.

Resizing is that of TensorFlow 1, which `tf.compat.v1` still offers: output
pixel i samples position i * scale, not (i + 0.5) * scale - 0.5 as today's
`tf.image.resize` does, and the bicubic kernel is another.
"""

import tensorflow as tf

from rethink_tf import streams

# What each example takes a number for, in the columns of `example_draws`.
_USES = ("box", "thread", "flip", "brightness", "saturation", "hue", "contrast")
DRAWS = len(_USES)

# The sides of the central window, as a fraction of the image's.
_CENTRAL_FRACTION = 0.875

# In the order of their numbers in TensorFlow 1.
_METHODS = ("bilinear", "nearest", "bicubic", "area")


def example_draws(count, seed, epoch):
  """Draws all that is random about every example in one epoch.

  Args:
    count: number of examples.
    seed: the run's seed.
    epoch: the epoch, from 0.

  Returns:
    float64 `(count, 7)`, uniform in [0, 1): row i is example i's, and the same
    for any count.
  """
  drawn = streams.uniform(DRAWS * count, seed, "imagenet_distortion", epoch)
  return drawn.reshape(count, DRAWS)


def for_training(encoded, size, draws):
  """Prepares a distorted image (`distort_image`, `image_preprocessing`).

  Args:
    encoded: string scalar, the bytes of a JPEG.
    size: height and width of the result, 299 for Inception V3.
    draws: float64 `(7,)`, the example's row of `example_draws`.

  Returns:
    float32 `(size, size, 3)` in [-1, 1].

  Raises:
    tf.errors.InvalidArgumentError: `encoded` is no whole JPEG.
  """
  drawn = dict(zip(_USES, tf.unstack(draws, num=DRAWS)))
  thread = tf.cast(4 * drawn["thread"], tf.int32)
  # All of the draw's 53 bits make the seed.
  box_seed = tf.stack([tf.cast(drawn["box"] * 2.0**53, tf.int64), 0])

  image = decode(encoded)
  begin, extent = distorted_box(tf.shape(image), box_seed)
  image = resize(tf.slice(image, begin, extent), size, thread)
  image = flip(image, drawn["flip"] < 0.5)
  image = distort_color(
      image, thread % 2,
      brightness=_between(-32 / 255, 32 / 255, drawn["brightness"]),
      saturation=_between(0.5, 1.5, drawn["saturation"]),
      hue=_between(-0.2, 0.2, drawn["hue"]),
      contrast=_between(0.5, 1.5, drawn["contrast"]))
  return scale(image)


def for_evaluation(encoded, size):
  """Prepares an image as it is (`eval_image`, `image_preprocessing`).

  Also for training without data augmentation.

  Args:
    encoded: string scalar, the bytes of a JPEG.
    size: height and width of the result, 299 for Inception V3.

  Returns:
    float32 `(size, size, 3)` in [-1, 1].

  Raises:
    tf.errors.InvalidArgumentError: `encoded` is no whole JPEG.
  """
  image = central_crop(decode(encoded))
  return scale(resize(image, size, _METHODS.index("bilinear")))


def decode(encoded):
  """Decodes a JPEG, grey ones in three equal channels (`decode_jpeg`).

  Args:
    encoded: string scalar.

  Returns:
    float32 `(h, w, 3)`, multiples of 1/255 from 0 to 1.

  Raises:
    tf.errors.InvalidArgumentError: `encoded` is no whole JPEG.
  """
  image = tf.io.decode_jpeg(encoded, channels=3)
  return tf.image.convert_image_dtype(image, tf.float32)


def central_crop(image):
  """Returns the window 7/8 as high and wide as `(h, w, 3)` (`eval_image`)."""
  return tf.image.central_crop(image, _CENTRAL_FRACTION)


def distorted_box(shape, seed):
  """Draws the window that an example is cropped to (`distort_image`).

  Its width is 0.75 to 1.33 times its height, and its area a tenth to all of the
  image's: the smallest area that the original names is 0.05, but a crop also
  has to cover a tenth of the object, which is the whole image here. After 100
  windows that do not meet this it is the whole image.

  Args:
    shape: int32 `(3,)`, the height, width and channels of the image.
    seed: int64 `(2,)`, the only source of randomness.

  Returns:
    `(begin, extent)`, both int32 `(3,)`, as `tf.slice` takes them.
  """
  begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
      shape, tf.zeros([1, 0, 4]), seed, min_object_covered=0.1,
      aspect_ratio_range=(0.75, 1.33), area_range=(0.05, 1.0),
      max_attempts=100, use_image_if_no_bounding_boxes=True)
  return begin, extent


def resize(image, size, method):
  """Resizes to a square, as TensorFlow 1 did (`distort_image`).

  The aspect ratio is not kept. Bicubic results may leave [0, 1].

  Args:
    image: float32 `(h, w, 3)`.
    size: height and width of the result.
    method: int scalar; 0 is bilinear, 1 nearest neighbor, 2 bicubic, 3 area.

  Returns:
    float32 `(size, size, 3)`.
  """
  def by(name):
    return lambda: tf.compat.v1.image.resize(image, [size, size], name)

  resized = tf.switch_case(
      tf.convert_to_tensor(method), [by(name) for name in _METHODS])
  return tf.ensure_shape(resized, [size, size, 3])


def flip(image, flipped):
  """Mirrors left and right where `flipped`, a bool scalar (`distort_image`)."""
  return tf.where(flipped, tf.reverse(image, [1]), image)


def distort_color(image, order, brightness, saturation, hue, contrast):
  """Changes an image's colors, in one of two orders (`distort_color`).

  Args:
    image: float32 `(h, w, 3)`.
    order: int scalar. 0 is brightness, saturation, hue, contrast, and 1 is
      brightness, contrast, saturation, hue.
    brightness: float32 scalar, added to all values.
    saturation: float32 scalar that HSV saturation is multiplied with.
    hue: float32 scalar, in turns, added to HSV hue.
    contrast: float32 scalar that each channel's distance from its mean over the
      image is multiplied with.

  Returns:
    float32 `(h, w, 3)`, clipped to [0, 1] at the end alone.
  """
  def change_hue(image):
    return tf.image.adjust_hue(
        tf.image.adjust_saturation(image, saturation), hue)

  def change_contrast(image):
    return tf.image.adjust_contrast(image, contrast)

  bright = tf.image.adjust_brightness(image, brightness)
  changed = tf.switch_case(tf.convert_to_tensor(order), [
      lambda: change_contrast(change_hue(bright)),
      lambda: change_hue(change_contrast(bright))])
  return tf.clip_by_value(changed, 0.0, 1.0)


def scale(image):
  """Maps [0, 1] to [-1, 1] (`image_preprocessing`)."""
  return (image - 0.5) * 2.0


def _between(low, high, drawn):
  """Maps a number drawn from [0, 1) to one from [low, high), float32."""
  return tf.cast(low + (high - low) * drawn, tf.float32)

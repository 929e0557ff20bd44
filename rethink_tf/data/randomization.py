"""The modifications of Section 2.1: pure functions of arrays and a seed.

Each is keyed by example index, drawn once, and the same in every epoch, on
every worker and for every model. None touches the test labels; those of pixels
apply to training and test images alike, before any crop, and to no label.
"""

import dataclasses
import hashlib

import numpy as np

from rethink_tf import streams
from rethink_tf.data import given_labels

# What CIFAR-10's classes are taken for (Patrini et al., 2017, Section 5): the
# others stay as they are.
_CIFAR10_CONFUSIONS = {
    "truck": "automobile", "bird": "airplane", "deer": "horse", "cat": "dog",
    "dog": "cat"}


def corrupt_labels(labels, probability, num_classes, seed, names=None):
  """Replaces each label, with a probability, by a uniformly random class.

  "Partially corrupted labels: independently with probability p, the label of
  each image is corrupted as a uniform random class" (Section 2.1). The drawn
  class may be the true one. The examples drawn for at p are among those drawn
  for at any larger p, with the same new labels.

  Args:
    labels: int array `(n,)`, label i of example i.
    probability: p in [0, 1]; 1 makes random labels.
    num_classes: number of classes to draw from.
    seed: the run's seed.
    names: str `(n,)`, file names that key what is drawn, instead of the index:
      for data whose order is that of how it was prepared.

  Returns:
    An int32 array `(n,)`.
  """
  count = len(labels)
  drawn = is_drawn(count, probability, seed, names)
  random = _uniform(count, seed, "random_labels", names) * num_classes
  return np.where(drawn, random.astype(np.int64), labels).astype(np.int32)


def confuse_labels(labels, probability, confusions, seed, names=None):
  """Replaces each label, with a probability, by the one class it is taken for.

  Asymmetric noise, by pairs of classes. Which examples are drawn, and that they
  are nested in p, is as for `corrupt_labels`; of CIFAR-10, whose confusions
  leave five of ten classes as they are, about half of those drawn change.

  Args:
    labels, probability, seed, names: as for `corrupt_labels`.
    confusions: int `(classes,)`, the class that each is taken for.

  Returns:
    An int32 array `(n,)`.
  """
  drawn = is_drawn(len(labels), probability, seed, names)
  return np.where(drawn, confusions[labels], labels).astype(np.int32)


def find_confusions(label_names):
  """Returns which class each is taken for by asymmetric noise; int `(k,)`.

  Those of CIFAR-10 that are usual in the literature; of other data, class c is
  taken for c + 1, and the last for the first.

  Args:
    label_names: a name a class.
  """
  names = list(label_names)
  if not set(_CIFAR10_CONFUSIONS) <= set(names):
    return (np.arange(len(names)) + 1) % len(names)
  return np.array([
      names.index(_CIFAR10_CONFUSIONS.get(name, name)) for name in names])


def corrupt_training_labels(
    data, count, probability, seed, noise=None, given=None):
  """Returns a dataset's first training examples, with the labels to fit.

  Args:
    data: a `Dataset`.
    count: how many examples; 0: all.
    probability, seed: as for `corrupt_labels`.
    noise: "asymmetric": as `confuse_labels` does; None: as `corrupt_labels`.
    given: the user's labels, which take the place of the data set's: an object
      whose `values` `given_labels.match` takes; None: there are none.

  Returns:
    A split like `data.train`, whose labels alone are others, drawn by its keys.

  Raises:
    DataError, UsageError: as `given_labels.match` does.
  """
  train = data.train.first(count)
  if given:
    matched = given_labels.match(given.values, data.train)
    train = dataclasses.replace(train, labels=matched[:len(train)])
  if noise == "asymmetric":
    labels = confuse_labels(
        train.labels, probability, find_confusions(data.label_names), seed,
        train.keys)
  else:
    labels = corrupt_labels(
        train.labels, probability, data.num_classes, seed, train.keys)
  return dataclasses.replace(train, labels=labels)


def is_drawn(count, probability, seed, names=None):
  """Tells which labels `corrupt_labels` draws anew; bool `(count,)`."""
  return _uniform(count, seed, "label_corruption", names) < probability


@dataclasses.dataclass(frozen=True, eq=False)
class Labels:
  """The labels of training examples, and what became of each.

  Attributes:
    true: int32 `(n,)`, those of the dataset.
    assigned: int32 `(n,)`, those that are trained on.
    drawn: bool `(n,)`, whether the assigned one was drawn at random.
    seen: bool `(n,)`, whether the network is trained on the example: on all
      but with --subset.
  """

  true: np.ndarray
  assigned: np.ndarray
  drawn: np.ndarray
  seen: np.ndarray

  @property
  def changed(self):
    """Whether a label is another than the true one: what is called corrupted.

    Of the labels drawn, one in as many as there are classes is the true one,
    and tells a network nothing wrong.
    """
    return self.assigned != self.true

  def of_seen(self):
    """Returns the `Labels` of the examples that the network is trained on."""
    return Labels(*(getattr(self, field.name)[self.seen]
                    for field in dataclasses.fields(self)))

  def kinds(self):
    """Returns a dict from each kind of labels to which are of it, bool `(n,)`.

    The first three have each label once; "drawn" is the first two together.
    """
    return {
        "corrupted": self.changed,
        "drawn_equal": self.drawn & ~self.changed,
        "untouched": ~self.drawn,
        "drawn": self.drawn,
    }


def compare_labels(data, train, probability, seed, seen=None):
  """Returns the `Labels` of what `corrupt_training_labels` returned.

  Args:
    data: the `Dataset`.
    train: the split.
    probability, seed: as they were.
    seen: bool `(n,)`, which examples are trained on; None: all.
  """
  true = data.train.labels[:len(train)]
  # Of labels that the user gives, those that are not the true ones count too.
  drawn = is_drawn(len(train), probability, seed, train.keys) | (
      train.labels != true)
  if seen is None:
    seen = np.ones(len(train), bool)
  return Labels(true, train.labels, drawn, seen)


def _uniform(count, seed, key, names):
  if names is None:
    return streams.uniform(count, seed, key)
  return streams.uniform_of_names(names, seed, key)


def randomize_split(split, name, seed, which, reference):
  """Returns a split with the images of `randomize_pixels`.

  Args:
    split: `dataset.Split`.
    name, seed, reference: as for `randomize_pixels`.
    which: "train" or "test".
  """
  return dataclasses.replace(split, images=randomize_pixels(
      split.images, name, seed, which, reference))


def randomize_pixels(images, name, seed, split, reference):
  """Applies a modification of pixels by name.

  Args:
    images: uint8 `(n, h, w, c)`.
    name: one of `config.PIXEL_RANDOMIZATIONS`.
    seed: the run's seed.
    split: "train" or "test".
    reference: the whole training set's images, for the Gaussian's moments.

  Returns:
    `(n, h, w, c)`: uint8, or float32 for "gaussian".
  """
  if name == "shuffled_pixels":
    return shuffled_pixels(images, seed)
  if name == "random_pixels":
    return random_pixels(images, seed, split)
  if name == "gaussian":
    return gaussian(images.shape, *moments(reference), seed, split)
  return images


def shuffled_pixels(images, seed):
  """Moves the pixels of all images by one permutation of positions.

  "Shuffled pixels: a random permutation of the pixels is chosen and then the
  same permutation is applied to all the images in both training and test set"
  (Section 2.1). A pixel's channels stay together.

  Args:
    images: array `(n, h, w, c)`.
    seed: the run's seed.

  Returns:
    An array of the same shape and type.
  """
  count, height, width, channels = images.shape
  order = streams.permutation(height * width, seed, "shuffled_pixels")
  return images.reshape(count, -1, channels)[:, order].reshape(images.shape)


def random_pixels(images, seed, split):
  """Moves the pixels of each image by a permutation of its own.

  "Random pixels: a different random permutation is applied to each image
  independently" (Section 2.1). A pixel's channels stay together.

  Args:
    images: array `(n, h, w, c)`, image i of example i of its split.
    seed: the run's seed.
    split: "train" or "test".

  Returns:
    An array of the same shape and type.
  """
  count, height, width, channels = images.shape
  orders = streams.permutations(
      count, height * width, seed, "random_pixels", split)
  moved = np.empty(images.shape, images.dtype).reshape(count, -1, channels)
  for new, image, order in zip(moved, images, orders):
    new[:] = image.reshape(-1, channels)[order]
  return moved.reshape(images.shape)


def gaussian(shape, mean, deviation, seed, split):
  """Draws every pixel anew from a Gaussian with the data's moments.

  "Gaussian: A Gaussian distribution (with matching mean and variance) is used
  to generate random pixels for each image" (Section 2.1). The moments are a
  channel's; nothing is rounded or clipped.

  Args:
    shape: `(n, h, w, c)`.
    mean, deviation: `(c,)`, in units of the images, 0 to 255.
    seed: the run's seed.
    split: "train" or "test".

  Returns:
    float32 of that shape.
  """
  size = int(np.prod(shape[1:]))
  drawn = streams.normals(shape[0], size, seed, "gaussian", split)
  drawn = drawn.reshape(shape)
  drawn *= np.asarray(deviation, np.float32)
  drawn += np.asarray(mean, np.float32)
  return drawn


def moments(images):
  """Returns the mean and standard deviation of each channel, float64 `(c,)`.

  Args:
    images: uint8 `(n, h, w, c)`.
  """
  # Counting the 256 values is exact, and needs no second copy of the images.
  values = np.arange(256)
  counts = np.stack([
      np.bincount(images[..., channel].ravel(), minlength=256)
      for channel in range(images.shape[-1])])
  shares = counts / counts.sum(axis=1, keepdims=True)
  mean = shares @ values
  return mean, np.sqrt(shares @ values**2 - mean**2)


def label_hash(labels):
  """Returns the SHA-256, as hex, of labels as little-endian int32."""
  return hashlib.sha256(np.asarray(labels, "<i4").tobytes()).hexdigest()

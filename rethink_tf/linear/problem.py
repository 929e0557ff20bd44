"""What is to be solved: points, their kernel, and targets, from a Config."""

import dataclasses

import numpy as np

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import datasets
from rethink_tf.data import randomization
from rethink_tf.data import repetitions
from rethink_tf.linear import accumulation
from rethink_tf.linear import cholesky
from rethink_tf.linear import gabor
from rethink_tf.linear import gram
from rethink_tf.linear import kernels
from rethink_tf.linear import memory
from rethink_tf.linear import nystrom
from rethink_tf.linear import random_convnet
from rethink_tf.linear import solver
from rethink_tf.linear import threads

# Filters whose features are in memory at a time.
FILTERS_PER_BLOCK = 256
# Python, TensorFlow (for TFDS) and libraries, measured.
_BASE_GB = 0.9


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
  """Distinct training images, and what to fit to them.

  Attributes:
    images, test_images: uint8 `(n, side, side, channels)`, as cut by `crop`.
    labels, test_labels: int `(n,)`; the training labels are the ones to fit.
    label_hash: of the whole training split's labels.
    examples: number of training images, repeated ones included.
    num_classes: number of classes.
    fingerprint: of the dataset.
  """

  images: np.ndarray
  labels: np.ndarray
  test_images: np.ndarray
  test_labels: np.ndarray
  label_hash: str
  examples: int
  num_classes: int
  fingerprint: str

  @property
  def targets(self):
    """One-hot float64 `(n, num_classes)`."""
    return np.eye(self.num_classes)[self.labels]


def load(config, data_dir):
  """Returns the `Problem` of a `LinearConfig`.

  Raises:
    DataError: the data cannot be had, or two equal images have different
      labels and nothing makes the Gram matrix regular.
  """
  data = datasets.load(config.dataset, data_dir)
  train = randomization.corrupt_training_labels(
      data, config.train_examples, config.label_corruption, config.seed,
      config.label_noise, config.labels_file)
  images, labels = crop(config.dataset, train.images), train.labels
  kept = np.arange(len(images))
  if config.l2 == 0:
    kept = without_repetitions(images, labels)
  return Problem(
      images[kept], labels[kept], crop(config.dataset, data.test.images),
      data.test.labels, randomization.label_hash(labels), len(images),
      data.num_classes, data.fingerprint)


def crop(dataset, images):
  """Returns what a kernel sees of 32 x 32 x 3 images.

  The digits of MNIST without the border that was added to them, in the one
  channel that they have; all of a CIFAR-10 image.

  Args:
    dataset: its name.
    images: uint8 `(n, 32, 32, 3)`.
  """
  side, _, channels = catalog.DATASETS[dataset].image_shape
  border = (images.shape[1] - side) // 2
  inside = slice(border, images.shape[1] - border)
  return np.ascontiguousarray(images[:, inside, inside, :channels])


def without_repetitions(images, labels):
  """Returns the indices of images, the first of each set of equal ones.

  Two equal images make two equal rows of the Gram matrix, which is then
  singular. With one label they ask for the same twice, and the minimum-norm
  solution is that of one of them; with two labels there is no solution.

  Args:
    images: `(n, ...)`.
    labels: `(n,)`.

  Raises:
    DataError: equal images have different labels.
  """
  labels = np.asarray(labels)
  first = repetitions.find_first_equals(images)
  contradicted = np.unique(first[labels[first] != labels])
  if contradicted.size:
    raise errors.DataError(
        f"{len(contradicted)} images occur again with a different label (the "
        f"first is training example {contradicted[0]}): the Gram matrix is "
        "singular and no function fits both. --l2 greater than 0 solves it")
  return np.unique(first)


def points(config, images):
  """Returns the points that the kernel of "none" and "gabor" sees.

  Args:
    config: `LinearConfig`.
    images: uint8 `(n, side, side, channels)`.

  Returns:
    float32 `(n, d)`; pixels are divided by 255.
  """
  scaled = images.astype(np.float32) / np.float32(255)
  if config.preprocessing == "gabor":
    # One channel: a color image's wavelets are those of its brightness.
    scaled = gabor.transform(
        scaled.mean(axis=-1, keepdims=True), config.orientations,
        config.wavelengths, config.spacing)
  return scaled.reshape(len(images), -1)


def kernel(config):
  """Returns the `kernels.Kernel` of a `LinearConfig`."""
  return kernels.Kernel(config.kernel, config.bandwidth)


def gram_of_points(config, problem, width=gram.WIDTH):
  """Returns the `gram.Gram` of "none" and "gabor"."""
  train, test = (
      points(config, i) for i in (problem.images, problem.test_images))
  if config.kernel == kernels.GAUSSIAN:
    # Distances stay, and rounding is less around zero.
    mean = train.mean(axis=0, dtype=np.float64).astype(np.float32)
    train -= mean
    test -= mean
  return gram.GramOfPoints(kernel(config), train, test, width)


def require_rank(config):
  """Refuses a linear kernel of fewer features than examples without l2.

  Its Gram matrix has no inverse, and no function fits all labels.

  Raises:
    UsageError: there are too few; it says how many there should be.
  """
  there = _dimensions(config)
  if config.kernel != "linear" or config.l2 > 0 or there >= config.examples:
    return
  few = (f"to fit {config.examples:,} examples a linear kernel needs as many "
         f"features, and there are {there:,}")
  if config.preprocessing == "random_convnet":
    least = -(-config.examples // random_convnet.FEATURES_PER_FILTER)
    raise errors.UsageError(
        f"--filters: expected at least {least:,}, or --l2 greater than 0: "
        f"{few}. Received: {config.filters:,}")
  raise errors.UsageError(
      f"--l2: expected more than 0: {few}. Received: {config.l2:g}")


def require_memory(config, limit_gb, checkpoint=True):
  """Refuses a problem whose solver would not fit into memory.

  Args:
    config: the `LinearConfig`.
    limit_gb: what it may take, or 0 for all that is available.
    checkpoint: whether what is accumulated is on disk while it is solved for.

  Raises:
    StorageError: it does not fit; with the GB, and what to do.
  """
  needed = memory_gb(config, checkpoint)
  small = memory_gb(dataclasses.replace(config, solver="cg"), checkpoint)
  advice = "fewer --train_examples, or a machine with more memory"
  if config.solver == "cholesky" and small < 0.7 * needed:
    advice = f"--solver=cg needs {small:.1f} GB; or {advice}"
  memory.require(
      needed, limit_gb,
      f"solving for {config.examples:,} examples with --solver={config.solver}",
      advice)


def memory_gb(config, checkpoint=True):
  """Returns an estimate, from above, of the peak memory of a run, in GB.

  Args:
    config: the `LinearConfig`.
    checkpoint: as for `require_memory`.
  """
  entry = catalog.DATASETS[config.dataset]
  count, tests = config.examples, entry.test_examples
  width = min(gram.WIDTH, count)
  side, _, channels = entry.image_shape
  loaded = (entry.train_examples + tests) * 32 * 32 * 3
  images = loaded + (count + tests) * side**2 * channels
  features = 4 * (count + tests) * _dimensions(config)
  # Each core's tile, and what its making and its sum take besides.
  tiles = 4 * 8 * threads.cores() * width**2
  if config.preprocessing != "random_convnet":
    # The points of its rows and columns, in float64.
    tiles += 2 * 8 * threads.cores() * width * _dimensions(config)
  if config.solver == "cholesky":
    solving = cholesky.memory_bytes(count, width)
  else:
    solving = nystrom.memory_bytes(count, solver.count_landmarks(count))
  total = features + tiles + solving
  if config.preprocessing == "random_convnet":
    block = random_convnet.FEATURES_PER_FILTER * min(
        FILTERS_PER_BLOCK, config.filters)
    sums = accumulation.memory_bytes(count, tests, width)
    both = (count + tests) * side**2 * channels  # Of both splits, in a row.
    total = max(tiles + solving + (0 if checkpoint else sums),
                4 * (count + tests) * block + both + sums)
  return _BASE_GB + (images + total) / memory.GB


def _dimensions(config):
  """Returns how many features a point has."""
  side, _, channels = catalog.DATASETS[config.dataset].image_shape
  if config.preprocessing == "gabor":
    cells = max(1, round(side / config.spacing)) ** 2
    return cells * config.orientations * len(config.wavelengths)
  if config.preprocessing == "random_convnet":
    return random_convnet.FEATURES_PER_FILTER * config.filters
  return side**2 * channels


def disk_gb(config):
  """Returns the GB that a run's checkpoints take at most."""
  count = config.examples
  tests = catalog.DATASETS[config.dataset].test_examples
  kept = 24 * count * 10  # The iteration.
  if config.solver == "cholesky":
    kept += cholesky.memory_bytes(count, gram.WIDTH)
  if config.preprocessing == "random_convnet":
    # While one generation replaces another, both; the factor comes later.
    sums = accumulation.memory_bytes(count, tests)
    kept = max(2 * sums, sums + kept)
  return kept / memory.GB

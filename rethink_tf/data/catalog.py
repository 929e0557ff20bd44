"""The datasets, an entry each: what a program must know before it loads one.

A dataset that TensorFlow Datasets prepares, of images of 32x32x3 or of 28x28 in
gray, is usable everywhere by its entry here alone. Nothing heavy is imported,
so that flags are checked at once.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Entry:
  """What is known of a dataset before it is loaded.

  Attributes:
    title: its name in figures and tables.
    train_examples, test_examples: how many there are of each.
    num_classes: number of labels. Their names come with the data.
    image_shape: `(h, w, c)` of an image without what is added to make it
      32x32x3: a gray one of 28x28 is framed in black and repeated in three
      channels. What a kernel sees; None where images differ in size.
  """

  title: str
  train_examples: int
  test_examples: int
  num_classes: int = 10
  image_shape: tuple[int, int, int] | None = (32, 32, 3)

  @property
  def chance(self):
    """Accuracy of a guess, a fraction in [0, 1]."""
    return 1 / self.num_classes


IMAGENET = "imagenet2012"

# By the names that flags take: TFDS's, or of a loader in `datasets`.
DATASETS = {
    "cifar10": Entry("CIFAR-10", 50_000, 10_000),
    "mnist": Entry("MNIST", 60_000, 10_000, image_shape=(28, 28, 1)),
    # scikit-learn's, 8x8 pixels, each repeated 4x4 times; the last 500 are for
    # tests. A kernel sees the central 28x28, as of MNIST.
    "digits": Entry("digits", 1_297, 500, image_shape=(28, 28, 1)),
    "cifar100": Entry("CIFAR-100", 50_000, 10_000, num_classes=100),
    "svhn_cropped": Entry("SVHN", 73_257, 26_032),
    "fashion_mnist": Entry(
        "Fashion-MNIST", 60_000, 10_000, image_shape=(28, 28, 1)),
    IMAGENET: Entry(
        "ImageNet", 1_281_167, 50_000, num_classes=1000, image_shape=None),
}
# Those of 32x32 pixels, held in memory.
IN_MEMORY = tuple(name for name in DATASETS if name != IMAGENET)
# Of those, the ones that TFDS prepares.
PREPARED = tuple(name for name in IN_MEMORY if name != "digits")

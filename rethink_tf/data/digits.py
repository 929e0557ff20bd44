"""scikit-learn's bundled handwritten digits: real images with no download.

1,797 images of 8x8 pixels from the UCI repository (Alpaydin and Kaynak, 1998).
"""

import numpy as np

from rethink_tf.data import catalog
from rethink_tf.data import dataset


def load():
  """Returns `(train, test, label_names)`.

  Each of the 8x8 pixels becomes a block of 4x4 in all three channels, and
  intensities 0..16 become 0..255.
  """
  # Imported here because scikit-learn takes a second that other datasets
  # should not pay for.
  from sklearn import datasets as sklearn_datasets  # noqa: PLC0415

  bunch = sklearn_datasets.load_digits()
  pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
  images = pixels.repeat(4, axis=1).repeat(4, axis=2)
  images = np.repeat(images[..., np.newaxis], 3, axis=-1)
  labels = bunch.target.astype(np.int32)
  # The last 500 images are the test set; chance there is 10% +- 1.3 points.
  count = catalog.DATASETS["digits"].train_examples
  train = dataset.Split(images[:count], labels[:count])
  test = dataset.Split(images[count:], labels[count:])
  return train, test, tuple(str(name) for name in bunch.target_names)

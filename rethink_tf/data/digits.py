"""scikit-learn's bundled handwritten digits: real images with no download.

1,797 images of 8x8 pixels from the UCI repository (Alpaydin and Kaynak, 1998).
"""

import importlib.util
import pathlib

import numpy as np

from rethink_tf.data import catalog
from rethink_tf.data import dataset


def load():
  """Returns `(train, test, label_names)`.

  Each of the 8x8 pixels becomes a block of 4x4 in all three channels, and
  intensities 0..16 become 0..255.
  """
  values, labels = _read()
  pixels = np.rint(values * (255 / 16)).astype(np.uint8)
  images = pixels.repeat(4, axis=1).repeat(4, axis=2)
  images = np.repeat(images[..., np.newaxis], 3, axis=-1)
  # The last 500 images are the test set; chance there is 10% +- 1.3 points.
  count = catalog.DATASETS["digits"].train_examples
  train = dataset.Split(images[:count], labels[:count])
  test = dataset.Split(images[count:], labels[count:])
  return train, test, tuple(map(str, range(10)))


def _read():
  """Returns what `sklearn.datasets.load_digits` does, from the package's file.

  Importing scikit-learn takes longer than training on its digits for ten
  epochs, for SciPy's distributions and much else.

  Returns:
    `(values, labels)`: float64 `(1797, 8, 8)` and int32 `(1797,)`.
  """
  folder, = importlib.util.find_spec("sklearn").submodule_search_locations
  table = np.loadtxt(
      pathlib.Path(folder) / "datasets/data/digits.csv.gz", delimiter=",")
  return table[:, :-1].reshape(-1, 8, 8), table[:, -1].astype(np.int32)

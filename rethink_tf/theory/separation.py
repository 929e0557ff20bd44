"""How far inputs lie apart, natural ones and those of each modification.

"With random pixels, the inputs are more separated from each other than natural
images that originally belong to the same category, therefore, easier to build a
network for arbitrary label assignments" (Section 2.1) is said there as a reason
that may be. These are the distances, between inputs as the network sees them.
"""

import numpy as np

from rethink_tf.data import preprocessing
from rethink_tf.data import randomization

# In the order of Figure 1a.
MODIFICATIONS = ("none", "shuffled_pixels", "random_pixels", "gaussian")
# Rows of the matrix of distances that are held at a time.
_ROWS = 512


def measure(points, labels):
  """Returns mean distances between points, as a dict.

  Args:
    points: float32 `(n, d)`, n of 2 or more.
    labels: int `(n,)`, of which one at least occurs twice, and two differ.

  Returns:
    "same_class" and "other_class", over all pairs of either kind; "nearest",
    from a point to the one next to it, over all points.
  """
  squares = np.einsum("ij,ij->i", points, points)
  sums, pairs = np.zeros(2), np.zeros(2, np.int64)
  nearest = 0.0
  for start in range(0, len(points), _ROWS):
    block = slice(start, start + _ROWS)
    products = points[block] @ points.T
    distances = np.sqrt(np.maximum(
        squares[block, np.newaxis] + squares - 2 * products, 0))
    here = np.arange(len(distances))
    same = labels[block, np.newaxis] == labels
    # A point is no pair with itself.
    distances[here, start + here] = 0
    for kind, mask in enumerate((same, ~same)):
      sums[kind] += distances.sum(where=mask, dtype=np.float64)
      pairs[kind] += mask.sum()
    pairs[0] -= len(here)
    distances[here, start + here] = np.inf
    nearest += distances.min(axis=1).sum(dtype=np.float64)
  same_class, other_class = sums / pairs
  return {"same_class": float(same_class), "other_class": float(other_class),
          "nearest": float(nearest / len(points))}


def run(study):
  """Measures the training images under each modification.

  Args:
    study: a `study.Study` of a `flags.theory.Separation`.

  Returns:
    A dict of numbers: for each of `measure`, a dict from the modification.

  Raises:
    DataError: the data cannot be had.
  """
  config = study.config
  data, train = study.load(0.0, config.n)
  study.begin(dataset_fingerprint=data.fingerprint)
  for name in MODIFICATIONS:
    modified = randomization.randomize_split(
        train, name, config.seed, "train", data.train.images)
    points = preprocessing.standardize(
        preprocessing.center_crop(modified.images)).numpy()
    study.add({"pixel_randomization": name,
               **measure(points.reshape(len(train), -1), train.labels)})
  return {"n": len(train), **{
      column: {row["pixel_randomization"]: row[column] for row in study.rows}
      for column in ("same_class", "other_class", "nearest")}}

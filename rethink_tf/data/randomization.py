"""The modifications of Section 2.1: pure functions of arrays and a seed.

Each is keyed by example index, drawn once, and the same in every epoch, on
every worker and for every model. None touches the test labels.
"""

import hashlib

import numpy as np

from rethink_tf import streams


def corrupt_labels(labels, probability, num_classes, seed):
  """Replaces each label, with a probability, by a uniformly random class.

  "Partially corrupted labels: independently with probability p, the label of
  each image is corrupted as a uniform random class" (Section 2.1). The drawn
  class may be the true one. The examples corrupted at p are among those
  corrupted at any larger p, with the same new labels.

  Args:
    labels: int array `(n,)`, label i of example i.
    probability: p in [0, 1]; 1 makes random labels.
    num_classes: number of classes to draw from.
    seed: the run's seed.

  Returns:
    An int32 array `(n,)`.
  """
  count = len(labels)
  corrupted = streams.uniform(count, seed, "label_corruption") < probability
  random = streams.integers(count, num_classes, seed, "random_labels")
  return np.where(corrupted, random, labels).astype(np.int32)


def label_hash(labels):
  """Returns the SHA-256, as hex, of labels as little-endian int32."""
  return hashlib.sha256(np.asarray(labels, "<i4").tobytes()).hexdigest()

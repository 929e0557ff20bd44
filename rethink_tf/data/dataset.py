"""What every dataset looks like once loaded, and its fingerprint."""

import dataclasses
import hashlib

import numpy as np

IMAGE_SHAPE = (32, 32, 3)


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
  """Images and labels in official order; example i's index is i.

  Attributes:
    images: `(n, 32, 32, 3)`, uint8 from 0 to 255; float32 on that scale where
      noise took their place.
    labels: int32 `(n,)`.
  """

  images: np.ndarray
  labels: np.ndarray

  def __len__(self):
    return len(self.labels)

  def first(self, count):
    """Returns the first `count` examples; all of them for 0."""
    return Split(self.images[:count], self.labels[:count]) if count else self


@dataclasses.dataclass(frozen=True)
class Dataset:
  """A training and a test split.

  Attributes:
    train, test: `Split`.
    label_names: a tuple of str, one a class.
    fingerprint: SHA-256 over the labels and pixels of both whole splits.
  """

  train: Split
  test: Split
  label_names: tuple[str, ...]
  fingerprint: str

  @property
  def num_classes(self):
    return len(self.label_names)


def fingerprint(*splits):
  """Returns the SHA-256, as hex, of each split's labels, then its pixels.

  Two copies of "CIFAR-10" with different pixels differ here, and so never
  share golden numbers.
  """
  digest = hashlib.sha256()
  for split in splits:
    digest.update(np.asarray(split.labels, "<i4").tobytes())
    digest.update(np.ascontiguousarray(split.images).data)
  return digest.hexdigest()

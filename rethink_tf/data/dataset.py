"""What every dataset looks like once loaded, and its fingerprint."""

import dataclasses
import hashlib

import numpy as np

from rethink_tf.data import split as split_lib

IMAGE_SHAPE = (32, 32, 3)


@dataclasses.dataclass(frozen=True, eq=False)
class Split(split_lib.Split):
  """Images and labels in official order; example i's index is i.

  Attributes:
    images: `(n, 32, 32, 3)`, uint8 from 0 to 255; float32 on that scale where
      noise took their place.
    labels: int32 `(n,)`.
    numbers: int32 `(n,)`, which example of the original files each one is;
      None where the data do not say.
  """

  images: np.ndarray
  labels: np.ndarray
  numbers: np.ndarray | None = None

  # Evaluation has no gradient to hold, so it fits larger batches.
  evaluation_batch = 500

  def select(self, which):
    numbers = None if self.numbers is None else self.numbers[which]
    return Split(self.images[which], self.labels[which], numbers)

  def training_batches(self, config, start_epoch=0, start_batch=0, shard=None):
    return _pipeline().training_batches(
        self, config, start_epoch, start_batch, shard)

  def evaluation_batches(self, shard=None):
    return _pipeline().evaluation_batches(self, shard)


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


def _pipeline():
  """Imports TensorFlow, which data that are refused need not wait for."""
  from rethink_tf.data import pipeline  # noqa: PLC0415

  return pipeline


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

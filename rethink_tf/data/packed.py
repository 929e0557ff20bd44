"""A dataset in one file of arrays, read without TensorFlow.

`<data directory>/packed/<name>.npz`, in NumPy's format, which needs no
unpickling: both splits as they are loaded, and their fingerprint, which the
pixels and labels that are read must have. `//rethink_tf:pack` writes it, and
where it is, it is read in the place of the records.
"""

import zipfile

import numpy as np

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import dataset

_SPLITS = ("train", "test")
# What NumPy raises of a file that is not what it should be.
_UNREADABLE = (
    OSError, ValueError, KeyError, EOFError, NotImplementedError,
    zipfile.BadZipFile)


def path_of(name, directory):
  """Returns where a dataset's packed copy is, or would be.

  Args:
    name: of a dataset.
    directory: `pathlib.Path` of the data directory.
  """
  return directory / "packed" / f"{name}.npz"


def write(file, data):
  """Writes a dataset.

  Args:
    file: open for writing bytes.
    data: the `Dataset`.
  """
  arrays = {"fingerprint": np.array(data.fingerprint),
            "label_names": np.array(data.label_names)}
  for name, split in zip(_SPLITS, (data.train, data.test)):
    arrays[f"{name}_images"] = split.images
    arrays[f"{name}_labels"] = split.labels
    if split.numbers is not None:
      arrays[f"{name}_numbers"] = split.numbers
  np.savez(file, **arrays)


def read(path, name):
  """Returns the `Dataset` of a packed copy.

  Args:
    path: `pathlib.Path`.
    name: of the dataset.

  Raises:
    DataError: it cannot be read, is damaged, or is of another dataset.
  """
  try:
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
      arrays = {key: content[key] for key in content.files}
    data = _as_dataset(arrays, catalog.DATASETS[name])
  except _UNREADABLE as error:
    raise errors.DataError(
        f"{path}: expected {name} as //rethink_tf:pack writes it. Received: "
        f"{error or type(error).__name__}") from error
  return data


def read_fingerprint(path):
  """Returns the fingerprint that a packed copy says it has; None: it is none.

  Takes no time, as nothing else is read.
  """
  try:
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as content:
      return str(content["fingerprint"])
  except _UNREADABLE:
    return None


def _as_dataset(arrays, entry):
  """Returns the `Dataset` of some arrays; raises ValueError or KeyError."""
  names = tuple(map(str, arrays["label_names"]))
  if len(names) != entry.num_classes:
    raise ValueError(f"{len(names)} classes, not {entry.num_classes}")
  splits = []
  for name, count in zip(
      _SPLITS, (entry.train_examples, entry.test_examples)):
    images, labels, numbers = (
        arrays.get(f"{name}_{part}")
        for part in ("images", "labels", "numbers"))
    _require(images, f"{name}_images", np.uint8, (count, *dataset.IMAGE_SHAPE))
    _require(labels, f"{name}_labels", np.int32, (count,))
    if numbers is not None:
      _require(numbers, f"{name}_numbers", np.int32, (count,))
    if labels.min() < 0 or labels.max() >= len(names):
      raise ValueError(f"labels from {labels.min()} to {labels.max()}")
    splits.append(dataset.Split(images, labels, numbers))
  print_of = dataset.fingerprint(*splits)
  if print_of != str(arrays["fingerprint"]):
    raise ValueError(f"pixels and labels of fingerprint {print_of[:8]}, not "
                     f"{str(arrays['fingerprint'])[:8]}")
  return dataset.Dataset(*splits, names, print_of)


def _require(array, name, kind, shape):
  if array is None:
    raise KeyError(f"no {name}")
  if array.dtype != kind or array.shape != shape:
    raise ValueError(f"{name} {array.dtype}{array.shape}")

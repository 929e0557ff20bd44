"""Datasets by name."""

import functools
import importlib.util

from rethink_tf import errors
from rethink_tf.data import cache
from rethink_tf.data import catalog
from rethink_tf.data import dataset
from rethink_tf.data import digits
from rethink_tf.data import packed
from rethink_tf.data import prepared
from rethink_tf.data.imagenet import loader as imagenet

_FINGERPRINTS = "fingerprints"  # Name of the cache's folder.
# Of datasets in memory that TFDS does not prepare. Each returns `(train, test,
# label_names)`.
_LOADERS = {"digits": digits.load}


def check_available(name, data_dir):
  """Refuses, before anything heavy is imported, data that cannot be had.

  Raises:
    DataError: an explicit `data_dir` does not exist, or ImageNet, which is not
      downloaded, is in none.
  """
  if name == catalog.IMAGENET:
    imagenet.check_available(data_dir)
  elif name not in _LOADERS:
    prepared.check_directory(data_dir)


def is_prepared(name, data_dir):
  """Tells whether `load` has nothing to download or prepare."""
  directory = prepared.data_directory(data_dir)
  return (name in _LOADERS or packed.path_of(name, directory).is_file()
          or prepared.find(name, directory) is not None)


@functools.lru_cache(maxsize=2)
def load(name, data_dir=None):
  """Returns the `Dataset` called `name`, from its packed copy if there is one.

  Args:
    name: one of `catalog.IN_MEMORY`.
    data_dir: `pathlib.Path` of a TFDS data directory, or None for
      TFDS_DATA_DIR or TFDS's default.

  Raises:
    DataError: the data is absent and cannot be had, or is not what its name
      promises.
  """
  if name in _LOADERS:
    train, test, names = _LOADERS[name]()
    return dataset.Dataset(train, test, names, dataset.fingerprint(train, test))
  path = packed.path_of(name, prepared.data_directory(data_dir))
  if path.is_file():
    return packed.read(path, name)
  for library in ("tensorflow", "tensorflow_datasets"):
    if importlib.util.find_spec(library) is None:
      raise errors.DataError(
          f"{path}: expected a file that //rethink_tf:pack writes, as "
          f"{library} is not installed here. Received: nothing")
  return load_records(name, data_dir)


def load_records(name, data_dir):
  """Returns what `load` does, from the records of TFDS.

  Args:
    name: one of `catalog.PREPARED`.
    data_dir: as for `load`.

  Raises:
    DataError: as for `load`.
  """
  train, test, names = prepared.load(name, data_dir)
  print_of = cache.remembered(
      _FINGERPRINTS, prepared.files(name, data_dir),
      lambda: dataset.fingerprint(train, test).encode())
  return dataset.Dataset(train, test, names, print_of.decode())


def known_fingerprint(name, data_dir):
  """Returns the fingerprint of data that `load` read before; None otherwise.

  Takes no time and no TensorFlow.

  Args:
    name: of a dataset; digits and ImageNet, which need no such fingerprint,
      have none.
    data_dir: as for `load`.
  """
  path = packed.path_of(name, prepared.data_directory(data_dir))
  if path.is_file():
    return packed.read_fingerprint(path)
  value = cache.known(_FINGERPRINTS, prepared.files(name, data_dir))
  return value and value.decode()

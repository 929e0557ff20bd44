"""The two archives that image-net.org hands out, checked before TFDS does."""

import collections
import tarfile

from rethink_tf import errors
from rethink_tf.data import catalog

_CLASSES = 1000
_VALIDATION_NAME = "ILSVRC2012_val_{:08d}.JPEG"
# tar ends an archive with two blocks of zeros.
_END = bytes(1024)


def check_validation_archive(path, count=None):
  """Refuses a validation archive that holds anything but its photographs.

  TFDS gives the labels of a list in order to the archive's sorted members.
  Behind one that is missing, or is a folder or another file, each photograph
  would have the label of the one before or after it.

  Args:
    path: `pathlib.Path` of the tar file.
    count: how many photographs it has; default: ImageNet's 50,000.

  Raises:
    DataError: its members are not ILSVRC2012_val_00000001.JPEG and so on.
  """
  count = count or catalog.DATASETS[catalog.IMAGENET].test_examples
  expected = [_VALIDATION_NAME.format(n) for n in range(1, count + 1)]
  members = collections.Counter(
      member.name if member.isfile() else f"{member.name}/"
      for member in _members(path))
  missing = [name for name in expected if not members[name]]
  more = sorted(members - collections.Counter(expected))
  if missing or more:
    wrong = (f"{members.total():,} members, without {missing[0]}" if missing
             else f"{more[0]} too")
    raise errors.DataError(
        f"{path}: expected {count:,} photographs, {expected[0]} to "
        f"{expected[-1]}, and nothing else. Received: {wrong}")


def check_train_archive(path, classes=_CLASSES, count=None):
  """Refuses a training archive whose archives of the classes are cut short.

  A tar file cut between two members reads as a shorter one: what tells is the
  end that it lacks, and the number of photographs.

  Args:
    path: `pathlib.Path` of the tar file.
    classes: how many archives it holds.
    count: how many photographs in all; default: ImageNet's 1,281,167.

  Raises:
    DataError: an archive is cut, or there are fewer or more than expected.
  """
  count = count or catalog.DATASETS[catalog.IMAGENET].train_examples
  inner = photographs = 0
  with open(path, "rb") as file:
    for member in _members(path):
      if not (member.isfile() and member.name.endswith(".tar")):
        continue
      file.seek(member.offset_data + max(0, member.size - len(_END)))
      if file.read(min(member.size, len(_END))) != _END:
        raise errors.DataError(
            f"{path}: its archive {member.name} is cut short")
      file.seek(member.offset_data)
      photographs += sum(
          1 for each in _members(path, file) if each.isfile())
      inner += 1
  if (inner, photographs) != (classes, count):
    raise errors.DataError(
        f"{path}: expected {classes:,} archives with {count:,} photographs. "
        f"Received: {inner:,} with {photographs:,}")


def _members(path, file=None):
  """Yields the members of a tar file, or of the one at a file's position."""
  try:
    name = path if file is None else None
    with tarfile.open(name, "r:", fileobj=file) as tar:
      yield from tar
  except (OSError, tarfile.TarError) as error:
    raise errors.DataError(f"{path} cannot be read: {error}") from error

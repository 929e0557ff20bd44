"""Writes the labels of CIFAR-10N and CIFAR-100N as text, and unpickles nothing.

    python3 -I scripts/convert_cifar_n.py CIFAR-10_human.pt FOLDER

The files that the authors publish are pickles, which can run anything where
they are loaded. Here the pickle's opcodes are listed and none is carried out;
what is taken of them are the bytes of each array of int64, and the name before
it. Each array becomes FOLDER/<name>.txt, such as worse_label.txt, which train
takes as --labels_file. It needs the standard library alone.
"""

import array
import io
import pathlib
import pickletools
import re
import sys
import zipfile

# Of the training images of both data sets.
_COUNT = 50_000
_BYTES = 8 * _COUNT
_MOST_CLASSES = 100
# In PyTorch's archive; the whole file else.
_MEMBER = "data.pkl"
_NPY = b"\x93NUMPY"
_MOST_BYTES = 100_000_000
_NAME = re.compile(r"[a-z0-9_]*label[0-9]?")


def convert(path, folder):
  """Writes a text file for each array of labels; returns their paths.

  Args:
    path: `pathlib.Path` of a file as published.
    folder: `pathlib.Path` to write to; made where absent.

  Raises:
    ValueError: the file has no such arrays; with what was expected.
  """
  labels = read(path.read_bytes())
  folder.mkdir(parents=True, exist_ok=True)
  for name, values in labels.items():
    text = "\n".join(map(str, values))
    (folder / f"{name}.txt").write_text(f"{text}\n", "ascii")
  return [folder / f"{name}.txt" for name in labels]


def read(content):
  """Returns the labels in a file's bytes, a dict from name to list of int.

  Raises:
    ValueError: as for `convert`.
  """
  labels, name = {}, None
  for _, argument, _ in pickletools.genops(_find_pickle(content)):
    if isinstance(argument, str) and len(argument) == _BYTES:
      argument = argument.encode("latin1")  # As protocol 2 has bytes.
    if isinstance(argument, bytes) and len(argument) == _BYTES and name:
      labels[name] = _read_classes(name, argument)
    elif isinstance(argument, str) and _NAME.fullmatch(argument):
      name = argument
  if not labels:
    raise ValueError(
        f"expected arrays of {_COUNT:,} labels, each after its name. Received "
        "none")
  return labels


def _find_pickle(content):
  if content.startswith(_NPY):
    return content.partition(b"\n")[2]  # Which ends the header.
  if not zipfile.is_zipfile(io.BytesIO(content)):
    return content
  with zipfile.ZipFile(io.BytesIO(content)) as archive:
    for member in archive.infolist():
      if member.filename.endswith(_MEMBER) and member.file_size < _MOST_BYTES:
        return archive.read(member)
  raise ValueError(f"expected a {_MEMBER} in the archive. Received none")


def _read_classes(name, content):
  values = array.array("q", content)
  if sys.byteorder == "big":
    values.byteswap()
  if min(values) < 0 or max(values) >= _MOST_CLASSES:
    raise ValueError(
        f"{name}: expected classes, as int64. Received: {min(values)} to "
        f"{max(values)}")
  return values.tolist()


def main(arguments):
  """Runs the script; returns its exit code."""
  if len(arguments) != 2:
    print(__doc__, file=sys.stderr)
    return 2
  path, folder = map(pathlib.Path, arguments)
  try:
    print(*convert(path, folder), sep="\n")
  except (OSError, ValueError, zipfile.BadZipFile) as error:
    print(f"error: {path}: {error}", file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))

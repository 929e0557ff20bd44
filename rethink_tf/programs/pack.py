"""Writes a dataset to one file that needs no TensorFlow; see --help."""

import sys

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.data import packed
from rethink_tf.data import prepared
from rethink_tf.flags import pack as pack_flags
from rethink_tf.programs import libraries
from rethink_tf.runs import storage


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = pack_flags.parse(argv[1:])
  datasets.check_available(options.dataset, options.data_dir)
  libraries.prepare()
  data = datasets.load_records(options.dataset, options.data_dir)
  path = options.out or packed.path_of(
      options.dataset, prepared.data_directory(options.data_dir))
  if not options.out:
    storage.make_folder(path.parent)
  with storage.replacing(path) as file:
    packed.write(file, data)
  print(f"wrote {path}: {options.dataset}, fingerprint {data.fingerprint}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Writes a run's trained network to a file of Keras; see --help."""

import pathlib
import sys
import tempfile

from rethink_tf import errors
from rethink_tf import notebook
from rethink_tf.flags import export as export_flags
from rethink_tf.programs import libraries
from rethink_tf.runs import storage


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = export_flags.parse(argv[1:])
  run = notebook.load_run(options.logdir)
  libraries.prepare()
  model = run.model()
  storage.write_bytes(options.out, _as_file(model, options.out.name))
  print(f"wrote {options.out}: {run.config['model']}, "
        + ("trained" if run.result else "of a run that is not done"))


def _as_file(model, name):
  """Returns what Keras writes to a file of that name, bytes."""
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / name
    if name.endswith(".keras"):
      model.save(path)
    else:
      model.save_weights(path)
    return path.read_bytes()


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""TensorBoard as locked with the project; takes TensorBoard's own flags."""

import sys

from tensorboard import main as tensorboard

from rethink_tf import paths
from rethink_tf.programs import library_notes

_LOGDIR = "--logdir"


def absolute(arguments):
  """Takes a relative --logdir from where the user is, as `train` does."""
  taken = []
  for argument in arguments:
    name, equals, value = argument.partition("=")
    if name == _LOGDIR and equals:
      argument = f"{_LOGDIR}={paths.user_path(value)}"
    elif taken and taken[-1] == _LOGDIR:
      argument = str(paths.user_path(argument))
    taken.append(argument)
  return taken


if __name__ == "__main__":
  sys.argv[1:] = absolute(sys.argv[1:])
  library_notes.silence()  # It imports TensorFlow once it needs it.
  sys.exit(tensorboard.run_main())

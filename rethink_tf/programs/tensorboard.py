"""TensorBoard as locked with the project; takes TensorBoard's own flags."""

import sys

from tensorboard import main as tensorboard

from rethink_tf import paths
from rethink_tf.programs import library_notes

_LOGDIR = "--logdir="


def _absolute(argument):
  """Takes a relative --logdir from where the user is, as `train` does."""
  if not argument.startswith(_LOGDIR):
    return argument
  return _LOGDIR + str(paths.user_path(argument[len(_LOGDIR):]))


if __name__ == "__main__":
  sys.argv[1:] = [_absolute(argument) for argument in sys.argv[1:]]
  library_notes.silence()  # It imports TensorFlow once it needs it.
  sys.exit(tensorboard.run_main())

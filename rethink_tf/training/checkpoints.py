"""Checkpoints of training: a `sealed` file each, the last two of them kept."""

import re
import sys

import numpy as np

from rethink_tf import errors
from rethink_tf.models import state as state_lib
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

_NAME = re.compile(r"step-(\d{1,18})\.npz")


def collect(model, position):
  """Returns the weights and the optimizer's state of a compiled model, by name.

  Args:
    model: a `keras.Model`.
    position: where training stands, as the message says it.

  Raises:
    DivergedError: a number is not finite, and is not to be saved: a step's loss
      is that of the weights before it.
  """
  arrays = {**state_lib.weights(model), **state_lib.optimizer(model)}
  if not all(np.isfinite(array).all() for array in arrays.values()):
    raise errors.DivergedError(
        f"the weights are no longer finite after {position}")
  return arrays


def save(folder, step, arrays, state, run=None, kept=2):
  """Saves a checkpoint and removes those before the last few.

  Args:
    folder: `pathlib.Path` of the checkpoints.
    step: number of training steps done.
    arrays: dict from name to NumPy array.
    state: what else must be restored, as JSON can hold it.
    run: what identifies the run, `RunDirectory.identity`; None: nothing.
    kept: how many are kept.

  Raises:
    StorageError: it cannot be written; earlier checkpoints stay.
  """
  storage.make_folder(folder)
  sealed.write(folder / f"step-{step:08d}.npz", arrays, state, run)
  for path in [p for p in _newest_first(folder) if _step(p) <= step][kept:]:
    storage.remove(path)


def latest(folder, run=None):
  """Returns `(arrays, state)` of the newest sound checkpoint, or None.

  One that is damaged, or of another run, is named in a warning on stderr, and
  the one before it used.

  Args:
    folder: `pathlib.Path` of the checkpoints.
    run: what identifies the run that goes on; None: any.
  """
  paths = _newest_first(folder)
  for path, before in zip(paths, [*paths[1:], None]):
    try:
      return sealed.read(path, run)
    except (OSError, ValueError) as error:
      found = sealed.describe(error)
      instead = f"trying {before.name}" if before else "starting anew"
      print(f"warning: checkpoint {path} is {found}; {instead}",
            file=sys.stderr, flush=True)
  return None


def _newest_first(folder):
  paths = folder.glob("step-*.npz") if folder.is_dir() else ()
  return sorted((p for p in paths if _NAME.fullmatch(p.name)),
                key=_step, reverse=True)


def _step(path):
  return int(_NAME.fullmatch(path.name)[1])

"""Checkpoints: named arrays and a JSON state, checked by SHA-256.

One file a checkpoint, in NumPy's npz format, which needs no unpickling. The
manifest in it holds the state and each array's SHA-256.
"""

import io
import json
import re
import sys

import numpy as np

from rethink_tf import errors
from rethink_tf.models import state as state_lib
from rethink_tf.runs import storage

_KEPT = 2
_MANIFEST = "manifest.json"
_NAME = re.compile(r"step-(\d+)\.npz")


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


def save(folder, step, arrays, state):
  """Saves a checkpoint and removes all but the last two.

  Args:
    folder: `pathlib.Path` of the checkpoints.
    step: number of training steps done.
    arrays: dict from name to NumPy array.
    state: what else must be restored, as JSON can hold it.

  Raises:
    StorageError: it cannot be written; earlier checkpoints stay.
  """
  manifest = {
      "state": state,
      "sha256": {n: state_lib.sha256({n: a}) for n, a in arrays.items()},
  }
  text = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
  buffer = io.BytesIO()
  np.savez(buffer, **{_MANIFEST: text, **arrays})
  try:
    folder.mkdir(exist_ok=True)
    storage.write_bytes(folder / f"step-{step:08d}.npz", buffer.getbuffer())
    for path in _newest_first(folder)[_KEPT:]:
      path.unlink()
  except OSError as error:
    raise errors.StorageError(
        f"{folder} cannot be written: {error.strerror}") from error


def latest(folder):
  """Returns `(arrays, state)` of the newest sound checkpoint, or None.

  A damaged one is named in a warning on stderr, and the one before it used.
  """
  paths = _newest_first(folder)
  for path, before in zip(paths, [*paths[1:], None]):
    try:
      return _load(path)
    except Exception as error:  # Damaged bytes raise what they will.
      instead = (f"trying {before.name}" if before
                 else "starting anew")
      print(f"warning: checkpoint {path} is damaged ({error}); {instead}",
            file=sys.stderr, flush=True)
  return None


def _load(path):
  with np.load(path) as file:
    arrays = {name: file[name] for name in file.files}
  manifest = json.loads(arrays.pop(_MANIFEST).tobytes())
  if set(arrays) != set(manifest["sha256"]):
    raise ValueError("its arrays are not those of its manifest")
  for name, array in arrays.items():
    if state_lib.sha256({name: array}) != manifest["sha256"][name]:
      raise ValueError(f"the SHA-256 of {name} is wrong")
  return arrays, manifest["state"]


def _newest_first(folder):
  paths = folder.glob("step-*.npz") if folder.is_dir() else ()
  steps = {p: _NAME.fullmatch(p.name) for p in paths}
  return sorted((p for p in steps if steps[p]),
                key=lambda p: int(steps[p][1]), reverse=True)

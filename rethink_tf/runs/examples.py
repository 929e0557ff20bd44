"""What a run has recorded of each training example, with --record_examples.

While it trains, a file an epoch among its checkpoints; when it is done, one
file, examples.npz, which NumPy reads without unpickling:

    example       int32 (n,), which of the data set's training examples it is
    margins       float16 (epochs, n), the label's logit less the largest other
    fitted        uint8 (epochs, ceil(n / 8)), `numpy.packbits` of whether it is
                  above zero
    fitted_since  int32 (n,), as `Examples` has it
    forgotten     int32 (n,)
    manifest.json uint8, what `sealed` keeps
"""

import dataclasses

import numpy as np

from rethink_tf import errors
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

NAME = "examples.npz"
_LARGEST = np.finfo(np.float16).max


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
  """What was recorded of n training examples over some epochs.

  Each epoch's is of the step that trained on the example in it.

  Attributes:
    example: int32 `(n,)`, which of the data set's training examples each is.
    margins: float16 `(epochs, n)`, the label's logit less the largest other.
    fitted: bool `(epochs, n)`, whether the label was predicted.
  """

  example: np.ndarray
  margins: np.ndarray
  fitted: np.ndarray

  @property
  def fitted_since(self):
    """The epoch, from 1, since which each was fitted for good; 0: it was not.

    int32 `(n,)`.
    """
    epochs = len(self.fitted)
    last_miss = np.where(
        self.fitted.all(axis=0), 0,
        epochs - np.argmin(self.fitted[::-1], axis=0))
    return np.where(last_miss == epochs, 0, last_miss + 1).astype(np.int32)

  @property
  def forgotten(self):
    """How often each was fitted in an epoch and not in the next; int32 `(n,)`.

    Toneva et al.'s forgetting events (2019).
    """
    return (self.fitted[:-1] & ~self.fitted[1:]).sum(axis=0, dtype=np.int32)


def write_epoch(directory, epoch, margins, seen):
  """Writes what was recorded in an epoch.

  Args:
    directory: the `RunDirectory`.
    epoch: the epoch, from 1.
    margins: float32 `(n,)`, of the examples that are trained on.
    seen: bool `(all,)`, which of all those are; n of them.

  Raises:
    StorageError: it cannot be written.
  """
  storage.make_folder(directory.checkpoints)
  sealed.write(_part(directory.path, epoch), {
      "margins": np.clip(margins, -_LARGEST, _LARGEST).astype(np.float16),
      "fitted": np.packbits(margins > 0),
      "seen": np.packbits(seen),
  }, {}, directory.identity)


def require_epochs(directory, epochs):
  """Raises StorageError unless so many epochs are there, sound and this run's.

  Args:
    directory: the `RunDirectory`.
    epochs: how many the run goes on after.
  """
  if epochs:
    _load(directory.path, epochs, directory.identity)


def finish(directory, epochs):
  """Puts the epochs of a run that is done in its one file.

  Args:
    directory: the `RunDirectory`.
    epochs: how many there are.

  Raises:
    StorageError: they are not there, or the file cannot be written.
  """
  made = _load(directory.path, epochs, directory.identity)
  directory.write_file(NAME, sealed.pack({
      "example": made.example,
      "margins": made.margins,
      "fitted": np.packbits(made.fitted, axis=1),
      "fitted_since": made.fitted_since,
      "forgotten": made.forgotten,
  }, {}, directory.identity))
  for epoch in range(1, epochs + 1):
    storage.remove(_part(directory.path, epoch))


def load(folder):
  """Returns the `Examples` of a run directory, done or not.

  Args:
    folder: its `pathlib.Path`.

  Raises:
    StorageError: a file is damaged, or there is none.
  """
  return _load(folder, None, None)


def _load(folder, epochs, run):
  """Returns `Examples` of so many epochs; None: of all that there are."""
  parts = []
  whole = _read(folder / NAME, run)
  if whole is not None:
    count = len(whole["example"])
    parts.append((whole["example"], whole["margins"], np.unpackbits(
        whole["fitted"], axis=1, count=count).astype(bool)))
  done = 0 if whole is None else len(whole["margins"])
  while epochs is None or done < epochs:
    arrays = _read(_part(folder, done + 1), run)
    if arrays is None:
      break
    count = len(arrays["margins"])
    parts.append((
        np.flatnonzero(np.unpackbits(arrays["seen"])).astype(np.int32),
        arrays["margins"][None],
        np.unpackbits(arrays["fitted"], count=count).astype(bool)[None]))
    done += 1
  if not parts or epochs is not None and done < epochs:
    raise errors.StorageError(
        f"{folder}: what was recorded of examples in epoch {done + 1} is "
        "missing; --overwrite starts the run anew")
  example, margins, fitted = zip(*parts)
  return Examples(example[0], np.concatenate(margins)[:epochs],
                  np.concatenate(fitted)[:epochs])


def _read(path, run):
  """Returns a file's arrays; None where it is absent.

  Raises:
    StorageError: it is damaged, or of another run.
  """
  try:
    return sealed.read(path, run)[0]
  except FileNotFoundError:
    return None
  except (OSError, ValueError) as error:
    raise errors.StorageError(
        f"{path} is {sealed.describe(error)}; --overwrite starts the run anew"
    ) from error


def _part(folder, epoch):
  return folder / "checkpoints" / f"examples-{epoch:06d}.npz"

"""What a stopped solver goes on from: finished panels, and the iteration.

Each file is checked by SHA-256 when it is read. A damaged one is named in a
warning, and what it held is computed anew.
"""

import sys

import numpy as np

from rethink_tf.linear import blockfile
from rethink_tf.linear import conjugate_gradients

_STATE = "iteration.bin"
_ARRAYS = 3  # Of a state: solution, residual, direction.


class Nowhere:
  """Keeps nothing."""

  def load_shift(self):
    return 0.0

  def load_panels(self, shift):
    del shift
    return []

  def save_panel(self, index, panel, shift):
    pass

  def load_state(self):
    return None, [], float("inf")

  def save_state(self, state, rows, smallest):
    pass

  def clear(self):
    pass


class Store:
  """Keeps panels and the iteration in a folder.

  Args:
    folder: `pathlib.Path`, made where absent.
    is_due: a function without arguments that tells whether it is time to save
      the iteration again.
    saved: called after each file is written.
  """

  def __init__(self, folder, is_due=lambda: True, saved=lambda: None):
    self._folder = folder
    self._is_due = is_due
    self._saved = saved

  def load_shift(self):
    """Returns what was added to the diagonal of the panels kept, as a ratio."""
    _, state = read(self._panel_path(0), quiet=True)
    return state["shift"] if state else 0.0

  def load_panels(self, shift):
    """Returns the finished panels, from the left until one is missing."""
    panels = []
    while True:
      panel, state = read(self._panel_path(len(panels)))
      if panel is None or state["shift"] != shift:
        return panels
      panels.append(panel)

  def save_panel(self, index, panel, shift):
    """Keeps a panel that will not change any more.

    Raises:
      StorageError: it cannot be written.
    """
    blockfile.write(self._panel_path(index), panel, {"shift": shift})
    self._saved()

  def load_state(self):
    """Returns `(state, rows, smallest)` as saved; None, [], inf where not."""
    path = self._folder / _STATE
    arrays, saved = read(path)
    if arrays is not None and len(arrays) != _ARRAYS:
      print(f"warning: {path} is of another version; iterating anew",
            file=sys.stderr, flush=True)
      arrays = None
    if arrays is None:
      return None, [], float("inf")
    state = conjugate_gradients.State(*arrays, saved["iteration"])
    return state, saved["rows"], saved["smallest"]

  def save_state(self, state, rows, smallest):
    """Keeps a `conjugate_gradients.State`, when it is time.

    Raises:
      StorageError: it cannot be written.
    """
    if not self._is_due():
      return
    arrays = np.stack([state.solution, state.residual, state.direction])
    blockfile.write(self._folder / _STATE, arrays, {
        "iteration": state.iteration, "rows": rows, "smallest": smallest})
    self._saved()

  def clear(self):
    """Removes all that is kept."""
    for path in (*self._folder.glob("panel-*.bin"), self._folder / _STATE):
      path.unlink(missing_ok=True)

  def _panel_path(self, index):
    return self._folder / f"panel-{index:04d}.bin"


def read(path, quiet=False):
  """Returns `(array, state)` of a file, or `(None, None)`.

  Args:
    path: `pathlib.Path`.
    quiet: whether not to name a damaged file in a warning.
  """
  try:
    return blockfile.read(path)
  except FileNotFoundError:
    return None, None
  except (OSError, ValueError) as error:
    if not quiet:
      print(f"warning: checkpoint {path} is damaged ({error}); what it held is "
            "computed anew", file=sys.stderr, flush=True)
    return None, None

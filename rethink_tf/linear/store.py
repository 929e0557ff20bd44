"""What a stopped solver goes on from: finished panels, and the iteration.

Each file is checked by SHA-256 when it is read. One that is damaged, or of
another run, is named in a warning, and what it held is computed anew. Where
there is none, one of an earlier version, named .bin, does.
"""

import sys

from rethink_tf.linear import blockfile
from rethink_tf.linear import conjugate_gradients
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

_STATE = "iteration.npz"
# Of a state, in this order in files of earlier versions.
_ARRAYS = ("solution", "residual", "direction")
_PANEL = "panel"


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
    run: what identifies the run, `RunDirectory.identity`.
  """

  def __init__(
      self, folder, is_due=lambda: True, saved=lambda: None, run=None):
    self._folder = folder
    self._run = run
    self._is_due = is_due
    self._saved = saved

  def load_shift(self):
    """Returns what was added to the diagonal of the panels kept, as a ratio."""
    _, shift = self._read_panel(0, quiet=True)
    return shift or 0.0

  def load_panels(self, shift):
    """Returns the finished panels, from the left until one is missing."""
    panels = []
    while True:
      panel, of_panel = self._read_panel(len(panels))
      if panel is None or of_panel != shift:
        return panels
      panels.append(panel)

  def save_panel(self, index, panel, shift):
    """Keeps a panel that will not change any more.

    Raises:
      StorageError: it cannot be written.
    """
    storage.make_folder(self._folder)
    sealed.write(
        self._panel_path(index), {_PANEL: panel}, {"shift": shift}, self._run)
    self._saved()

  def load_state(self):
    """Returns `(state, rows, smallest)` as saved; None, [], inf where not."""
    path = self._folder / _STATE
    arrays, saved = read(
        path, self._run, _ARRAYS, ("iteration", "rows", "smallest"))
    if arrays is None:
      return None, [], float("inf")
    state = conjugate_gradients.State(
        *(arrays[name] for name in _ARRAYS), saved["iteration"])
    return state, saved["rows"], saved["smallest"]

  def save_state(self, state, rows, smallest):
    """Keeps a `conjugate_gradients.State`, when it is time.

    Raises:
      StorageError: it cannot be written.
    """
    if not self._is_due():
      return
    storage.make_folder(self._folder)
    arrays = {name: getattr(state, name) for name in _ARRAYS}
    sealed.write(self._folder / _STATE, arrays, {
        "iteration": state.iteration, "rows": rows, "smallest": smallest},
        self._run)
    self._saved()

  def clear(self):
    """Removes all that is kept."""
    for kept in ("panel-*.npz", "panel-*.bin", "iteration.*"):
      for path in self._folder.glob(kept):
        storage.remove(path)

  def _panel_path(self, index):
    return self._folder / f"panel-{index:04d}.npz"

  def _read_panel(self, index, quiet=False):
    """Returns `(panel, shift)`, or `(None, None)`."""
    arrays, state = read(
        self._panel_path(index), self._run, (_PANEL,), ("shift",), quiet)
    return (arrays[_PANEL], state["shift"]) if arrays else (None, None)


def read(path, run, names, keys, quiet=False):
  """Returns `(arrays, state)` of a file, or `(None, None)`.

  Args:
    path: `pathlib.Path`, ending in .npz; where it is absent, one of an earlier
      version, ending in .bin, is looked for.
    run: what identifies the run that goes on.
    names: of the arrays, a tuple; in an old file, one array or a stack of them.
    keys: of the state, a tuple.
    quiet: whether not to name a damaged file in a warning.
  """
  try:
    try:
      arrays, state = sealed.read(path, run)
    except FileNotFoundError:
      path = path.with_suffix(".bin")
      array, state = blockfile.read(path)
      stack = array if len(names) > 1 else [array]
      arrays = dict(zip(names, stack, strict=True))
    if not set(keys) <= set(state) or not set(names) <= set(arrays):
      raise ValueError("it lacks something")
    return arrays, state
  except FileNotFoundError:
    return None, None
  except (OSError, ValueError, TypeError) as error:
    if not quiet:
      print(f"warning: checkpoint {path} is {sealed.describe(error)}; what it "
            "held is computed anew", file=sys.stderr, flush=True)
    return None, None

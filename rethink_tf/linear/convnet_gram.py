"""The Gram matrix of the random convolutional network, and its checkpoints.

A checkpoint is a generation of files, one a panel, and gram.npz, which names
the generation and how far it is; that is replaced when all of the generation is
on disk, and the generation before removed after that.
"""

import re
import sys
import time

import numpy as np

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.linear import accumulation
from rethink_tf.linear import gram
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import random_convnet
from rethink_tf.linear import store
from rethink_tf.runs import sealed
from rethink_tf.runs import storage

_HEAD = "gram.npz"
_OLD_HEAD = "gram.json"  # Of earlier versions, which kept the norms apart.
_NAME = re.compile(r"gram-(\d+)-\d+\.(npz|bin)")
_PANEL, _NORMS = "panel", "test_norms"


class Keeper:
  """Writes and reads the checkpoints of an accumulation.

  Args:
    folder: `pathlib.Path`, or None to keep nothing.
    minutes: minutes between checkpoints.
    saved: called after each checkpoint.
    run: what identifies the run, `RunDirectory.identity`.
  """

  def __init__(self, folder, minutes, saved=lambda: None, run=None):
    self.folder = folder
    self._interval = 60 * minutes
    self._saved = saved
    self._run = run
    self._last = time.monotonic()

  def is_due(self):
    return (self.folder is not None
            and time.monotonic() - self._last >= self._interval)

  def save(self, accumulator, test_norms):
    """Writes all of an accumulator as a new generation.

    Raises:
      StorageError: it cannot be written; the generation before stays.
    """
    if self.folder is None:
      return
    storage.make_folder(self.folder)
    _, before = self._read_head(quiet=True)
    before = before["generation"] if before else 0
    self._remove_all_but(before)  # Of a process killed while it wrote.
    head = {"generation": before + 1, "block": accumulator.block,
            "panel": accumulator.panel}
    for index, panel in enumerate(accumulator.panels):
      sealed.write(
          self._path(before + 1, index), {_PANEL: panel}, head, self._run)
    sealed.write(self.folder / _HEAD, {_NORMS: test_norms}, head, self._run)
    self._remove_all_but(before + 1)
    storage.remove(self.folder / _OLD_HEAD)
    self._last = time.monotonic()
    self._saved()

  def restore(self, accumulator, test_norms):
    """Puts the last checkpoint, if it is sound, into an accumulator and norms.
    """
    norms, head = self._read_head()
    if head is None:
      return
    arrays = accumulator.panels
    if norms is None:  # Of an earlier version.
      arrays = [*arrays, test_norms]
    for index, array in enumerate(arrays):
      path = self._path(head["generation"], index)
      saved, state = store.read(path, self._run, (_PANEL,), ())
      if (saved is None or saved[_PANEL].shape != array.shape
          or state not in ({}, head)):
        print(f"warning: {path} is missing or damaged; accumulating the Gram "
              "matrix anew", file=sys.stderr, flush=True)
        for begun in (*accumulator.panels, test_norms):
          begun[:] = 0
        return
      array[:] = saved[_PANEL]
    accumulator.block, accumulator.panel = head["block"], head["panel"]
    if norms is None:
      self.save(accumulator, test_norms)
    else:
      test_norms[:] = norms

  def open_panels(self, count):
    """Returns the last checkpoint's panels, on disk, `count` of them."""
    _, head = self._read_head()
    return [sealed.OnDisk(self._path(head["generation"], i), _PANEL)
            for i in range(count)]

  def _read_head(self, quiet=False):
    """Returns `(norms, head)`; without norms of earlier versions; None, None.
    """
    if self.folder is None:
      return None, None
    keys = ("generation", "block", "panel")
    path = self.folder / _HEAD
    arrays, head = store.read(path, self._run, (_NORMS,), keys, quiet)
    if arrays:
      return arrays[_NORMS], head
    if path.exists():
      return None, None
    return None, self._read_old_head(keys, quiet)

  def _read_old_head(self, keys, quiet):
    path = self.folder / _OLD_HEAD
    try:
      head = documents.read_json(path)
      if not all(type(head[key]) is int and head[key] >= 0 for key in keys):
        raise ValueError("it has no whole numbers")
      return head
    except FileNotFoundError:
      return None
    except (OSError, ValueError, TypeError, KeyError) as error:
      if not quiet:
        print(f"warning: {path} is damaged ({error})", file=sys.stderr,
              flush=True)
      return None

  def _remove_all_but(self, generation):
    for path in self.folder.glob("gram-*"):
      name = _NAME.fullmatch(path.name)
      if name and int(name[1]) != generation:
        storage.remove(path)

  def _path(self, generation, index):
    return self.folder / f"gram-{generation}-{index:04d}.npz"


def build(config, problem, keeper, stop, progress, width=gram.WIDTH):
  """Returns the Gram matrix of "random_convnet", block of filters by block.

  Args:
    config: `LinearConfig`.
    problem: `problem.Problem`.
    keeper: `Keeper`.
    stop: the `signals.Stop` that may ask to stop.
    progress: `status.Progress`.
    width: columns of a panel.

  Raises:
    StoppedError: a signal came; what was done is saved.
    StorageError: a checkpoint cannot be written.
  """
  tests = len(problem.test_images)
  accumulator = accumulation.Accumulator(len(problem.images), tests, width)
  test_norms = np.zeros(tests)
  keeper.restore(accumulator, test_norms)
  try:
    _accumulate(
        config, problem, accumulator, test_norms, keeper, stop, progress)
  except errors.StoppedError:
    keeper.save(accumulator, test_norms)
    raise
  panels = accumulator.panels
  if keeper.folder is not None:
    # Read from disk from now on: the factor needs the memory.
    del accumulator
    panels = keeper.open_panels(len(panels))
  features = config.filters * random_convnet.FEATURES_PER_FILTER
  return accumulation.GramOfDots(
      problem_lib.kernel(config), panels, test_norms, 1 / features, width)


def _accumulate(
    config, problem, accumulator, test_norms, keeper, stop, progress):
  """Adds the blocks of filters that an accumulator does not have yet."""
  blocks = gram.cut(config.filters, problem_lib.FILTERS_PER_BLOCK)
  if accumulator.block == len(blocks):
    return
  network = random_convnet.draw(
      problem.images, config.filters, config.threshold, config.seed)
  images = np.concatenate([problem.images, problem.test_images])
  size = len(problem.images)

  def show(done):
    progress.update((accumulator.block + done) / len(blocks))

  progress.begin("random filters", accumulator.block / len(blocks))
  while accumulator.block < len(blocks):
    features = network.features(images, blocks[accumulator.block])
    _add_block(
        accumulator, features, size, test_norms, keeper, stop, show)
    del features  # Else there would be two blocks while the next is made.
  keeper.save(accumulator, test_norms)


def _add_block(accumulator, features, size, test_norms, keeper, stop, show):
  """Adds a block's dot products; a signal waits until a panel is whole."""
  def tick(done):
    show(done)
    stop.check("the panel it added last")
    if keeper.is_due():
      keeper.save(accumulator, test_norms)

  stop.defer()
  accumulator.add(features, tick)
  test_norms += gram.squared_norms(features[size:])
  stop.end_deferral()

"""The Gram matrix of the random convolutional network, and its checkpoints.

A checkpoint is a generation of files, one a panel, and a manifest that names
the generation and how far it is; the manifest is replaced when all of the
generation is on disk, and the one before removed after that.
"""

import sys
import time

import numpy as np

from rethink_tf import errors
from rethink_tf.linear import accumulation
from rethink_tf.linear import blockfile
from rethink_tf.linear import gram
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import random_convnet
from rethink_tf.linear import store
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import storage


class Keeper:
  """Writes and reads the checkpoints of an accumulation.

  Args:
    folder: `pathlib.Path`, or None to keep nothing.
    minutes: minutes between checkpoints.
    saved: called after each checkpoint.
  """

  def __init__(self, folder, minutes, saved=lambda: None):
    self.folder = folder
    self._interval = 60 * minutes
    self._saved = saved
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
    self.folder.mkdir(exist_ok=True)
    before = self._read_manifest() or {"generation": 0}
    generation = before["generation"] + 1
    for path in self.folder.glob("gram-*.bin"):
      if _generation(path) != before["generation"]:
        path.unlink()  # Of a process killed while it wrote.
    for index, array in enumerate([*accumulator.panels, test_norms]):
      blockfile.write(self._path(generation, index), array, {})
    storage.write_json(self.folder / "gram.json", {
        "generation": generation, "block": accumulator.block,
        "panel": accumulator.panel})
    for path in self.folder.glob("gram-*.bin"):
      if _generation(path) != generation:
        path.unlink()
    self._last = time.monotonic()
    self._saved()

  def restore(self, accumulator, test_norms):
    """Puts the last checkpoint, if it is sound, into an accumulator and norms.
    """
    manifest = self._read_manifest()
    if manifest is None:
      return
    arrays = [*accumulator.panels, test_norms]
    for index, array in enumerate(arrays):
      saved, _ = store.read(self._path(manifest["generation"], index))
      if saved is None or saved.shape != array.shape:
        print(f"warning: {self._path(manifest['generation'], index)} is "
              "missing or damaged; accumulating the Gram matrix anew",
              file=sys.stderr, flush=True)
        for begun in arrays:
          begun[:] = 0
        return
      array[:] = saved
    accumulator.block = manifest["block"]
    accumulator.panel = manifest["panel"]

  def open_panels(self, count):
    """Returns the last checkpoint's panels, on disk, `count` of them."""
    generation = self._read_manifest()["generation"]
    return [blockfile.OnDisk(self._path(generation, i)) for i in range(count)]

  def _read_manifest(self):
    if self.folder is None:
      return None
    try:
      return run_directory.read_json(self.folder / "gram.json")
    except errors.StorageError as error:
      print(f"warning: {error}", file=sys.stderr, flush=True)
      return None

  def _path(self, generation, index):
    return self.folder / f"gram-{generation}-{index:04d}.bin"


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


def _generation(path):
  return int(path.name.split("-")[1])

"""Which examples trained networks classify correctly, kept beside each run.

With the final weights, fixed, on central crops; of the training examples all
that the run could have been shown, also those that are not in its subset, with
the labels that were drawn for them.
"""

import dataclasses

import numpy as np

from rethink_tf.data import randomization
from rethink_tf.measures import runs
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import sealed
from rethink_tf.training import experiment

FILE = "correct.npz"
_SPLITS = ("train", "test")


@dataclasses.dataclass(frozen=True, eq=False)
class Correct:
  """What a network classifies correctly.

  Attributes:
    seen: bool `(n,)`, which training examples it was trained on.
    train: bool `(n,)`, on which of them it says the label that was drawn.
    test: bool `(m,)`, likewise of the test images.
  """

  seen: np.ndarray
  train: np.ndarray
  test: np.ndarray


class Suite:
  """The data and the network of a suite, for one run of it after another.

  Attributes:
    data, train: as `experiment.load_data` returns them.
    labels: the `Labels` of all training examples.

  Args:
    config: the `Config` of any of its runs.
    data_dir: where its data are, or None.
  """

  def __init__(self, config, data_dir):
    self.data, self.train = experiment.load_data(config, data_dir)
    self.labels = randomization.compare_labels(
        self.data, self.train, config.label_corruption, config.seed_of_labels)
    self._model = experiment.build_model(config, self.data)

  def find_correct(self, directory, config, result):
    """Returns the `Correct` of a run, from its file of it or computed now.

    Args:
      directory: `pathlib.Path` of a finished run.
      config: its `Config`.
      result: the dict of its result.json.

    Raises:
      DataError: the data are others than those of the run.
      StorageError: the run has no checkpoint, or one of other weights.
      UsageError: the run directory cannot be written, or another process owns
        it.
    """
    runs.require_data(directory, result, self.data, self.train)
    seen = experiment.find_seen(config, self.train)
    kept = _read(directory / FILE, result["weights_sha256"])
    if kept is None:
      with run_directory.claim(directory):
        runs.set_trained(self._model, directory, result)
        kept = [self._is_correct(split)
                for split in (self.train, self.data.test)]
        sealed.write(
            directory / FILE, dict(zip(_SPLITS, map(np.packbits, kept))), {
                "weights_sha256": result["weights_sha256"],
                "counts": [len(correct) for correct in kept]})
    return Correct(seen, *kept)

  def _is_correct(self, split):
    logits = self._model.predict(split.evaluation_batches(), verbose=0)
    return np.argmax(logits, axis=1) == split.labels


def _read(path, weights_sha256):
  """Returns what a file has of each split; None where it is of no use."""
  try:
    arrays, state = sealed.read(path)
  except (OSError, ValueError):  # It is computed again.
    return None
  if state["weights_sha256"] != weights_sha256:
    return None
  return [np.unpackbits(arrays[name], count=count).astype(bool)
          for name, count in zip(_SPLITS, state["counts"])]

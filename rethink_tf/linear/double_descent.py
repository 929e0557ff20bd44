"""Errors and norms of least squares by the number of random features.

With fewer features than examples there is one least-squares solution; with more
there are many that fit the training data exactly, and the one of least norm is
taken, as Section 5 does with a kernel, which is the limit of more and more
features. Where there are as many as examples, the test error and the norm have
a peak (Belkin, Hsu, Ma and Mandal, 2019, Section 2.1, with the same features on
the same data).
"""

import time

import numpy as np

from rethink_tf.data import datasets
from rethink_tf.data import randomization
from rethink_tf.linear import fourier
from rethink_tf.linear import interpolation
from rethink_tf.linear import memory
from rethink_tf.linear import minimum_norm
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import status as progress_lib
from rethink_tf.runs import environment

COLUMNS = (
    "label_corruption", "l2", "features", "train_error", "test_error",
    "train_loss", "test_loss", "norm")
# Test examples whose features are in memory at a time.
_BLOCK = 1000


def run(config, options, directory):
  """Measures each number of features, and records that in a run directory.

  Args:
    config: the `DoubleDescentConfig`.
    options: the `DoubleDescentOptions`.
    directory: the `RunDirectory`, claimed.

  Returns:
    The dict of result.json: "peaks" has, for each label corruption and l2, the
    numbers of features at which test loss and norm are greatest.

  Raises:
    DataError: the data cannot be had.
    StorageError: the features do not fit into memory.
    UsageError: the directory holds a run of another config.
  """
  begun = time.monotonic()
  memory.require(
      memory_gb(config), options.memory_gb,
      f"fitting {max(config.features):,} features to {config.examples:,} "
      "examples", "fewer --features or --train_examples")
  data = datasets.load(config.dataset, options.data_dir)
  labels = [_labels_of(config, data, p) for p in config.label_corruption]
  directory.begin(
      {**config.as_dict(), "dataset_fingerprint": data.fingerprint,
       "label_hash": randomization.label_hash(np.concatenate(labels))},
      environment.describe(options, None), options.overwrite)
  with progress_lib.Progress() as progress:
    rows = _measure(
        config, data, labels,
        lambda rows: directory.write_metrics(rows, COLUMNS), progress)
  result = {
      "status": "done", "dataset": config.dataset, "n": config.examples,
      "peaks": find_peaks(rows), "seed": config.seed,
      "wall_seconds": round(time.monotonic() - begun, 3),
      "dataset_fingerprint": data.fingerprint}
  directory.write_result(result)
  return result


def memory_gb(config):
  """Returns an estimate, from above, of the peak memory of a run, in GB."""
  most = max(config.features)
  # The features, the orthogonal factor and a copy that LAPACK works on; those
  # of test examples, and the frequencies.
  entries = 3 * most * config.examples + 3 * most * _BLOCK + 784 * 4 * most
  entries += 4 * min(most, config.examples) ** 2
  return 2 + 8 * entries / memory.GB


def fit(points, test_points, labels, test_labels, classes, penalties):
  """Fits several labelings of the same points, with each penalty.

  Args:
    points: float64 `(n, d)`, their features.
    test_points: an iterable of float64 `(m, d)`, blocks of test examples.
    labels: a list of int `(n,)`, the labelings.
    test_labels: int, of all test examples.
    classes: number of classes; targets are one-hot.
    penalties: numbers >= 0.

  Returns:
    A list of dicts, the labelings of the first penalty and then of the others,
    with what `COLUMNS` have from "train_error" on. Losses are squared errors,
    summed over classes and averaged over examples.
  """
  eye = np.eye(classes)
  targets = np.concatenate([eye[some] for some in labels], axis=1)
  # A column for each penalty, labeling and class, in this order.
  weights = np.concatenate(
      list(minimum_norm.ridge(points, targets, penalties)), axis=1)
  fitted = points @ weights
  predicted = np.concatenate([block @ weights for block in test_points])
  rows = []
  for index in range(len(penalties) * len(labels)):
    part = slice(index * classes, (index + 1) * classes)
    assigned = labels[index % len(labels)]
    rows.append({
        **_compare("train", fitted[:, part], assigned, eye),
        **_compare("test", predicted[:, part], test_labels, eye),
        "norm": float(np.linalg.norm(weights[:, part]))})
  return rows


def find_peaks(rows):
  """Returns where test loss and norm are greatest, as `run` does."""
  groups = {}
  for row in rows:
    groups.setdefault((row["label_corruption"], row["l2"]), []).append(row)
  return [
      {"label_corruption": p, "l2": l2,
       **{name: max(some, key=lambda row: row[name])["features"]
          for name in ("test_loss", "norm")}}
      for (p, l2), some in groups.items()]


def _labels_of(config, data, probability):
  return randomization.corrupt_training_labels(
      data, config.train_examples, probability, config.seed, config.label_noise,
      config.labels_file).labels


def _measure(config, data, labels, write, progress):
  """Returns the rows of all numbers of features; writes them as they come."""
  points = _as_points(config, data.train.images[:config.examples])
  test_points = _as_points(config, data.test.images)
  progress.begin("features")
  rows = []
  for index, count in enumerate(config.features):
    normal = fourier.frequencies(points.shape[1], count, config.seed)
    blocks = (
        fourier.transform(
            test_points[start:start + _BLOCK], normal, config.bandwidth)
        for start in range(0, len(test_points), _BLOCK))
    settings = [(p, l2) for l2 in config.l2 for p in config.label_corruption]
    fits = fit(fourier.transform(points, normal, config.bandwidth), blocks,
               labels, data.test.labels, data.num_classes, config.l2)
    rows += [{"label_corruption": p, "l2": l2, "features": count, **measured}
             for (p, l2), measured in zip(settings, fits)]
    write(rows)
    progress.update((index + 1) / len(config.features))
  progress.end()
  return rows


def _as_points(config, images):
  """Returns float64 `(n, d)`, pixels from 0 to 1 as a kernel sees them."""
  cropped = problem_lib.crop(config.dataset, images)
  return cropped.reshape(len(images), -1) / 255


def _compare(name, scores, labels, eye):
  return {
      f"{name}_error": interpolation.error_rate(scores, labels),
      f"{name}_loss": float(
          np.square(scores - eye[labels]).sum(axis=1).mean())}

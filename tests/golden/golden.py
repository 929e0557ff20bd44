"""What a golden test measures: a short, deterministic run of a flagfile's row.

The row's model, regularizers and labels stay; the run is cut to eight steps of
16 of the first 64 examples, with the learning rate decaying every second step
so that the decay is seen.
"""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import tensorflow as tf

from rethink_tf import paths
from rethink_tf.data import catalog
from rethink_tf.data import datasets
from rethink_tf.data import randomization
from rethink_tf.data.imagenet import loader as imagenet
from rethink_tf.flags import training as training_flags
from rethink_tf.training import evaluation
from rethink_tf.training import experiment
from rethink_tf.training import fit

_CUT = ("--train_examples=64", "--batch_size=16", "--epochs=2",
        "--lr_decay_examples=32")
# Of Table 2, two steps: the second loss tells what the first step did.
_CUT_IMAGENET = ("--train_examples=16", "--batch_size=8", "--epochs=1")

# What a rounding error becomes within eight steps was measured by running on
# one thread instead of two, and with oneDNN's kernels for other processors.
# Without batch normalization, at a tenth of the row's learning rate, losses
# move by up to 3e-7, relative. With it, each step at that rate multiplies an
# error by a hundred (0.01 at the end); at a thousandth, losses move by up to
# 3e-4.
_LOSS_TOLERANCE, _RATE_DIVISOR = 2e-5, 10
_LOSS_TOLERANCE_BN, _RATE_DIVISOR_BN = 1e-3, 1000

# An accuracy counts whole examples of 64: one may change sides by rounding.
ACCURACY_TOLERANCE = 1.01 / 64


# Of the modifications of Section 2.1, the one that has no flagfile.
_PARTIALLY_CORRUPTED = "table1_row18 --label_corruption=0.5"


def names(dataset="digits"):
  """Returns the names of a dataset's golden runs.

  Those of ImageNet are Table 2's flagfiles, and those of the other datasets all
  others and one more.
  """
  folder = pathlib.Path(__file__).parent.parent.parent / "configs"
  stems = sorted(
      (path.stem for path in folder.glob("*.flags")
       if not path.stem.startswith("table3_")),  # Linear models have their own.
      key=lambda stem: (len(stem), stem))
  if dataset == catalog.IMAGENET:
    return [stem for stem in stems if stem.startswith("table2_")]
  others = [stem for stem in stems if not stem.startswith("table2_")]
  return [*others, _PARTIALLY_CORRUPTED]


def measure(name, dataset, *overrides):
  """Runs a flagfile's golden run.

  Args:
    name: the flagfile's name without ending, and flags after it.
    dataset: the dataset to run it on.
    *overrides: further flags.

  Returns:
    A dict: "params" and "label_hash"; the row's "learning_rates" and, at a
    fraction of them, "losses", one a step, the penalty included;
    "train_accuracy" afterwards; and "loss_tolerance", relative.
  """
  keras.backend.clear_session()
  stem, *flags = name.split()
  cut = _CUT_IMAGENET if dataset == catalog.IMAGENET else _CUT
  config, _ = training_flags.parse([
      f"--flagfile=configs/{stem}.flags", *flags, f"--dataset={dataset}",
      *cut, *overrides])
  data, train = experiment.load_data(config, None, allow_sample=True)
  model = experiment.build_model(config, data)
  rate = fit.compile_model(model, config, len(train))
  normalized = config.model in ("inception_small", "inception_v3")
  divisor = _RATE_DIVISOR_BN if normalized else _RATE_DIVISOR
  slow = dataclasses.replace(
      config, learning_rate=config.learning_rate / divisor)
  fit.compile_model(model, slow, len(train))
  losses = []
  for images, labels in train.training_batches(config):
    model.reset_metrics()
    losses.append(float(model.train_on_batch(images, labels)[0]))
  return {
      "params": sum(int(np.prod(w.shape)) for w in model.trainable_weights),
      "label_hash": randomization.label_hash(train.labels),
      "learning_rates": [
          float(keras.ops.convert_to_numpy(rate(s))) for s in range(len(losses))
      ],
      "losses": losses,
      "loss_tolerance": (
          _LOSS_TOLERANCE_BN if normalized else _LOSS_TOLERANCE),
      "train_accuracy": evaluation.evaluate(model, train)["accuracy"],
  }


def differences(expected, measured):
  """Returns what of a golden run is beyond its tolerance, as lines of text."""
  lines = [
      f"{name}: expected {expected[name]}, measured {measured[name]}"
      for name in ("params", "label_hash") if expected[name] != measured[name]]
  for name, tolerance in (
      ("learning_rates", 1e-6), ("losses", expected["loss_tolerance"])):
    if not np.allclose(
        expected[name], measured[name], rtol=tolerance, atol=0):
      lines.append(
          f"{name}: expected {expected[name]}, measured {measured[name]}")
  gap = abs(expected["train_accuracy"] - measured["train_accuracy"])
  if gap > ACCURACY_TOLERANCE:
    lines.append(f"train_accuracy: expected {expected['train_accuracy']}, "
                 f"measured {measured['train_accuracy']}")
  return lines


def fingerprint(dataset):
  """Returns the fingerprint of the copy of a dataset that is here.

  Raises:
    DataError: there is none.
  """
  if dataset == catalog.IMAGENET:
    return imagenet.load(None, image_size=299, allow_sample=True).fingerprint
  return datasets.load(dataset).fingerprint


def path(dataset, fingerprint, root=None):
  """Returns the file of a dataset's golden numbers; one a copy of the data."""
  root = root or pathlib.Path(__file__).parent.parent.parent
  return root / "tests" / "golden" / f"{dataset}-{fingerprint[:8]}.json"


def read(file):
  """Returns the golden numbers of a file by flagfile; empty where absent."""
  return json.loads(file.read_text()) if file.exists() else {}


def workspace_path(dataset, fingerprint):
  """Returns the file to rewrite: in the checkout, not in Bazel's tree."""
  return path(dataset, fingerprint, paths.workspace())


def make_deterministic():
  """Makes every run of this process repeatable to the bit."""
  tf.config.experimental.enable_op_determinism()

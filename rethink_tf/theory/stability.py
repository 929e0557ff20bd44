"""Uniform stability: how far one replaced example moves the loss.

An algorithm A is beta-uniformly stable if |loss(A_S, z) - loss(A_S', z)| is at
most beta for all z and all samples S, S' that differ in one example (Bousquet
and Elisseeff, 2002). It is "solely a property of the algorithm, which does not
take into account specifics of the data or the distribution of the labels"
(Section 2.2). Here the same network is trained on S and on S', with the same
seed and the same order, and the losses are compared on held-out images after
every epoch.

What is measured on one sample S is a lower bound of beta, and may well depend
on the labels in S: it is often larger with random ones. Uniform stability is
the supremum over all samples, those with random labels included, so that true
labels get the same beta, and the same bound.

The supremum over z is over images *and* labels, so that the measure never uses
an image's own label: it is the largest |log p(y | x) - log p'(y | x)| over the
held-out x and all classes y. Cross-entropy has no bound; the same with
probabilities instead of their logarithms is at most 1.
"""

import keras
import numpy as np

from rethink_tf import streams
from rethink_tf.data import catalog
from rethink_tf.data import dataset
from rethink_tf.data import randomization
from rethink_tf.models import registry
from rethink_tf.theory import trajectory
from rethink_tf.training import fit


def replace_one(split, n, index, seed):
  """Returns the first n examples, one of them replaced by one from beyond.

  Args:
    split: `dataset.Split` of more than n + index examples.
    n: the size of the sample.
    index: which replacement, from 0: example n + index comes in.
    seed: the run's seed, which draws the place.

  Returns:
    `(sample, place)`: a `dataset.Split` of n examples, and which was replaced.
  """
  place = int(streams.integers(1, n, seed, "replaced", index)[0])
  images, labels = split.images[:n].copy(), split.labels[:n].copy()
  images[place] = split.images[n + index]
  labels[place] = split.labels[n + index]
  return dataset.Split(images, labels), place


def log_probabilities(logits):
  """Returns log softmax, float64, of logits `(..., classes)`."""
  logits = logits.astype(np.float64)
  shifted = logits - logits.max(axis=-1, keepdims=True)
  return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def compare_logits(logits, others):
  """Compares what two networks say of the same images, epoch by epoch.

  Args:
    logits, others: float `(epochs + 1, m, classes)`.

  Returns:
    A dict of float64 `(epochs + 1,)`: "max_loss_difference" over images and
    labels, its mean "mean_loss_difference", and "max_probability_difference".
  """
  one, two = log_probabilities(logits), log_probabilities(others)
  losses = np.abs(one - two)
  return {
      "max_loss_difference": losses.max(axis=(1, 2)),
      "mean_loss_difference": losses.mean(axis=(1, 2)),
      "max_probability_difference": np.abs(
          np.exp(one) - np.exp(two)).max(axis=(1, 2)),
  }


def run(study):
  """Trains on S and on S with one example replaced, for each kind of labels.

  Args:
    study: a `study.Study` of a `flags.theory.Stability`.

  Returns:
    A dict of numbers. For each label corruption, as text, after the last epoch:
    the largest of "max_loss_difference" and "max_probability_difference" over
    the replacements, "train_accuracy" on S, "test_accuracy" on the held-out
    images with their true labels, and "generalization_error", what lies between
    the two.
  """
  config = study.config
  study.make_deterministic()
  data, train = study.load(0.0, 0)
  held_out = data.test.first(config.held_out)
  study.begin(
      label_hash=randomization.label_hash(train.labels[:config.n]),
      dataset_fingerprint=data.fingerprint)
  for corruption in config.label_corruption:
    _, train = study.load(corruption, 0)
    study.add(*_compare(study, train, held_out, corruption))
  return {
      "model": config.model,
      "n": config.n,
      "epochs": config.epochs,
      **summarize(study.rows),
  }


def summarize(rows):
  """Returns the largest figures of each label corruption, as `run` does.

  Args:
    rows: as `run` adds them; those of the last epoch count.
  """
  last = max(row["epoch"] for row in rows)
  ends = [row for row in rows if row["epoch"] == last]
  names = ("max_loss_difference", "max_probability_difference",
           "train_accuracy", "test_accuracy", "generalization_error")
  return {
      name: {f"{p:g}": max(row[name] for row in ends
                           if row["label_corruption"] == p)
             for p in dict.fromkeys(row["label_corruption"] for row in ends)}
      for name in names}


def _compare(study, train, held_out, corruption):
  """Returns a row for each replacement and epoch."""
  config = study.config
  sample = train.first(config.n)
  base = _train(study, sample, held_out, f"corruption{corruption:g}-base")
  correct = np.argmax(base["logits"], axis=2) == held_out.labels
  test_accuracy = correct.mean(axis=1)
  rows = []
  for index in range(config.replacements):
    replaced, place = replace_one(train, config.n, index, config.seed)
    other = _train(study, replaced, held_out,
                   f"corruption{corruption:g}-replacement{index}")
    measured = compare_logits(base["logits"], other["logits"])
    for epoch in range(config.epochs + 1):
      rows.append({
          "label_corruption": corruption,
          "replacement": index,
          "place": place,
          "epoch": epoch,
          **{name: float(values[epoch]) for name, values in measured.items()},
          "train_accuracy": float(base["train_accuracy"][epoch]),
          "test_accuracy": float(test_accuracy[epoch]),
          "generalization_error": float(
              base["train_accuracy"][epoch] - test_accuracy[epoch]),
      })
    print(f"label corruption {corruption:g}, replacement {index}: largest loss "
          f"difference {rows[-1]['max_loss_difference']:.4g}, generalization "
          f"error {rows[-1]['generalization_error']:.2%}", flush=True)
  return rows


def _train(study, sample, held_out, name):
  """Returns logits on the held-out images and the training accuracy, by epoch.

  The same seed for every sample: the same initial weights and order.
  """
  config = study.config
  keras.backend.clear_session()
  settings = config.training()
  model = registry.build(
      config.model, seed=config.seed,
      num_classes=catalog.DATASETS[config.dataset].num_classes)
  fit.compile_model(model, settings, len(sample))

  on_held_out = trajectory.make_predictor(held_out)
  on_sample = trajectory.make_predictor(sample)

  def measure(trained):
    fitted = np.argmax(on_sample(trained), axis=1) == sample.labels
    return {"logits": on_held_out(trained),
            "train_accuracy": float(fitted.mean())}

  return study.train(name, model, settings, sample, measure)

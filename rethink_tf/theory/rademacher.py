"""Empirical Rademacher complexity, equation (1), by the randomization test.

    R_n(H) = E_sigma sup_{h in H} (1/n) sum_i sigma_i h(x_i),

sigma_i = +1 or -1, independent and equally likely (Section 2.2). For each draw
of sigma a network with two outputs is trained to predict it; h(x) is +1 or -1
by the larger one, so that the sum is twice the training accuracy less 1.
Training finds some h, not the best one: every estimate is a lower bound.
"""

import math
import statistics

import keras
from keras import ops
import numpy as np

from rethink_tf import streams
from rethink_tf.data import dataset
from rethink_tf.data import pipeline
from rethink_tf.models import registry
from rethink_tf.theory import trajectory
from rethink_tf.training import fit
from rethink_tf.training import optimizers
from rethink_tf.training import schedule

_LINEAR = "linear"


def draw_signs(count, seed, draw):
  """Returns sigma, int32 `(n,)` of -1 and 1; entry i belongs to example i."""
  bits = streams.integers(count, 2, seed, "rademacher", draw)
  return (2 * bits - 1).astype(np.int32)


def linear_supremum(inputs, sigma, norm):
  """Returns sup over ||w|| <= norm of (1/n) sum_i sigma_i <w, x_i>.

  By Cauchy-Schwarz it is norm ||sum_i sigma_i x_i|| / n, at the w along that
  sum.

  Args:
    inputs: float `(n, d)`.
    sigma: `(n,)` of -1 and 1.
    norm: the bound on ||w||.
  """
  total = inputs.astype(np.float64).T @ sigma
  return float(norm * np.linalg.norm(total) / len(sigma))


def bound_linear_supremum(inputs, norm):
  """Returns bounds on its expectation over sigma: `(lower, upper)`.

  E ||sum_i sigma_i x_i|| is at most the root of sum_i ||x_i||^2 (Jensen), and
  at least that over sqrt(2) (Khintchine's inequality with Szarek's constant).
  """
  squares = float((inputs.astype(np.float64)**2).sum())
  upper = norm * math.sqrt(squares) / len(inputs)
  return upper / math.sqrt(2), upper


def run(study):
  """Estimates R_n of one model for each n, from several draws of sigma.

  Args:
    study: a `study.Study` of a `flags.theory.Rademacher`.

  Returns:
    A dict of numbers. For each n, as text: "estimates", the mean over the draws
    of the largest (1/n) sum sigma_i h(x_i) that any epoch reached;
    "standard_deviations" of a draw; "standard_errors" of the mean; and beside
    them "linear", the mean of the closed form for linear functions of norm at
    most one over the largest ||x_i||, with the same signs.
  """
  config = study.config
  study.make_deterministic()
  data, _ = study.load(0.0, 1)
  study.begin(dataset_fingerprint=data.fingerprint)
  for n in config.n:
    for draw in range(config.draws):
      row = _estimate(study, data.train.first(n), draw)
      study.add(row)
      print(_describe(row), flush=True)
  return {"model": config.model, **summarize(study.rows)}


def summarize(rows):
  """Returns the means and spreads over draws that `run` returns.

  Args:
    rows: dicts with "n", "estimate" and "linear_supremum".
  """
  by_n = {}
  for row in rows:
    by_n.setdefault(str(row["n"]), []).append(row)
  values = {n: [row["estimate"] for row in some] for n, some in by_n.items()}
  spreads = {n: statistics.stdev(v) if len(v) > 1 else None
             for n, v in values.items()}
  return {
      "draws": {n: len(v) for n, v in values.items()},
      "estimates": {n: statistics.mean(v) for n, v in values.items()},
      "standard_deviations": spreads,
      "standard_errors": {
          n: s if s is None else s / math.sqrt(len(values[n]))
          for n, s in spreads.items()},
      "linear": {n: statistics.mean(row["linear_supremum"] for row in some)
                 for n, some in by_n.items()},
  }


def _estimate(study, split, draw):
  """Trains on one draw of signs; returns its row."""
  config = study.config
  keras.backend.clear_session()
  sigma = draw_signs(len(split), config.seed, draw)
  inputs = _preprocess(split)
  norm = 1 / float(np.linalg.norm(inputs, axis=1).max())
  labelled = dataset.Split(split.images, (sigma + 1) // 2)
  build = _build_linear if config.model == _LINEAR else _build_network
  model, settings, outputs = build(config, norm, draw, len(split))

  predict = trajectory.make_predictor(labelled)

  def measure(trained):
    return {"correlation": float(np.mean(sigma * outputs(predict(trained))))}

  measured = study.train(
      f"{config.model}-n{len(split)}-draw{draw}", model, settings, labelled,
      measure, enough=lambda entry: entry["correlation"] >= 1)
  reached = measured["correlation"]
  lower, upper = bound_linear_supremum(inputs, norm)
  return {
      "model": config.model,
      "n": len(split),
      "draw": draw,
      "estimate": float(reached.max()),
      "epochs": int(reached.argmax()),
      "linear_supremum": linear_supremum(inputs, sigma, norm),
      "linear_lower": lower,
      "linear_upper": upper,
  }


def _build_network(config, norm, draw, count):
  """Returns `(model, settings, outputs)`: h(x) is +1 or -1."""
  del norm
  settings = config.training()
  # Another draw starts from other weights: it is another attempt.
  seed = streams.seed_of(config.seed, "rademacher weights", draw)
  model = registry.build(config.model, num_classes=2, seed=seed)
  fit.compile_model(model, settings, count)
  return model, settings, lambda logits: np.sign(logits[:, 1] - logits[:, 0])


def _build_linear(config, norm, draw, count):
  """Returns the same for <w, x>, ||w|| <= norm after every step."""
  del draw
  settings = config.training()
  inputs = keras.Input((28, 28, 3), name="image")
  flat = keras.layers.Flatten(name="flatten")(inputs)
  outputs = keras.layers.Dense(
      1, use_bias=False, kernel_initializer="zeros",
      kernel_constraint=keras.constraints.MaxNorm(norm, axis=0),
      name="linear")(flat)
  model = keras.Model(inputs, outputs, name=_LINEAR)
  rate = schedule.learning_rate(settings, count)
  model.compile(
      optimizer=optimizers.build(_LINEAR, rate), loss=_negative_correlation)
  model.optimizer.build(model.trainable_variables)
  return model, settings, lambda values: values[:, 0]


def _negative_correlation(labels, outputs):
  """Minus the batch's mean of sigma h(x), for labels 0 and 1."""
  sigma = 2 * ops.cast(labels, outputs.dtype) - 1
  return -ops.mean(ops.reshape(sigma, (-1,)) * outputs[:, 0])


def _preprocess(split):
  """Returns what the networks see, float32 `(n, 2352)`."""
  batches = [images.numpy().reshape(len(images), -1)
             for images, _ in pipeline.evaluation_batches(split)]
  return np.concatenate(batches)


def _describe(row):
  return (f"n {row['n']:,}, draw {row['draw']}: {row['estimate']:.4f} after "
          f"{row['epochs']} epochs; linear functions: "
          f"{row['linear_supremum']:.4f}")

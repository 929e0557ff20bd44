"""Measuring a model with its weights fixed, over every example of a split."""

import contextlib

import keras
import numpy as np

from rethink_tf import errors
from rethink_tf.distributed import strategy
from rethink_tf.training import compiled
from rethink_tf.training import losses
from rethink_tf.training import margins
from rethink_tf.training import optimizers


def evaluate(model, split, team=strategy.ALONE):
  """Measures a trained model over every example of a split.

  The weights are their moving averages, where the optimizer keeps them. Each
  replica measures its part of the split; examples are counted over all.

  Args:
    model: a `keras.Model`, compiled.
    split: the `Split`.
    team: the `Team` that the model was built for.

  Returns:
    A dict with "accuracy" and "cross_entropy", and "top5" for more than ten
    classes.

  Raises:
    DivergedError: the loss is not finite.
  """
  logs = measure(model, split, team)
  if not np.isfinite(logs["cross_entropy"]):
    raise errors.DivergedError(
        f"the loss of the trained model is {logs['cross_entropy']}")
  return {name: float(value) for name, value in logs.items()}


def measure(model, split, team, callbacks=()):
  """Returns what `evaluate` does, of any value, as Keras has it.

  Args:
    model, split, team: as for `evaluate`.
    callbacks: `keras.callbacks.Callback`s, which may stop it.
  """
  with _averaged_weights(model):
    if compiled.is_for(split):
      return compiled.evaluate(model, split, callbacks)
    return _evaluate(
        model, split, team, team.evaluation_steps(split), callbacks)


def build_metrics(model, split, team):
  """Has Keras make the metrics' variables, as it does with a first batch."""
  _evaluate(model, split, team, steps=1)


def predict_classes(model, config, split, team, callbacks=()):
  """Returns the classes that the model predicts; int `(n,)`.

  Args:
    model, split, team: as for `evaluate`.
    config: the `Config`.
    callbacks: `keras.callbacks.Callback`s, which may stop it; there are then
      fewer classes than examples.
  """
  with _averaged_weights(model):
    if compiled.is_for(split):
      return compiled.predict_classes(model, config, split, callbacks)
    if team.strategy:
      return team.predict(
          model, split, lambda outputs: losses.select_logits(outputs, config))
    outputs = model.predict(
        split.evaluation_batches(), callbacks=list(callbacks), verbose=0)
  return np.argmax(losses.select_logits(outputs, config), axis=1)


def _evaluate(model, split, team, steps, callbacks=()):
  with margins.paused():
    return model.evaluate(
        team.distribute(split.evaluation_batches), steps=steps,
        callbacks=list(callbacks), verbose=0, return_dict=True)


@contextlib.contextmanager
def _averaged_weights(model):
  """Gives the model, in the block, the moving averages of its weights.

  They are what the Inception package of 2016 evaluates. Nothing happens where
  the optimizer keeps none.
  """
  averages = optimizers.averages(model.optimizer)
  weights = model.trainable_weights if averages else []
  kept, averaged = (
      [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]
      for variables in (weights, averages))
  for weight, value in zip(weights, averaged):
    weight.assign(value)
  try:
    yield
  finally:
    for weight, value in zip(weights, kept):
      weight.assign(value)

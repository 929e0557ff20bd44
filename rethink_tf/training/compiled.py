"""Many steps in one call of a compiled program, on a device that has the data.

The way of JAX, where data are in memory; ImageNet's come by tf.data, and so do
TensorFlow's. A program takes the steps from one to another of an epoch, both of
which it is told when it is called: so the same program takes one step or a
thousand, and a run that was stopped anywhere goes on with the same bits. A
batch that is not full is another program's.

A step is that of Keras's `fit`, `evaluate` and `predict`.
"""

import functools
import time

import keras
import numpy as np

from rethink_tf.data import dataset
from rethink_tf.training import losses
from rethink_tf.training import margins

# Signals, checkpoints and the line of progress wait for so long.
_SECONDS = 1.0


def is_for(split):
  """Tells whether a split is trained on and evaluated here."""
  return keras.backend.backend() == "jax" and isinstance(split, dataset.Split)


class Epoch:
  """The batches of one pass over a split, step by step.

  Args:
    split: `dataset.Split`.
    plan: `(order, windows)`, as `device` returns them.
    size: of a batch.

  Attributes:
    steps: how many batches there are.
  """

  def __init__(self, split, plan, size):
    from rethink_tf.data import device  # noqa: PLC0415

    self._data = device.put(split)
    whole = len(plan[0]) // size
    full = [part[:whole * size].reshape(whole, size, *part.shape[1:])
            for part in plan]
    rest = [part[np.newaxis, whole * size:] for part in plan]
    # int32, as JAX has its integers.
    self._full, self._rest = (
        [part.astype(np.int32) for part in parts] for parts in (full, rest))
    self._whole = whole
    self.steps = whole + bool(rest[0].size)

  def run(self, program, state, start, stop):
    """Runs a program over steps; returns how far it came, and its results.

    Args:
      program: one of `_Programs`.
      state: what it changes.
      start: the first step.
      stop: the step to end before; the run may end earlier.

    Returns:
      `(stop, results, state)`: the step that it has ended before; of each step
      done a row of every array of a dict; and the state after them.
    """
    if start < self._whole:
      batches, stop = self._full, min(stop, self._whole)
    else:
      batches, start, stop = self._rest, 0, 1
    results, state = program(
        state, *self._data, *batches, start=start, stop=stop)
    results = {name: np.asarray(rows)[start:stop]
               for name, rows in results.items()}
    return (stop if batches is self._full else self.steps), results, state


class Pace:
  """How many steps take about a second; at first, when they compile, one."""

  def __init__(self):
    self.steps = 1
    self._start = None

  def begin(self):
    self._start = time.monotonic()

  def end(self, done):
    """Learns of how many steps were done since `begin`."""
    seconds = max(time.monotonic() - self._start, 1e-6)
    # No more than tenfold at once: the first of all may have been a short one.
    self.steps = max(1, min(
        int(done * _SECONDS / seconds), 10 * max(done, self.steps)))


def train(model, epoch, start, pace):
  """Takes steps of an epoch; the model's variables are then as after them.

  Args:
    model: a `keras.Model`, compiled, its metrics built.
    epoch: the `Epoch`.
    start: the first step.
    pace: a `Pace`, which says how many steps.

  Returns:
    A list of dicts, the metrics after each step since they were reset.
  """
  variables = [
      model.trainable_variables, model.non_trainable_variables,
      model.optimizer.variables, model.metrics_variables]
  pace.begin()
  stop, logs, state = epoch.run(
      _programs(model, model.optimizer).train, _values_of(variables), start,
      start + pace.steps)
  pace.end(stop - start)
  _assign(variables, state)
  return [{name: float(rows[step]) for name, rows in logs.items()}
          for step in range(stop - start)]


def evaluate(model, split, callbacks=()):
  """Returns what Keras's `evaluate` does over a whole split, a dict of floats.

  Args:
    model: a `keras.Model`, compiled.
    split: `dataset.Split`.
    callbacks: `keras.callbacks.Callback`s, which may stop it.
  """
  build_metrics(model)
  model.stop_evaluating = False
  with margins.paused():
    results = _pass_over(
        model, split, "evaluate",
        [model.trainable_variables, model.non_trainable_variables,
         model.metrics_variables],
        lambda: model.stop_evaluating, callbacks)
  return {name: float(rows[-1]) for name, rows in results.items()}


def predict_classes(model, config, split, callbacks=()):
  """Returns the classes that a model predicts; int `(n,)`.

  Args:
    model, split, callbacks: as for `evaluate`.
    config: the `Config`.
  """
  model.stop_predicting = False
  logits = losses.select_logits(_pass_over(
      model, split, "predict",
      [model.trainable_variables, model.non_trainable_variables],
      lambda: model.stop_predicting, callbacks)["outputs"], config)
  return np.argmax(logits, axis=1)


def build_metrics(model):
  """Has Keras make the metrics' variables, and resets them all."""
  labels = np.zeros(1, np.int32)
  outputs = np.zeros((1, model.output_shape[-1]), np.float32)
  with margins.paused():
    model.compute_loss(y=labels, y_pred=outputs)
    model.compute_metrics(None, labels, outputs)
  model.reset_metrics()


def _pass_over(model, split, name, variables, is_stopped, callbacks):
  """Returns a program's results for the batches of a split, put together.

  A last batch that is not full has rows for its examples alone.
  """
  from rethink_tf.data import device  # noqa: PLC0415

  for callback in callbacks:
    callback.set_model(model)
  epoch = Epoch(
      split, device.evaluation_plan(len(split)), split.evaluation_batch)
  program = getattr(_programs(model, model.optimizer), name)
  state, pace, done, parts = _values_of(variables), Pace(), 0, []
  while done < epoch.steps and not is_stopped():
    pace.begin()
    stop, results, state = epoch.run(program, state, done, done + pace.steps)
    pace.end(stop - done)
    done = stop
    parts.append(results)
    for callback in callbacks:
      (callback.on_test_batch_end if name == "evaluate"
       else callback.on_predict_batch_end)(done - 1)
  return {key: np.concatenate([
      part[key].reshape(-1, *part[key].shape[2:]) if key == "outputs"
      else part[key] for part in parts]) for key in parts[0]}


class _Programs:
  """A model's steps, compiled; each is a function for `Epoch.run`.

  Args:
    model: a `keras.Model`, compiled.
  """

  def __init__(self, model):
    def name_metrics(size):
      del size
      return dict.fromkeys(model.get_metrics_result(), ())

    self.train = _compile(model.train_step, name_metrics)
    self.evaluate = _compile(model.test_step, name_metrics)
    self.predict = _compile(
        lambda state, data: _predict(model, state, data[0]),
        lambda size: {"outputs": (size, model.output_shape[-1])})


def _predict(model, state, inputs):
  outputs, fixed = model.predict_step(state, (inputs,))
  return {"outputs": outputs}, (state[0], fixed)


@functools.lru_cache(maxsize=2)
def _programs(model, optimizer):
  """Returns the `_Programs` of a model as it was compiled last."""
  del optimizer  # Each time that it is compiled, it has another.
  return _Programs(model)


def _compile(step, shapes_of):
  """Returns a program of the steps from one to another.

  Args:
    step: a function of a state and of `(inputs, labels)` that returns a dict
      and the next state.
    shapes_of: a function of a batch's size that returns the shape of each
      float32 in that dict: to trace a step for it takes seconds.
  """
  import jax  # noqa: PLC0415
  from jax import numpy as jnp  # noqa: PLC0415

  from rethink_tf.data import device  # noqa: PLC0415

  def take(state, images, labels, order, windows, number):
    which = order[number]
    inputs = device.take_inputs(images, which, windows[number])
    return step(state, (inputs, labels[which]))

  def make_rows(order, zeros):
    return {name: zeros((len(order), *shape), np.float32)
            for name, shape in shapes_of(order.shape[1]).items()}

  if jax.default_backend() == "cpu":
    return _in_turn(jax.jit(take), make_rows)

  def run(state, *data, start, stop):
    def advance(number, carried):
      state, rows = carried
      measured, state = take(state, *data, number)
      return state, {
          name: some.at[number].set(measured[name])
          for name, some in rows.items()}

    state, rows = jax.lax.fori_loop(
        start, stop, advance, (state, make_rows(data[2], jnp.zeros)))
    return rows, state

  return jax.jit(run)


def _in_turn(take, make_rows):
  """Returns what `_compile` does, of a program of one step, called in turn.

  On a processor MLPs would be a third faster with a loop around it; but of
  small Inception, compiling included, JAX 0.10 did not end five steps in a loop
  within 110 seconds, where they take 15 in turn.

  Args:
    take: the compiled step.
    make_rows: a function of the order and of one that makes an array.
  """
  def run(state, *data, start, stop):
    rows = make_rows(data[2], np.zeros)
    for number in range(start, stop):
      measured, state = take(state, *data, number)
      for name, some in rows.items():
        some[number] = measured[name]
    return rows, state

  return run


def _values_of(variables):
  return tuple([variable.value for variable in some] for some in variables)


def _assign(variables, values):
  for some, new in zip(variables, values, strict=True):
    for variable, value in zip(some, new, strict=True):
      variable.assign(value)

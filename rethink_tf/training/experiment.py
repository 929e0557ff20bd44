"""One run, from a Config to result.json."""

import dataclasses
import functools
import sys

import keras
import numpy as np

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.data import randomization
from rethink_tf.data import subsets
from rethink_tf.data.imagenet import loader as imagenet
from rethink_tf.distributed import strategy
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.runs import clock as clock_lib
from rethink_tf.runs import environment
from rethink_tf.runs import examples as examples_lib
from rethink_tf.training import compiled
from rethink_tf.training import determinism
from rethink_tf.training import evaluation
from rethink_tf.training import fit
from rethink_tf.training import task as task_lib
from rethink_tf.training.callbacks import event_files
from rethink_tf.training.callbacks import recorder

_SHOWN = 10


def run(config, options, directory, stop, link=None, measure=None,
        coordinator=None):
  """Trains and measures one network, and records it in its run directory.

  Args:
    config: the `Config`.
    options: the `Options`.
    directory: the `RunDirectory`, claimed.
    stop: the `signals.Stop` that may ask to stop.
    link: the `Link` to the other workers, or None.
    measure: a function of (model, the same at initialization, training split,
      seed, what to call now and then) that returns a dict of measures, needed
      with --measure_every.
    coordinator: the `Coordinator` of asynchronous workers, or None.

  Returns:
    The dict of result.json.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  try:
    return _run(
        config, options, directory, stop, link, measure, coordinator)
  except Exception as error:
    failure = _as_run_error(error)
    if failure is None:
      raise
    raise failure from error


def _as_run_error(error):
  """Returns the `RunError` that a failure of the backend's is, or None."""
  tf = sys.modules.get("tensorflow")  # Where it was never needed, it is None.
  if tf and isinstance(error, tf.errors.ResourceExhaustedError):
    # Memory, or the disk.
    return errors.StorageError(
        f"TensorFlow ran out of space: {error.message}")
  if tf and isinstance(error, tf.errors.OpError):
    from rethink_tf.data.imagenet import photographs  # noqa: PLC0415

    return photographs.as_data_error(error)
  jax = sys.modules.get("jax")
  if (jax and isinstance(error, jax.errors.JaxRuntimeError)
      and "RESOURCE_EXHAUSTED" in str(error)):
    return errors.StorageError(f"JAX ran out of memory: {error}")
  return None


def _run(config, options, directory, stop, link, measure, coordinator):
  # Asynchronous workers' order of updates is each run's own.
  deterministic = not coordinator and determinism.configure(options)
  team = strategy.ALONE if coordinator else strategy.make(
      options.strategy, link)
  if link:
    stop.install()  # TensorFlow's runtime has taken SIGTERM for itself.
  setting = task_lib.Setting(
      directory, clock_lib.Clock(), stop, options.checkpoint_minutes, team,
      coordinator)
  data, whole = _load_together(config, options, team)
  seen = find_seen(config, whole)
  train = select_seen(config, whole)
  labels = randomization.compare_labels(
      data, whole, config.label_corruption, config.seed_of_labels,
      seen).of_seen()
  task = task_lib.Task(
      config, train, data.test, labels if _has_kinds(labels) else None, seen)
  identity = {
      **config.as_dict(),
      # Of all, so that it is the same whatever the subset.
      "label_hash": randomization.label_hash(whole.labels),
      "dataset_fingerprint": data.fingerprint,
  }
  _begin_together(task, setting, options, identity, deterministic)
  model = team.build(lambda: build_model(config, data))
  if config.measure_every:
    setting = dataclasses.replace(
        setting, measure=_bind_measure(measure, model, train, config.seed))
  figure = None
  if team.is_chief:
    figure = _draw_examples(config, labels.true, data.label_names, train)
  rows = fit.train(model, task, setting, figure)
  if config.record_examples:
    examples_lib.finish(directory, len(rows))
  result = _sum_up(model, task, setting, rows, identity, labels)
  team.require_same("trained weights", result["weights_sha256"])
  if team.is_chief:
    event_files.write_end(directory.tensorboard, config, result)
    directory.write_result(result)
  return result


def _bind_measure(measure, model, train, seed):
  """Returns a `Setting`'s measure of a model that is now as it is initialized.

  Copies, as training changes the model; another one built anew would have
  layers of other names, and one that is compiled, as it is in training, cannot
  be copied.
  """
  initial, copy = (keras.models.clone_model(model) for _ in range(2))
  initial.set_weights(model.get_weights())

  def measure_now(trained, pause):
    copy.set_weights(trained.get_weights())
    return measure(copy, initial, train, seed, pause)

  return measure_now


def _begin_together(task, setting, options, identity, deterministic):
  """Records what is about to run, once all workers have agreed on it.

  Args:
    task: the `Task`.
    setting: the `Setting`.
    options: the `Options`.
    identity: what config.json will hold, a dict.
    deterministic: whether TensorFlow is.

  Raises:
    UsageError: the workers' data or run directories differ, or the batches
      cannot be shared.
  """
  team, directory = setting.team, setting.directory
  strategy.check_batches(task.config, len(task.train), team.replicas)
  for name in ("label_hash", "dataset_fingerprint"):
    team.require_same(name, identity[name])
  shared = strategy.describe(
      team, options.strategy, task.config, len(task.train))
  if setting.coordinator:
    shared |= setting.coordinator.describe()
    print(setting.coordinator.describe_in_words(), flush=True)
  elif team.is_chief and team.strategy:
    print(strategy.describe_in_words(shared), flush=True)
  kept = directory.begin(
      identity, environment.describe(options, deterministic, shared),
      options.overwrite, options.extend)
  if kept:
    print(f"goes on to {task.config.epochs} epochs; the result so far is kept "
          f"in {directory.path / kept}", flush=True)
  team.exchange(None)  # The others read what the chief has left there.
  recorded = directory.recorded_config() == identity
  team.require_same("config.json in a --logdir that all workers share",
                    "there" if recorded else "none, or another")


def _load_together(config, options, team):
  """Returns what `load_data` does, on all workers.

  Where data are yet to be downloaded or prepared, worker 0 does so before the
  others: in a folder that they share they would be in each other's way.
  """
  prepared = all(team.exchange(
      datasets.is_prepared(config.dataset, options.data_dir)))
  if not prepared and not team.is_chief:
    team.exchange(None)
  loaded = load_data(config, options.data_dir, options.allow_sample)
  if not prepared and team.is_chief:
    team.exchange(None)
  return loaded


def load_data(config, data_dir, allow_sample=False):
  """Loads a config's data and applies the modifications of Section 2.1.

  Args:
    config: the `Config`.
    data_dir: where to look, or None.
    allow_sample: whether ImageNet may be a part of it.

  Returns:
    The `Dataset` with its test images modified, and the training split with
    images and labels modified; whole also with --subset, see `select_seen`.
  """
  data = load_dataset(config, data_dir, allow_sample)
  train = randomization.corrupt_training_labels(
      data, config.train_examples, config.label_corruption,
      config.seed_of_labels, config.label_noise, config.labels_file)
  if config.pixel_randomization == "none":  # As always for photographs.
    return data, train
  train, test = (
      randomization.randomize_split(
          split, config.pixel_randomization, config.seed, name,
          reference=data.train.images)
      for name, split in (("train", train), ("test", data.test)))
  return dataclasses.replace(data, test=test), train


def find_seen(config, train):
  """Tells which of a run's training examples it trains on; bool `(n,)`.

  Args:
    config: the `Config`.
    train: the split that `load_data` returned.
  """
  if config.subset is None:
    return np.ones(len(train), bool)
  return subsets.draw(
      len(train), config.count_examples(len(train)), config.subset, train.keys)


def select_seen(config, train):
  """Returns the split of those that `find_seen` tells, all but with --subset.

  What is drawn for an example, its label and its noise, is so before, and so
  the same in every subset.
  """
  return train if config.subset is None else train.select(
      find_seen(config, train))


def load_dataset(config, data_dir, allow_sample):
  """Returns a config's `Dataset` as it is; the arguments are `load_data`'s."""
  if config.is_imagenet:
    return imagenet.load(
        data_dir, config.image_size, config.train_examples, allow_sample)
  return datasets.load(config.dataset, data_dir)


def build_model(config, data):
  """Returns the config's model, freshly initialized.

  Args:
    config: the `Config`.
    data: what has the `num_classes` of its dataset.
  """
  options = {} if config.width is None else {"width": config.width}
  if config.is_imagenet:
    options = {
        "input_shape": (config.image_size, config.image_size, 3),
        "aux_head": config.aux_head,
        "batch_norm_decay": config.batch_norm_decay}
  return registry.build(
      config.model, num_classes=data.num_classes,
      weight_decay=config.weight_decay, dropout=config.dropout,
      seed=config.seed, precision=config.precision or "float32", **options)


def _sum_up(model, task, setting, rows, identity, labels):
  """Measures the trained model; returns the dict of result.json."""
  config = task.config
  on_train = evaluation.evaluate(model, task.train, setting.team)
  on_test = evaluation.evaluate(model, task.test, setting.team)
  return {
      "status": "done",
      "model": config.model,
      "params": int(sum(w.size for w in map(
          keras.ops.convert_to_numpy, model.trainable_weights))),
      "train_examples": len(task.train),
      "epochs": len(rows),
      "steps": rows[-1]["step"],
      "train_accuracy": on_train["accuracy"],
      "train_loss": on_train["cross_entropy"],
      "test_accuracy": on_test["accuracy"],
      "test_loss": on_test["cross_entropy"],
      "best_test_accuracy": recorder.best(rows, "test_accuracy"),
      "train_top5": on_train.get("top5"),
      "test_top5": on_test.get("top5"),
      **_find_best_top5(rows),
      "epochs_to_fit": recorder.epochs_to_fit(rows),
      "label_corruption": config.label_corruption,
      "labels_drawn": float(np.mean(labels.drawn)),
      "labels_changed": float(np.mean(labels.changed)),
      "pixel_randomization": config.pixel_randomization,
      "seed": config.seed,
      "label_hash": identity["label_hash"],
      "dataset_fingerprint": identity["dataset_fingerprint"],
      "weights_sha256": state.sha256(state.weights(model)),
      "optimizer_sha256": state.sha256(state.optimizer(model)),
      "wall_seconds": round(setting.clock.seconds(), 3),
      "images_per_second": round(
          len(task.train) * len(rows) / sum(r["seconds"] for r in rows), 1),
  }


def _find_best_top5(rows):
  """Returns the best top-5 test accuracy so named, where top-5 is measured.

  Table 2 has it, in parentheses, beside the best top-1 one.
  """
  best = recorder.best(rows, "test_top5")
  return {} if best is None else {"best_test_top5": best}


def _has_kinds(labels):
  """Tells whether some labels are corrupted, and some were not even drawn."""
  return bool(np.any(labels.changed) and not np.all(labels.drawn))


def _draw_examples(config, true, label_names, train):
  """Draws the first examples of epoch 1, as the network is to see them.

  Args:
    config: the `Config`.
    true: int `(n,)`, the true labels of the split.
    label_names: a name a class.
    train: the split.
  """
  first_examples = train.first_examples
  if compiled.is_for(train):
    from rethink_tf.data import device  # noqa: PLC0415

    first_examples = functools.partial(device.first_examples, train)
  inputs, assigned, indices = first_examples(config, _SHOWN)
  return event_files.example_grid(
      inputs, assigned, true[indices], label_names)

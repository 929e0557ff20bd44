"""Every training run there is, whether a table or figure shows it or not."""

import functools

from rethink_tf.flags import training as training_flags
from rethink_tf.reporting import cells

COLUMNS = (
    "data set", "model", "n", "label corruption", "labels drawn",
    "labels changed", "pixels", "random crop", "augmentation", "dropout",
    "weight decay", "other flags", "epochs", "seed",
    "train accuracy", "test accuracy", "shown in")
# What has a column of its own, or changes nothing.
_SHOWN = (
    "dataset", "model", "train_examples", "label_corruption", "label_noise",
    "labels_file", "pixel_randomization", "random_crop", "data_augmentation",
    "dropout", "weight_decay", "epochs", "stop_when_fitted", "precision",
    "seed", "eval_every", "record_examples", "measure_every", "halve_test_set")


def lines(runs, places):
  """Returns the runs as dicts of text: `COLUMNS` and "fingerprint".

  Args:
    runs: the `Runs`.
    places: dict from a run's directory to the names of the tables and figures
      that show it.
  """
  return [_line(run, places.get(run.directory, ()))
          for run in sorted(runs.of_training(), key=_place)]


def notes():
  """Returns what stands below the table, as text."""
  return ("Accuracies in percent, at the end of training, weights fixed, over "
          "all training and all test images. Label corruption is the "
          "probability with which a label is drawn; labels drawn, how many "
          "were, in percent; labels changed, how many are other than the true "
          "ones, where the run has recorded it. Other flags are those that "
          "have no column here and are not the model's default. A run is shown "
          "in the tables and figures named last, or here alone. Fingerprints "
          "of the data are in the CSV.")


def other_flags(config):
  """Returns a config's flags without a column that are no default, as typed."""
  usual = defaults(config.dataset, config.model)
  return " ".join(
      f"--{name}={_as_typed(value)}" for name, value in config.as_dict().items()
      if name not in _SHOWN and value != usual.get(name))


@functools.cache
def defaults(dataset, model):
  """Returns the flags of a run that is given its dataset and model alone."""
  config, _ = training_flags.parse([f"--dataset={dataset}", f"--model={model}"])
  return config.as_dict()


def _as_typed(value):
  return str(value).lower() if isinstance(value, bool) else f"{value}"


def _place(run):
  config = run.config
  return (config.dataset, config.model, -run.count, config.pixel_randomization,
          config.label_corruption, config.random_crop,
          bool(config.data_augmentation), config.dropout, config.weight_decay,
          other_flags(config), config.epochs, config.seed)


def _line(run, places):
  config = run.config
  return {
      "data set": config.dataset,
      "model": config.model,
      "n": f"{run.count:,}",
      "label corruption": _corruption(config),
      "labels drawn": _share(run, "labels_drawn", {0: 0.0, 1: 1.0}),
      "labels changed": _share(run, "labels_changed", {0: 0.0}),
      "pixels": config.pixel_randomization.replace("_", " "),
      "random crop": _yes(config.random_crop),
      "augmentation": _yes(config.data_augmentation),
      "dropout": f"{config.dropout:g}",
      "weight decay": f"{config.weight_decay:g}",
      "other flags": other_flags(config),
      "epochs": run.describe_epochs(config.epochs),
      "seed": str(config.seed),
      "train accuracy": f"{100 * run.result['train_accuracy']:.2f}",
      "test accuracy": f"{100 * run.result['test_accuracy']:.2f}",
      "shown in": ", ".join(places) or "here alone",
      "fingerprint": cells.fingerprint([run]),
  }


def _share(run, key, known):
  """Returns a share of labels as percent, "" where it is not known.

  Args:
    run: the `Run`; one of an earlier version did not record it.
    key: of its result.
    known: a dict from label corruption to what it is in any run.
  """
  share = run.result.get(key, known.get(run.config.label_corruption))
  return "" if share is None else f"{100 * share:.2f}"


def _corruption(config):
  if config.labels_file:
    return f"labels {config.labels_file[:8]}"
  noise = f", {config.label_noise}" if config.label_noise else ""
  return f"{config.label_corruption:g}{noise}"


def _yes(value):
  return "yes" if value else "no"

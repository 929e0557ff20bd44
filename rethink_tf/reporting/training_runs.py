"""Every training run there is, whether a table or figure shows it or not."""

from rethink_tf.reporting import cells

COLUMNS = (
    "data set", "model", "n", "label corruption", "labels drawn",
    "labels changed", "pixels", "random crop", "augmentation", "dropout",
    "weight decay", "epochs", "seed",
    "train accuracy", "test accuracy")


def lines(runs):
  """Returns the runs as dicts of text: `COLUMNS` and "fingerprint".

  Args:
    runs: the `Runs`.
  """
  return [_line(run) for run in sorted(runs.of_training(), key=_place)]


def notes():
  """Returns what stands below the table, as text."""
  return ("Accuracies in percent, at the end of training, weights fixed, over "
          "all training and all test images. Label corruption is the "
          "probability with which a label is drawn; labels drawn, how many "
          "were, in percent; labels changed, how many are other than the true "
          "ones, where the run has recorded it. Fingerprints of the data are "
          "in the CSV.")


def _place(run):
  config = run.config
  return (config.dataset, config.model, -run.count, config.pixel_randomization,
          config.label_corruption, config.random_crop, config.data_augmentation,
          config.dropout, config.weight_decay, config.epochs, config.seed)


def _line(run):
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
      "epochs": run.describe_epochs(config.epochs),
      "seed": str(config.seed),
      "train accuracy": f"{100 * run.result['train_accuracy']:.2f}",
      "test accuracy": f"{100 * run.result['test_accuracy']:.2f}",
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

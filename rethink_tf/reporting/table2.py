"""Table 2, ours beside the paper's, and what was run on a part of ImageNet."""

from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.paper import tables
from rethink_tf.reporting import cells

COLUMNS = (
    "row", "labels", "data aug", "dropout", "weight decay", "n", "epochs",
    "train top-1, ours", "train top-1, paper", "train top-5, ours",
    "train top-5, paper", "test top-1, ours", "test top-1, paper",
    "test top-5, ours", "test top-5, paper")
SAMPLE_COLUMNS = (
    "labels", "data aug", "n", "image size", "batch size", "epochs", "seed",
    "train top-1", "train top-5", "test top-1", "test top-5",
    "first epoch at 95%")
_LABELS = {0: "true", 1: "random"}
# (the column's name, the key in result.json, the best on the way, the paper's)
_ACCURACIES = (
    ("train top-1", "train_accuracy", None, "top1_train", None),
    ("train top-5", "train_top5", None, "top5_train", None),
    ("test top-1", "test_accuracy", "best_test_accuracy", "top1_test",
     "best_top1_test"),
    ("test top-5", "test_top5", "best_test_top5", "top5_test",
     "best_top5_test"),
)


def lines(runs):
  """Returns Table 2's rows as dicts of text: `COLUMNS` and "fingerprint"."""
  return [_line(row, runs) for row in tables.table2()]


def notes(rows):
  """Returns what stands below Table 2, as text."""
  return (
      "Accuracies in percent, of the weights' moving averages, over all "
      "training and all validation photographs; in parentheses the best on the "
      "way, where the paper has it." + cells.data_note("ImageNet", rows))


def sample(runs):
  """Returns the runs of Inception V3 on a part of ImageNet, as dicts of text.

  Each with `SAMPLE_COLUMNS` and "fingerprint".
  """
  partial = [run for run in runs.of_model("inception_v3")
             if run.count < catalog.DATASETS[catalog.IMAGENET].train_examples
             and run.config.subset is None]
  return [_sample_line(run) for run in sorted(
      partial, key=lambda run: (
          run.count, run.config.label_corruption, run.config.seed))]


def sample_notes(rows):
  """Returns what stands below that table, as text."""
  return (
      "Accuracies in percent. Not the paper's experiment, which needs all of "
      "ImageNet: memorization of a few photographs, by the same code."
      + cells.data_note("The part of ImageNet", rows))


def _line(row, runs):
  config, _ = training_flags.parse([f"--flagfile={row.flagfile}"])
  repeats = runs.at(config, catalog.DATASETS[catalog.IMAGENET].train_examples)
  line = {
      "row": str(row.row), "labels": row.labels, "data aug": row.data_aug,
      "dropout": row.dropout, "weight decay": row.weight_decay,
      "n": f"{repeats[0].count:,}" if repeats else "",
      "epochs": str(repeats[0].config.epochs) if repeats else "",
      "fingerprint": cells.fingerprint(repeats),
      cells.SOURCE: cells.directories(repeats)}
  for name, key, best_key, paper, best_paper in _ACCURACIES:
    best = best_paper and getattr(row, best_paper)
    line[f"{name}, paper"] = f"{getattr(row, paper):.2f}" + (
        f" ({float(best):.2f})" if best else "")
    line[f"{name}, ours"] = cells.NOT_RUN
    if repeats:
      line[f"{name}, ours"] = cells.percent(
          [run.result[key] for run in repeats])
      if best:
        best_ours = cells.percent([run.result[best_key] for run in repeats])
        line[f"{name}, ours"] += f" ({best_ours})"
  return line


def _sample_line(run):
  config, result = run.config, run.result
  fitted = result["epochs_to_fit"]["0.95"]
  return {
      "labels": _LABELS.get(
          config.label_corruption, f"p = {config.label_corruption:g}"),
      "data aug": "yes" if config.data_augmentation else "no",
      "n": f"{run.count:,}",
      "image size": str(config.image_size),
      "batch size": str(config.batch_size),
      "epochs": str(config.epochs),
      "seed": str(config.seed),
      **{name: f"{100 * result[key]:.2f}" for name, key, *_ in _ACCURACIES},
      "first epoch at 95%": str(fitted) if fitted else "never",
      "fingerprint": cells.fingerprint([run]),
      cells.SOURCE: cells.directories([run]),
  }

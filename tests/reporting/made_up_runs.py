"""Run directories with made-up numbers, for tests of the report."""

import dataclasses
import math

from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import results
from rethink_tf.suites import plan as suite_plan

_LEVELS = ("0.90", "0.95", "0.98", "0.999")


def write(folder, config, train=1.0, test=0.5, best=None, speed=1.0, wait=0,
          setback=0.0, fitted=None, halves=None, stopped_after=None,
          **changed):
  """Writes a finished run.

  Args:
    folder: `pathlib.Path` of the run directory, made here.
    config: the `Config`.
    train, test: final accuracies, fractions.
    best: the best test accuracy; None: the last.
    speed: how fast the running training accuracy approaches `train`.
    wait: epochs that pass before it, and the loss, begin to change.
    setback: by how much the training loss rises in an epoch on the way.
    fitted: label_kinds.csv's last (corrupted, untouched) accuracies, or None.
    halves: test_halves.csv's first accuracy of both halves, or None.
    stopped_after: the epoch after which it stopped; default: the config's last.
    **changed: values of result.json to replace.

  Returns:
    The `Config`.
  """
  everything = catalog.DATASETS[config.dataset].train_examples
  count = config.train_examples or everything
  steps = math.ceil(count / config.batch_size)
  best = test if best is None else best
  top5 = 1.0 if config.is_imagenet else None
  rows = []
  epochs = stopped_after or config.epochs
  for epoch in range(1, epochs + 1):
    share = 1 - math.exp(-speed * max(epoch - wait, 0) / 4)
    rows.append({
        "epoch": epoch, "step": epoch * steps, "learning_rate": 0.01,
        "train_loss": 2.3 * (1 - train * share) + 0.001
                      + setback * (epoch == config.epochs // 2),
        "train_accuracy": train * (0.1 + 0.9 * share), "test_loss": 2.0,
        "test_accuracy": best if epoch == 1 else test * share,
        "images_per_second": 100.0, "seconds": 1.0})
    if fitted:
      corrupted, untouched = fitted[0] * share, fitted[1] * share
      rows[-1] |= {
          "corrupted_accuracy": corrupted, "untouched_accuracy": untouched,
          "drawn_equal_accuracy": untouched,
          "drawn_accuracy": 0.9 * corrupted + 0.1 * untouched}
    if halves is not None:
      rows[-1] |= dict.fromkeys(
          results.TEST_HALVES, halves if epoch == 1 else test * share)
  result = {
      "status": "done", "model": config.model, "params": 7,
      "train_examples": count, "epochs": epochs,
      "steps": epochs * steps, "train_accuracy": train,
      "train_loss": 0.001, "test_accuracy": test, "test_loss": 2.0,
      "best_test_accuracy": best, "train_top5": top5, "test_top5": top5,
      "best_test_top5": top5,
      "epochs_to_fit": {level: next(
          (r["epoch"] for r in rows if r["train_accuracy"] >= float(level)),
          None) for level in _LEVELS},
      "label_corruption": config.label_corruption,
      "pixel_randomization": config.pixel_randomization, "seed": config.seed,
      "label_hash": "1234", "dataset_fingerprint": "0123456789abcdef",
      "weights_sha256": "", "optimizer_sha256": "", "wall_seconds": 1.0,
      "images_per_second": 100.0, **changed}
  with run_directory.claim(folder) as directory:
    directory.begin({**config.as_dict(), "label_hash": "1234",
                     "dataset_fingerprint": "0123456789abcdef"}, {}, False)
    directory.write_metrics(rows)
    directory.write_result(result)
  return config


def row(number, table=1, **changed):
  """Returns the `Config` of a row of a table, with some values replaced."""
  config, _ = training_flags.parse(
      [f"--flagfile=configs/table{table}_row{number}.flags"])
  return dataclasses.replace(config, **changed)


def write_suite(folder, suite, numbers, **options):
  """Writes every run of a suite.

  Args:
    folder: `pathlib.Path` of the folder of run directories.
    suite: its name.
    numbers: a function from a config to `write`'s further arguments, a dict.
    **options: of `suite_plan.load`.
  """
  for run in suite_plan.load(suite, **options):
    if not (folder / run.folder).exists():
      write(folder / run.folder, run.config, **numbers(run.config))

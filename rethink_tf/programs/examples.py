"""Shows which training examples a run learned first and last; see --help."""

import sys

import numpy as np

from rethink_tf import errors
from rethink_tf import notebook
from rethink_tf.flags import examples as examples_flags
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import libraries
from rethink_tf.runs import storage

_COLUMNS = (
    "example", "assigned", "true", "drawn", "fitted_since", "forgotten",
    "mean_margin")
_CURVE_COLUMNS = ("kind", "epoch", "fitted_for_good")


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = examples_flags.parse_examples(argv[1:])
  run = notebook.load_run(options.logdir)
  made = run.examples()
  libraries.prepare()
  # Of the examples that were trained on, as what was recorded.
  labels = run.labels(options.data_dir).of_seen()
  storage.make_folder(options.out)
  margins = made.margins.astype(np.float32).mean(axis=0)
  columns = (made.example, labels.assigned, labels.true,
             labels.drawn.astype(int), made.fitted_since, made.forgotten)
  storage.write_text(options.out / "examples.csv", storage.csv_text(
      _COLUMNS, [
          dict(zip(_COLUMNS, (*map(int, row), float(f"{margin:.4g}"))))
          for *row, margin in zip(*columns, margins)]))
  curve = [dict(zip(_CURVE_COLUMNS, row)) for row in _follow(made, labels)]
  storage.write_text(
      options.out / "learned.csv", storage.csv_text(_CURVE_COLUMNS, curve))
  _draw(options, run, made, labels, order_of(made, margins), curve)
  _describe(made, labels, options.out)
  return 0


def order_of(made, margins):
  """Returns which examples were learned first, and which last; int `(n,)`.

  By the epoch since which they were fitted for good, those that were not being
  last; of one epoch, by their mean margin, the largest first.

  Args:
    made: the `Examples`.
    margins: float `(n,)`, the mean over epochs.
  """
  since = np.where(
      made.fitted_since == 0, len(made.fitted) + 1, made.fitted_since)
  return np.lexsort((-margins, since))


def _follow(made, labels):
  """Yields `(kind, epoch, share)` of each kind of labels, fitted for good."""
  kinds = {name: which for name, which in labels.kinds().items()
           if name != "drawn" and which.any()}
  for kind, which in kinds.items():
    since = made.fitted_since[which]
    for epoch in range(1, len(made.fitted) + 1):
      share = np.mean((since > 0) & (since <= epoch))
      yield kind, epoch, float(f"{share:.6g}")


def _draw(options, run, made, labels, order, curve):
  # Imported once there is something to draw.
  import pandas as pd  # noqa: PLC0415

  from rethink_tf.programs import example_pictures  # noqa: PLC0415
  from rethink_tf.reporting import example_figures  # noqa: PLC0415
  from rethink_tf.training import experiment  # noqa: PLC0415

  config = training_flags.read_config(run.config)
  data, train = experiment.load_data(config, options.data_dir)
  images = experiment.select_seen(config, train).images

  def show(index):
    since = made.fitted_since[index]
    return example_pictures.show(
        images, labels, data.label_names, index,
        f"epoch {since}" if since else "not at the end")

  example_pictures.write(
      options.out / "first_and_last.png", example_figures.rows_of_images, {
          "learned\nfirst": [show(i) for i in order[:options.shown]],
          "learned\nlast": [show(i) for i in order[::-1][:options.shown]]})
  example_pictures.write(
      options.out / "learned.png", example_figures.learned,
      pd.DataFrame(curve))


def _describe(made, labels, out):
  print(f"{len(made.example):,} examples, {len(made.fitted):,} epochs; fitted "
        f"for good at the end: {np.mean(made.fitted_since > 0):.2%}")
  for kind, which in labels.kinds().items():
    if kind != "drawn" and which.any():
      since = made.fitted_since[which]
      median = np.median(since[since > 0]) if since.any() else float("nan")
      print(f"  {kind}: median epoch since which they are {median:g}, "
            f"forgotten {made.forgotten[which].mean():.2f} times each, never: "
            f"{np.mean(made.forgotten[which] == 0):.2%}")
  print(f"wrote to {out}")


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

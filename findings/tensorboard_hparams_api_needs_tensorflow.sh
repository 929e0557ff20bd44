#!/bin/sh
# TensorBoard 2.21.0: the documented way to write hyperparameters needs
# TensorFlow, while the rest of its writing and reading does not.
#
# TensorBoard has a stub in TensorFlow's place and runs without it; its event
# writer, its summaries of scalars and images and its reader are all imported.
# `tensorboard.plugins.hparams.api`, from which a script is to take `hparams`,
# `HParam` and `Metric`, imports its callback for Keras too, and that imports
# TensorFlow. The module behind it, `hparams.summary_v2`, has the same classes
# and makes the same messages without. With Keras on JAX there is no other way.
#
# Seen: "event_file_writer ok", "scalar.summary_v2 ok", "image.summary_v2 ok",
# "event_file_loader ok", "hparams.api No module named 'tensorflow'",
# "hparams.summary_v2 writes for hparams".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet \
  tensorboard==2.21.0 numpy==2.4.6 setuptools==84.2.1
"$folder/venv/bin/python" -c '
import importlib

for name in ("summary.writer.event_file_writer", "plugins.scalar.summary_v2",
             "plugins.image.summary_v2",
             "backend.event_processing.event_file_loader"):
  importlib.import_module("tensorboard." + name)
  print(name, "ok")
try:
  importlib.import_module("tensorboard.plugins.hparams.api")
except ModuleNotFoundError as error:
  print("hparams.api", error)
else:
  raise SystemExit("no longer so")
from tensorboard.plugins.hparams import summary_v2
summary = summary_v2.hparams_pb({"rate": 0.1}, trial_id="")
print("hparams.summary_v2 writes for",
      summary.value[0].metadata.plugin_data.plugin_name)'

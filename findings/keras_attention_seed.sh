#!/bin/sh
# Keras 3.15.1: an initializer with a seed makes the queries, keys, values and the
# output of MultiHeadAttention equal.
#
# A layer given GlorotUniform(seed=1) is expected to draw each of its four kernels
# from it, as a model that wants reproducible weights would ask for. The layer
# copies the initializer for each kernel, and a copy with a seed draws the same
# numbers: all four kernels hold the same values, so that each head begins by
# comparing a patch with itself under one projection. Without a seed they differ.
#
# Seen: seeded [True, True, True, True], unseeded [True, False, False, False].
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 tensorflow-cpu==2.21.0
KERAS_HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np


def equal_to_the_first(initializer):
  layer = keras.layers.MultiHeadAttention(
      2, 4, kernel_initializer=initializer)
  layer.build((1, 3, 8), (1, 3, 8))
  kernels = [keras.ops.convert_to_numpy(w).ravel() for w in layer.weights
             if w.name == "kernel"]
  return [bool(np.array_equal(kernels[0], kernel)) for kernel in kernels]


seeded = equal_to_the_first(keras.initializers.GlorotUniform(seed=1))
unseeded = equal_to_the_first(keras.initializers.GlorotUniform())
print(f"keras {keras.__version__}: seeded {seeded}, unseeded {unseeded}")
assert seeded == [True] * 4, "no longer so"
assert unseeded == [True] + [False] * 3, "no longer so"
PYTHON

#!/bin/sh
# TensorFlow 2.21 for the CPU: a float64 below 2.2e-308 is zero to its operations,
# and is not to NumPy.
#
# TensorFlow's threads take subnormal numbers for zero in what they read and write,
# also in float64, with nothing asked for. The number itself stays in the tensor
# until an operation reads it: it is printed as given, and times one it is 0. A
# bound that holds for any float64 evaluation by the usual error analysis thus
# fails by the smallest normal number.
#
# Seen: held 2e-309, times one 0.0, sum 0.0; NumPy 2e-309 and 4e-309.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tensorflow-cpu==2.21.0
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import tensorflow as tf

small = np.array([2e-309, 2e-309])
held = tf.constant(small)
seen = (held.numpy()[0], (held * 1.0).numpy()[0], tf.reduce_sum(held).numpy())
print(f"tensorflow {tf.__version__}: held {seen[0]}, times one {seen[1]}, "
      f"sum {seen[2]}; NumPy {(small * 1.0)[0]} and {small.sum()}")
assert seen == (2e-309, 0.0, 0.0), "no longer so"
assert (small * 1.0)[0] == 2e-309 and small.sum() == 4e-309
PYTHON

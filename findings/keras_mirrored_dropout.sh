#!/bin/sh
# Keras 3.15.1 on TensorFlow 2.21 under MirroredStrategy: Dropout drops the same
# units on every replica.
#
# Replicas are expected to draw masks of their own, as each example of a batch on
# one device has one. The layer's SeedGenerator is a variable that all replicas
# read with one value, and its state moves on alike: at each step the first example
# of every replica loses the same units, the second too, and so on, so that with
# R replicas a batch of B examples has B / R different masks.
#
# Seen: equal masks on both replicas in 5 of 5 steps; within a replica, of two
# examples, in 0 of 5.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 tensorflow-cpu==2.21.0
KERAS_HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

processor, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    processor, 2 * [tf.config.LogicalDeviceConfiguration()])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
  dropout = keras.layers.Dropout(0.5, seed=1)
  dropout.build((2, 100))


def drop():
  return dropout(tf.ones((2, 100)), training=True)


@tf.function
def step():
  return strategy.run(drop)


across = within = 0
for _ in range(5):
  first, second = (
      part.numpy() for part in strategy.experimental_local_results(step()))
  across += np.array_equal(first, second)
  within += np.array_equal(first[0], first[1])
print(f"keras {keras.__version__}, tensorflow {tf.__version__}: equal masks on "
      f"both replicas in {across} of 5 steps; within a replica, of two examples, "
      f"in {within} of 5")
assert (across, within) == (5, 0), "no longer so"
PYTHON

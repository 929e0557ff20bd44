#!/bin/sh
# Keras 3.15.1 on TensorFlow 2.21 under MirroredStrategy: what `evaluate` measures
# is not what `save` keeps.
#
# BatchNormalization's moving averages are expected to be one value on all
# replicas, as its trained weights are. Each replica keeps its own, of the part of
# every batch that it saw: `evaluate` under the strategy takes each replica's
# examples by that replica's averages, and `save` writes the first replica's for
# all of them. Where the parts differ, the same network has two losses. Two
# logical processors are two replicas; inputs are sorted, so that the parts do
# differ.
#
# Seen: evaluated 0.955, saved and loaded 6.694.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet keras==3.15.1 tensorflow-cpu==2.21.0
cd "$folder"
KERAS_HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

processor, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(
    processor, 2 * [tf.config.LogicalDeviceConfiguration()])
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
inputs = np.sort(np.linspace(0, 1, 64, dtype="float32")).reshape(64, 1)
targets = np.zeros((64, 1), "float32")
data = tf.data.Dataset.from_tensor_slices((inputs, targets)).batch(64)
with strategy.scope():
  model = keras.Sequential([
      keras.Input((1,)),
      keras.layers.BatchNormalization(momentum=0.5),
      keras.layers.Dense(1, kernel_initializer="ones", trainable=False)])
  model.compile(keras.optimizers.SGD(0.0), "mse")
model.fit(data, epochs=20, verbose=0)
evaluated = model.evaluate(data, verbose=0)
model.save("model.keras")
loaded = keras.saving.load_model("model.keras").evaluate(data, verbose=0)
print(f"keras {keras.__version__}, tensorflow {tf.__version__}: evaluated "
      f"{evaluated:.3f}, saved and loaded {loaded:.3f}")
assert abs(evaluated - loaded) > 0.1 * loaded, "no longer so"
PYTHON

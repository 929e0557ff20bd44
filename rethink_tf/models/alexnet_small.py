"""The small AlexNet (appendix A).

"Two (convolution 5x5 -> max-pool 3x3 -> local-response-normalization) modules
followed by two fully connected layers with 384 and 192 hidden units,
respectively. Finally a 10-way linear layer is used for prediction."
"""

import keras

from rethink_tf.models import layers

MODELS = {
    "alexnet_small": {
        "title": "AlexNet",
        "order": 3, "learning_rate": 0.01, "parameters": 1_387_786,
        # With weight decay, n = 5,000: random labels are fitted in epoch 37.
        "epochs": {1: 60}, "steps": 2400, "images_per_second": 420},
}


def build(name, input_shape, num_classes, *, weight_decay, dropout, seed):
  """Builds the small AlexNet; 1,387,786 weights at 28x28x3 and 10 classes.

  The count fixes 64 filters a convolution and SAME pooling with stride 2
  (28 -> 14 -> 7), as in TensorFlow's CIFAR-10 tutorial.

  Args:
    name: the model's name.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    weight_decay: lambda of the penalty on the kernels.
    dropout: rate before the last linear layer.
    seed: the run's seed.

  Returns:
    A `keras.Model` from `(n, h, w, c)` to logits `(n, num_classes)`.
  """
  style = layers.Style(seed, weight_decay)
  x = inputs = keras.Input(input_shape, name="image")
  for index in (1, 2):
    x = style.conv(64, 5, f"conv{index}", activation="relu")(x)
    x = keras.layers.MaxPooling2D(3, 2, padding="same", name=f"pool{index}")(x)
    # Alpha is below what bfloat16 can add to 1.
    x = layers.LocalResponseNormalization(
        name=f"norm{index}", dtype=layers.full_precision())(x)
  x = keras.layers.Flatten(name="flatten")(x)
  x = style.dense(384, "hidden1", activation="relu")(x)
  x = style.dense(192, "hidden2", activation="relu")(x)
  x = layers.dropout(x, dropout, seed)
  return keras.Model(inputs, style.logits(num_classes)(x), name=name)

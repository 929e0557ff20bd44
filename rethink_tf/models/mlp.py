"""Multi-layer perceptrons (appendix A): fully connected layers with ReLU."""

import keras

from rethink_tf.models import layers

MODELS = {
    "mlp_1x512": {
        "title": "MLP 1×512",
        "order": 4, "learning_rate": 0.01, "parameters": 1_209_866,
        "arguments": {"hidden_layers": 1, "width": 512},
        # Random labels are fitted in epochs 24, 38 and 55 (n = 5,000, 20,000
        # and 30,000); on all 50,000 it is at 95% in epoch 50, at 98% in 100.
        "epochs": {1: 50, 30_000: 100}, "steps": 2000,
        "images_per_second": 11_000},
    "mlp_3x512": {
        "title": "MLP 3×512",
        "order": 5, "learning_rate": 0.01, "parameters": 1_735_178,
        "arguments": {"hidden_layers": 3, "width": 512},
        "epochs": {1: 50}, "steps": 2000, "images_per_second": 6900},
}


def build(name, input_shape, num_classes, *, hidden_layers, width,
          weight_decay, dropout, seed):
  """Builds "MLP kx512": k hidden layers of 512 units on the flattened input.

  The paper's have 1,209,866 weights for k = 1 and 1,735,178 for k = 3 at
  28x28x3 and 10 classes (Table 1). Double descent is about the width of one
  hidden layer (Belkin et al. 2019, https://arxiv.org/abs/1812.11118).

  Args:
    name: the model's name.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    hidden_layers: k.
    width: units of each hidden layer.
    weight_decay: lambda of the penalty on the kernels.
    dropout: rate before the last linear layer.
    seed: the run's seed.

  Returns:
    A `keras.Model` from `(n, h, w, c)` to logits `(n, num_classes)`.
  """
  style = layers.Style(seed, weight_decay)
  inputs = keras.Input(input_shape, name="image")
  x = keras.layers.Flatten(name="flatten")(inputs)
  for index in range(1, hidden_layers + 1):
    x = style.dense(width, f"hidden{index}", activation="relu")(x)
  x = layers.dropout(x, dropout, seed)
  return keras.Model(inputs, style.logits(num_classes)(x), name=name)

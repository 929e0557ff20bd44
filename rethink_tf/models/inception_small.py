"""The small Inception (Figure 3)."""

import keras

from rethink_tf.models import layers
from rethink_tf.models import normalization

MODELS = {
    "inception_small": {
        "title": "Inception",
        "order": 1, "learning_rate": 0.1, "parameters": 1_649_402,
        "arguments": {"batch_norm": True},
        # The running training accuracy on random labels passes 99.9% in epoch
        # 24 (n = 1,000), and with weight decay in epoch 46 (n = 5,000).
        "epochs": {1: 40, 2000: 60}, "steps": 320, "images_per_second": 58},
    "inception_small_no_bn": {
        "title": "Inception without BatchNorm",
        "order": 2, "learning_rate": 0.1, "parameters": 1_649_402,
        "arguments": {"batch_norm": False},
        # In epoch 228 (n = 1,000): it stays at a guess for 50 epochs, and then
        # swings. Other n were not tried.
        "epochs": {1: 300, 15_000: 100}, "steps": 2400,
        "images_per_second": 68},
}

# (filters of the 1x1 convolution, of the 3x3 convolution) of an Inception
# module, or the filters of a downsample module, in the order of Figure 3.
_MODULES = (
    (32, 32), (32, 48), 80,
    (112, 48), (96, 64), (80, 80), (48, 96), 96,
    (176, 160), (176, 160),
)


def build(name, input_shape, num_classes, *, batch_norm, weight_decay, dropout,
          seed):
  """Builds the small Inception, with or without batch normalization.

  1,649,402 weights at 28x28x3 and 10 classes, either way: convolutions have no
  bias where batch normalization has an offset (and no scale), and a bias where
  there is no batch normalization.

  Args:
    name: the model's name.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    batch_norm: whether batch normalization follows each convolution.
    weight_decay: lambda of the penalty on the kernels.
    dropout: rate before the last linear layer.
    seed: the run's seed.

  Returns:
    A `keras.Model` from `(n, h, w, c)` to logits `(n, num_classes)`.
  """
  style = layers.Style(seed, weight_decay)

  def conv(x, filters, size, module, stride=1):
    return _conv(style, x, filters, size, module, stride, batch_norm)

  inputs = keras.Input(input_shape, name="image")
  x = conv(inputs, 96, 3, "stem")  # (28, 28, 96)
  for index, widths in enumerate(_MODULES, start=1):
    if isinstance(widths, tuple):
      x = _inception(conv, x, *widths, f"inception{index}")
    else:  # (14, 14), then (7, 7)
      x = _downsample(conv, x, widths, f"downsample{index}")
  x = keras.layers.GlobalAveragePooling2D(
      name="mean", dtype=layers.full_precision())(x)  # (336,)
  x = layers.dropout(x, dropout, seed)
  return keras.Model(inputs, style.logits(num_classes)(x), name=name)


def _conv(style, x, filters, size, module, stride, batch_norm):
  """Convolution, batch normalization, ReLU: Figure 3's "Conv module"."""
  prefix = f"{module}_{size}x{size}"
  x = style.conv(
      filters, size, f"{prefix}_conv", strides=stride,
      use_bias=not batch_norm)(x)
  if batch_norm:
    # A decay of 0.9 follows the weights within a few hundred steps; epsilon is
    # TF-Slim's.
    x = normalization.BatchNormalization(
        momentum=0.9, epsilon=0.001, scale=False, name=f"{prefix}_bn")(x)
  return keras.layers.ReLU(name=f"{prefix}_relu")(x)


def _inception(conv, x, filters_1x1, filters_3x3, module):
  """1x1 and 3x3 convolutions of the same input, joined by channel."""
  branches = [conv(x, filters_1x1, 1, module), conv(x, filters_3x3, 3, module)]
  return keras.layers.Concatenate(name=f"{module}_merge")(branches)


def _downsample(conv, x, filters, module):
  """A strided 3x3 convolution and a max-pool, joined by channel."""
  pooled = keras.layers.MaxPooling2D(
      3, 2, padding="same", name=f"{module}_pool")(x)
  branches = [conv(x, filters, 3, module, stride=2), pooled]
  return keras.layers.Concatenate(name=f"{module}_merge")(branches)

"""ResNet-18 (He et al., 2016) in its variant for images of 32x32 and less.

A 3x3 convolution at full size in place of the 7x7 one with stride 2 and of the
first pooling; else the ImageNet network: four groups of two blocks with 64,
128, 256 and 512 filters. Not the paper's: it shows that newer networks fit
random labels too.
"""

import keras

from rethink_tf.models import layers
from rethink_tf.models import normalization

MODELS = {
    "resnet18": {
        "title": "ResNet-18",
        "order": 7, "learning_rate": 0.1, "parameters": 11_173_962,
        # The running training accuracy on random labels passes 99.9% in epoch
        # 50 (n = 1,000, in bfloat16). Other n were not tried. Images/s are
        # float32's, taken beside other work.
        "epochs": {1: 80}, "steps": 640, "images_per_second": 24},
}

_GROUPS = ((64, 1), (128, 2), (256, 2), (512, 2))  # (filters, first stride)


def build(name, input_shape, num_classes, *, weight_decay, dropout, seed):
  """Builds ResNet-18 for small images; 11,173,962 weights and 10 classes.

  Convolutions have no bias; batch normalization has a scale and an offset, as
  in the ResNet paper, and the moving averages of the small Inception.

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
  inputs = keras.Input(input_shape, name="image")
  x = _conv(style, inputs, 64, 3, 1, "stem")  # (28, 28, 64)
  x = keras.layers.ReLU(name="stem_relu")(x)
  for group, (filters, stride) in enumerate(_GROUPS, start=1):
    x = _block(style, x, filters, stride, f"group{group}_block1")
    x = _block(style, x, filters, 1, f"group{group}_block2")
  x = keras.layers.GlobalAveragePooling2D(
      name="mean", dtype=layers.full_precision())(x)  # (512,)
  x = layers.dropout(x, dropout, seed)
  return keras.Model(inputs, style.logits(num_classes)(x), name=name)


def _block(style, x, filters, stride, prefix):
  """Two 3x3 convolutions, added to the input or to its projection."""
  shortcut = x
  if stride != 1:
    shortcut = _conv(style, x, filters, 1, stride, f"{prefix}_shortcut")
  x = _conv(style, x, filters, 3, stride, f"{prefix}_1")
  x = keras.layers.ReLU(name=f"{prefix}_1_relu")(x)
  x = _conv(style, x, filters, 3, 1, f"{prefix}_2")
  x = keras.layers.Add(name=f"{prefix}_add")([x, shortcut])
  return keras.layers.ReLU(name=f"{prefix}_relu")(x)


def _conv(style, x, filters, size, stride, prefix):
  """Convolution and batch normalization."""
  x = style.conv(
      filters, size, f"{prefix}_conv", strides=stride, use_bias=False)(x)
  return normalization.BatchNormalization(
      momentum=0.9, epsilon=0.001, name=f"{prefix}_bn")(x)

"""Inception V3 (Szegedy et al., 2015), the paper's network for ImageNet.

The paper trains it with TensorFlow's Inception package of 2016, and its blocks,
paddings and initial weights here are those of that package (tensorflow/models,
inception/inception/slim: inception_model.py and the defaults of ops.py).
"""

import keras

from rethink_tf.models import layers
from rethink_tf.models import normalization

MODELS = {
    "inception_v3": {
        "title": "Inception V3",
        # The rate is inception_distributed_train.py's.
        "order": 6, "learning_rate": 0.045, "parameters": 23_817_352,
        "photographs": True,
        "epochs": {1: 60}, "steps": 1000, "images_per_second": 4,
        # After few steps, averages with the package's decays would be mostly
        # their initial values.
        "scaled_flags": {
            "batch_norm_decay": 0.9, "moving_average_decay": 0.9}},
}

# A step of a branch is a convolution `(filters, size, stride, padding)`, a
# pool, or a fork: convolutions of the same input, joined by channel. The stride
# is 1 where none stands; a convolution pads with SAME at stride 1 and with
# VALID at 2, unless it says otherwise.
_AVERAGE, _MAX = "average_pool", "max_pool"

_STEM = (  # 299x299x3 -> 35x35x192
    (32, 3, 2), (32, 3, 1, "valid"), (64, 3), _MAX,
    (80, 1), (192, 3, 1, "valid"), _MAX,
)


def _block_35(pooled):
  """An Inception block at 35x35; `pooled` filters follow its pool."""
  return (
      ((64, 1),),
      ((48, 1), (64, 5)),
      ((64, 1), (96, 3), (96, 3)),
      (_AVERAGE, (pooled, 1)),
  )


def _block_17(inner):
  """An Inception block at 17x17, whose inner convolutions have `inner` filters.

  Its 7x7 convolutions are a 1x7 and a 7x1 one after the other.
  """
  return (
      ((192, 1),),
      ((inner, 1), (inner, (1, 7)), (192, (7, 1))),
      ((inner, 1), (inner, (7, 1)), (inner, (1, 7)), (inner, (7, 1)),
       (192, (1, 7))),
      (_AVERAGE, (192, 1)),
  )


_TO_17 = (
    ((384, 3, 2),),
    ((64, 1), (96, 3), (96, 3, 2)),
    (_MAX,),
)
_TO_8 = (
    ((192, 1), (320, 3, 2)),
    ((192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)),
    (_MAX,),
)
_FORK = ((384, (1, 3)), (384, (3, 1)))
_BLOCK_8 = (
    ((320, 1),),
    ((384, 1), _FORK),
    ((448, 1), (384, 3), _FORK),
    (_AVERAGE, (192, 1)),
)

# The package's "mixed" to "mixed_10", each a tuple of branches.
_BLOCKS = (
    _block_35(32), _block_35(64), _block_35(64),
    _TO_17, _block_17(128), _block_17(160), _block_17(160), _block_17(192),
    _TO_8, _BLOCK_8, _BLOCK_8,
)
_LAST_AT_17 = 7

_SMALLEST = 75  # 75x75 leaves 1x1 after the last block, and 74x74 nothing.


def build(name, input_shape, num_classes, *, weight_decay, dropout, seed,
          aux_head=False, batch_norm_decay=0.9997):
  """Builds Inception V3; 23,817,352 weights at 1,000 classes.

  The mean over all places before the logits lets other sizes than 299x299 in.

  Initial weights are normal, cut off at two standard deviations of 0.1 for a
  convolution, 0.01 for the auxiliary head's second one and for the logits, and
  0.001 for the auxiliary logits.

  Args:
    name: the model's name.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    weight_decay: lambda of the penalty lambda * ||w||^2 on the kernels. The
      package's 0.00004 multiplies half the square: it is 0.00002 here.
    dropout: rate before the last linear layer (the package's: 0.2).
    seed: the run's seed.
    aux_head: whether the model also has the package's auxiliary head, which
      3,325,800 more weights train at 299x299 and 1,000 classes.
    batch_norm_decay: decay of the moving mean and variance.

  Returns:
    A `keras.Model` from `(n, h, w, c)` to logits `(n, num_classes)`. With
    `aux_head` to `(n, 2 * num_classes)`, the auxiliary ones beside the logits:
    one output, as every model has.

  Raises:
    ValueError: the image is too small for the network or the auxiliary head.
  """
  if min(input_shape[:2]) < _SMALLEST:
    raise ValueError(
        f"Inception V3 takes images of at least {_SMALLEST}x{_SMALLEST}. "
        f"Received: {input_shape[0]}x{input_shape[1]}")
  style = layers.Style(seed, weight_decay)

  def conv(x, prefix, *step, stddev=0.1):
    return _conv(style, batch_norm_decay, x, prefix, *step, stddev=stddev)

  inputs = keras.Input(input_shape, name="image")
  x = _chain(conv, inputs, _STEM, "stem")
  for index, block in enumerate(_BLOCKS):
    x = _join(conv, x, block, f"mixed{index}")
    if aux_head and index == _LAST_AT_17:
      auxiliary = _auxiliary(conv, style, x, num_classes)
  x = keras.layers.GlobalAveragePooling2D(name="mean")(x)  # (2048,)
  x = layers.dropout(x, dropout, seed)
  outputs = style.dense(num_classes, "logits", stddev=0.01)(x)
  if aux_head:
    outputs = keras.layers.Concatenate(name="heads")([outputs, auxiliary])
  return keras.Model(inputs, outputs, name=name)


def _conv(style, decay, x, prefix, filters, size, stride=1, padding=None, *,
          stddev):
  """Convolution, batch normalization, ReLU."""
  padding = padding or ("same" if stride == 1 else "valid")
  x = style.conv(
      filters, size, f"{prefix}_conv", strides=stride, padding=padding,
      use_bias=False, stddev=stddev)(x)
  x = normalization.BatchNormalization(
      momentum=decay, epsilon=0.001, scale=False, name=f"{prefix}_bn")(x)
  return keras.layers.ReLU(name=f"{prefix}_relu")(x)


def _chain(conv, x, steps, prefix):
  """The steps of a branch, one after the other."""
  for index, step in enumerate(steps, start=1):
    name = f"{prefix}_{index}"
    if step == _AVERAGE:
      # Places beyond the edge count neither in the sum nor in the divisor.
      x = keras.layers.AveragePooling2D(3, 1, padding="same", name=name)(x)
    elif step == _MAX:
      x = keras.layers.MaxPooling2D(3, 2, padding="valid", name=name)(x)
    elif isinstance(step[0], tuple):
      x = _join(conv, x, [[way] for way in step], name)
    else:
      x = conv(x, name, *step)
  return x


def _join(conv, x, branches, prefix):
  """Branches from the same input, joined by channel."""
  ends = [_chain(conv, x, steps, f"{prefix}_{index}")
          for index, steps in enumerate(branches, start=1)]
  return keras.layers.Concatenate(name=f"{prefix}_merge")(ends)


def _auxiliary(conv, style, x, num_classes):
  """The auxiliary head on the last block at 17x17."""
  if min(x.shape[1:3]) < 5:
    raise ValueError(
        "the auxiliary head takes a map of at least 5x5 (17x17 for images of "
        f"299x299). Received: {x.shape[1]}x{x.shape[2]}")
  x = keras.layers.AveragePooling2D(
      5, 3, padding="valid", name="aux_pool")(x)  # (5, 5, 768)
  x = conv(x, "aux_1", 128, 1)
  # As in the package, the kernel covers the map: 5x5 for images of 299x299.
  x = conv(
      x, "aux_2", 768, tuple(x.shape[1:3]), 1, "valid", stddev=0.01)
  x = keras.layers.Flatten(name="aux_flatten")(x)  # (768,)
  return style.dense(num_classes, "aux_logits", stddev=0.001)(x)

"""The initial weights that TensorFlow draws, in NumPy, for other backends.

Keras draws by its backend, and each has a generator of its own: one seed is two
networks. TensorFlow's is Philox-4x32 with 10 rounds (Salmon et al., 2011). Its
block number i is a function of i and of a key, so that it is repeated here:
uniform numbers to the bit, and normal ones, which take a logarithm, a sine and
a cosine, to float32's rounding of these.
"""

import math

import keras
import numpy as np

# Of the paper: multipliers, and what is added to the key after each round.
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
# TensorFlow's: under which a seed becomes a key, and how many blocks each four
# truncated numbers have for themselves.
_KEY_OF_SEEDS = 0x3EC8F720, 0x02461E29
_BLOCKS = 256
_LEAST = np.float32(1e-7)
_BOUND = 2.0  # Standard deviations, beyond which a number is drawn again.
# Keras takes seeds modulo this on TensorFlow.
_MODULUS = 2**31 - 2


def redraw(model):
  """Gives a model's kernels and positions the values that TensorFlow draws.

  Args:
    model: a `keras.Model`, freshly built, whose initializers are those of
      `layers.Style`. What starts at 0 or 1 stays.
  """
  for layer in model.layers:
    for initializer, variable in (
        (getattr(layer, "kernel_initializer", None),
         getattr(layer, "kernel", None)),
        (getattr(layer, "initializer", None),
         getattr(layer, "positions", None))):
      if variable is not None:
        variable.assign(draw(initializer, tuple(variable.shape)))


def draw(initializer, shape):
  """Returns what an initializer draws on TensorFlow; float32 of a shape.

  Args:
    initializer: a `keras.initializers.GlorotUniform` or `TruncatedNormal`, with
      a seed.
    shape: of two sizes or more, the last two those of inputs and outputs.

  Raises:
    TypeError: it is another initializer.
  """
  count = math.prod(shape)
  if isinstance(initializer, keras.initializers.GlorotUniform):
    fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
    limit = math.sqrt(3.0 * (1.0 / max(1.0, fans / 2.0)))
    low, high = np.float32(-limit), np.float32(limit)
    drawn = _uniform(count, initializer.seed) * (high - low) + low
  elif isinstance(initializer, keras.initializers.TruncatedNormal):
    drawn = (_truncated_normal(count, initializer.seed)
             * np.float32(initializer.stddev) + np.float32(initializer.mean))
  else:
    raise TypeError(
        "initializer: expected GlorotUniform or TruncatedNormal. Received: "
        f"{initializer}")
  return drawn.reshape(shape)


def _uniform(count, seed):
  """Returns float32 `(count,)`, uniform in [0, 1) with 23 random bits each."""
  blocks = np.arange(-(-count // 4), dtype=np.uint64)
  return _to_uniform(_draw_blocks(blocks, seed)).reshape(-1)[:count]


def _truncated_normal(count, seed):
  """Returns standard normal numbers within `_BOUND`: float32 `(count,)`.

  Each four of them take, in order, those within the bound from the pairs that
  two numbers of their own blocks make (Box and Muller, 1958).
  """
  groups = np.arange(-(-count // 4), dtype=np.uint64)
  drawn = np.empty((len(groups), 4), np.float32)
  filled = np.zeros(len(groups), np.int64)
  for block in range(_BLOCKS):
    left = np.flatnonzero(filled < 4)
    if not len(left):
      break
    bits = _draw_blocks(groups[left] * np.uint64(_BLOCKS) + np.uint64(block),
                        seed)
    normals = _to_normal(bits)
    for column in range(4):
      fits = (np.abs(normals[:, column]) < _BOUND) & (filled[left] < 4)
      rows = left[fits]
      drawn[rows, filled[rows]] = normals[fits, column]
      filled[rows] += 1
  return drawn.reshape(-1)[:count]


def _to_uniform(bits):
  """Returns float32 in [0, 1): the lowest 23 bits of each are the fraction."""
  ones = (bits.astype(np.uint32) & np.uint32(0x7FFFFF)) | np.uint32(127 << 23)
  return ones.view(np.float32) - np.float32(1)


def _to_normal(bits):
  """Returns standard normal numbers, float32 `(n, 4)`, of `(n, 4)` bits."""
  uniform = _to_uniform(bits)
  radius = np.sqrt(np.float32(-2) * np.log(
      np.maximum(uniform[:, ::2], _LEAST).astype(np.float64)).astype(
          np.float32))
  angle = (2 * np.pi * uniform[:, 1::2].astype(np.float64)).astype(
      np.float32).astype(np.float64)
  normals = np.empty_like(uniform)
  normals[:, ::2] = np.sin(angle).astype(np.float32) * radius
  normals[:, 1::2] = np.cos(angle).astype(np.float32) * radius
  return normals


def _draw_blocks(numbers, seed):
  """Returns the blocks of these numbers, `(n, 4)`, each of 32 random bits."""
  mixed = _philox(
      [np.array([seed % _MODULUS], np.uint64), *np.zeros((3, 1), np.uint64)],
      _KEY_OF_SEEDS)[0]
  key = int(mixed[0]), int(mixed[1])
  high = np.broadcast_to(mixed[2:, np.newaxis], (2, len(numbers)))
  return _philox([numbers & _LOW, numbers >> _SHIFT, *high], key)


def _philox(counter, key):
  """Returns the blocks of counters: uint64 `(n, 4)`, each below 2**32.

  Args:
    counter: four uint64 `(n,)`, each below 2**32, the lowest first.
    key: two ints below 2**32.
  """
  for turn in range(_ROUNDS):
    first, second = (
        np.uint64((part + turn * step) & 0xFFFFFFFF)
        for part, step in zip(key, _WEYL))
    products = (_MULTIPLIERS[0] * counter[0], _MULTIPLIERS[1] * counter[2])
    counter = [
        (products[1] >> _SHIFT) ^ counter[1] ^ first, products[1] & _LOW,
        (products[0] >> _SHIFT) ^ counter[3] ^ second, products[0] & _LOW]
  return np.stack(counter, axis=-1)

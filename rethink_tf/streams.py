"""Stateless random numbers: one seed, a separate stream for every use.

A stream is a function of the run's seed and of what it is for, never of what
was drawn before it. Element i of a stream belongs to example i. That is what
makes random labels the same in every epoch, on every worker, after every
resume and for every model.

Only the raw 64-bit output of Philox (Salmon et al., 2011) is used, because
NumPy guarantees it across versions, and its distributions not.
"""

import hashlib
import json

import numpy as np

# Rows drawn at a time where an example takes many numbers.
_CHUNK = 1000


def _generator(seed, key):
  digest = hashlib.sha256(json.dumps([seed, *key]).encode()).digest()
  return np.random.Philox(key=int.from_bytes(digest[:16], "little"))


def _bits(count, seed, key):
  return _generator(seed, key).random_raw(count)


def _rows_of_bits(count, size, seed, key):
  """Yields `(slice, bits)`: row i holds numbers i * size to (i + 1) * size."""
  generator = _generator(seed, key)
  for start in range(0, count, _CHUNK):
    rows = min(_CHUNK, count - start)
    bits = generator.random_raw(rows * size).reshape(rows, size)
    yield slice(start, start + rows), bits


def uniform(count, seed, *key):
  """Returns float64 `(count,)`, uniform in [0, 1) with 53 random bits each."""
  return (_bits(count, seed, key) >> np.uint64(11)) * 2.0**-53


def uniform_of_names(names, seed, *key):
  """Returns float64 `(n,)`, uniform in [0, 1), each by its name alone.

  Args:
    names: str `(n,)`.
    seed: the run's seed.
    *key: what the numbers are for.
  """
  start = hashlib.sha256(json.dumps([seed, *key]).encode())
  bits = np.empty(len(names), np.uint64)
  for i, name in enumerate(names):
    digest = start.copy()
    digest.update(f" {name}".encode())
    bits[i] = int.from_bytes(digest.digest()[:8], "little")
  return (bits >> np.uint64(11)) * 2.0**-53


def integers(count, high, seed, *key):
  """Returns int64 `(count,)`, uniform in {0, ..., high - 1}, high < 2**31."""
  return (uniform(count, seed, *key) * high).astype(np.int64)


def permutation(count, seed, *key):
  """Returns a uniformly random permutation of range(count): int64 (count,)."""
  return np.argsort(_bits(count, seed, key), kind="stable")


def permutations(count, size, seed, *key):
  """Returns `count` independent permutations of range(size).

  Returns:
    int16 `(count, size)`, size <= 2**15; row i is the same for any count.
  """
  drawn = np.empty((count, size), np.int16)
  for rows, bits in _rows_of_bits(count, size, seed, key):
    drawn[rows] = np.argsort(bits, axis=1, kind="stable")
  return drawn


def normals(count, size, seed, *key):
  """Returns standard normal numbers, float32 `(count, size)`.

  Row i is the same for any count.
  """
  # Imported here because it takes a quarter of a second, and few draw these.
  from scipy import special  # noqa: PLC0415

  drawn = np.empty((count, size), np.float32)
  for rows, bits in _rows_of_bits(count, size, seed, key):
    # In the middle of each of 2**53 equal parts of (0, 1), so never at an end.
    parts = (bits >> np.uint64(11)).astype(np.float64)
    drawn[rows] = special.ndtri((parts + 0.5) * 2.0**-53)
  return drawn


def seed_of(seed, *key):
  """Returns a 31-bit seed for a library that draws its own numbers."""
  return int(_bits(1, seed, key)[0] >> np.uint64(33))

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


def _bits(count, seed, key):
  digest = hashlib.sha256(json.dumps([seed, *key]).encode()).digest()
  generator = np.random.Philox(key=int.from_bytes(digest[:16], "little"))
  return generator.random_raw(count)


def uniform(count, seed, *key):
  """Returns float64 `(count,)`, uniform in [0, 1) with 53 random bits each."""
  return (_bits(count, seed, key) >> np.uint64(11)) * 2.0**-53


def integers(count, high, seed, *key):
  """Returns int64 `(count,)`, uniform in {0, ..., high - 1}, high < 2**31."""
  return (uniform(count, seed, *key) * high).astype(np.int64)


def permutation(count, seed, *key):
  """Returns a uniformly random permutation of range(count), int64 `(count,)`."""
  return np.argsort(_bits(count, seed, key), kind="stable")


def seed_of(seed, *key):
  """Returns a 31-bit seed for a library that draws its own numbers."""
  return int(_bits(1, seed, key)[0] >> np.uint64(33))

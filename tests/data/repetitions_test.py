"""Tests of finding repeated examples."""

import numpy as np

from rethink_tf.data import repetitions


def test_each_example_has_the_first_that_equals_it():
  images = np.arange(6 * 4).reshape(6, 2, 2, 1).astype(np.uint8)
  images[4] = images[5] = images[1]
  images[3] = images[0]
  first = repetitions.find_first_equals(images)
  assert first.tolist() == [0, 1, 2, 0, 1, 1] and first.dtype == np.int64


def test_it_takes_any_layout_and_a_generator():
  points = np.asfortranarray(np.array([[1.0, 2.0], [3.0, 1.0], [1.0, 2.0]]))
  assert repetitions.find_first_equals(p for p in points).tolist() == [0, 1, 0]
  # Every other column: rows that are not contiguous.
  assert repetitions.find_first_equals(
      np.array([[1, 9, 2], [1, 8, 2]])[:, ::2]).tolist() == [0, 0]


def test_of_none_there_are_none():
  assert repetitions.find_first_equals([]).shape == (0,)

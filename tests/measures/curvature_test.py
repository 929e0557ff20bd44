"""Tests of the Hessian's measures against the dense Hessian of a small net."""

import numpy as np
import pytest

from rethink_tf import streams
from rethink_tf.measures import curvature
from rethink_tf.measures import sampled_loss
from rethink_tf.measures import subject as subject_lib
from tests.measures import small


@pytest.fixture(name="made", scope="module")
def _made():
  """A subject, and its Hessian by differences of NumPy's gradients."""
  subject, flat = small.make_subject()
  split = subject.split
  rows = []
  for unit in np.eye(len(flat)):
    rows.append(np.subtract(*(
        small.find_gradients(flat + step * unit, split.inputs, split.labels)
        .mean(axis=0) for step in (1e-6, -1e-6))) / 2e-6)
  return subject, np.array(rows)


def test_products_are_those_of_the_matrix(made):
  subject, hessian = made
  assert np.abs(hessian).max() > 0.1
  np.testing.assert_allclose(hessian, hessian.T, atol=1e-7)
  loss = sampled_loss.of(subject)
  for unit in np.eye(len(hessian))[::7]:
    np.testing.assert_allclose(
        loss.hessian_times(unit), hessian @ unit, atol=1e-5)


def test_the_largest_eigenvalues_are_the_matrixs(made):
  subject, hessian = made
  expected = np.linalg.eigvalsh(hessian)[::-1]
  assert expected[0] > 1.1 * expected[4] > 0
  assert curvature.hessian_top(subject) == pytest.approx(expected[0], rel=0.01)
  assert curvature.hessian_top_5(subject) == pytest.approx(
      expected[4], rel=0.01)


def test_the_trace_is_the_mean_over_signs_and_near_the_matrixs(made):
  subject, hessian = made
  signs = [2 * streams.integers(43, 2, 0, "trace", probe) - 1
           for probe in range(curvature.PROBES)]
  assert not np.array_equal(signs[0], signs[1])
  found = curvature.hessian_trace(subject)
  assert found == pytest.approx(
      np.mean([z @ hessian @ z for z in signs]), rel=1e-4)
  off_diagonal = hessian - np.diag(np.diag(hessian))
  deviation = np.sqrt(2 * np.sum(off_diagonal**2) / curvature.PROBES)
  assert abs(found - np.trace(hessian)) < 3 * deviation


def test_a_hessian_of_zero_has_no_eigenvalues_to_find():
  subject, flat = small.make_subject()
  subject.model.set_weights(
      small.split_weights(np.append(0 * flat[:-3], [1e4, 0, 0])))
  split = small.Split(subject.split.inputs, np.zeros(40, int))
  sure = subject_lib.Subject(subject.model, subject.initial, split)
  with pytest.raises(subject_lib.UndefinedError, match="ARPACK finds no"):
    curvature.hessian_top(sure)
  with pytest.raises(subject_lib.UndefinedError, match="ARPACK finds no"):
    curvature.hessian_top_5(sure)
  assert curvature.hessian_trace(sure) == 0

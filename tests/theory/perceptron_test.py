"""Tests of the Perceptron, and of what is proved of it."""

import types

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.theory import perceptron
from rethink_tf.theory import study


@pytest.fixture(name="examples", scope="module", params=[0.0, 1.0])
def _examples(request):
  """Returns points and signs of ones and sevens, true or random."""
  pair = perceptron.select_classes(datasets.load("digits", None), (1, 7))
  points = study.pixels(pair.train)[:60]
  signs = 2 * pair.train.labels[:60].astype(np.int64) - 1
  if request.param:
    signs = np.random.default_rng(1).choice([-1, 1], 60)
  return points, signs


def _train_slowly(points, signs, order):
  """Returns the weights by the rule as it is written, one example at a time."""
  weights = np.zeros(points.shape[1], dtype=object)  # Python's whole numbers.
  mistakes = 0
  while True:
    before = mistakes
    for index in order:
      point = points[index].astype(object)
      if signs[index] * (weights @ point) <= 0:
        weights += int(signs[index]) * point
        mistakes += 1
    if mistakes == before:
      return weights, mistakes


def test_it_is_the_rule_applied_to_one_example_at_a_time(examples):
  points, signs = examples
  trained = perceptron.train(points, signs, 10_000)
  weights, mistakes = _train_slowly(points, signs, range(len(points)))
  assert trained.fits and trained.mistakes == mistakes
  assert (trained.coefficients @ points.astype(np.int64) == weights).all()


def test_it_makes_no_more_mistakes_than_novikoff_allows(examples):
  points, signs = examples
  trained = perceptron.train(points, signs, 10_000)
  margin = perceptron.find_margin(points / 255, signs)
  radius = np.linalg.norm(points / 255, axis=1).max()
  assert 0 < trained.mistakes <= (radius / margin) ** 2


def test_an_example_without_a_mistake_can_be_left_out(examples):
  points, signs = examples
  trained = perceptron.train(points, signs, 10_000)
  spare = np.flatnonzero(trained.coefficients == 0)
  assert len(points) - len(spare) == trained.support
  for index in spare[:5]:
    others = np.delete(np.arange(len(points)), index)
    weights, _ = _train_slowly(points, signs, others)
    assert signs[index] * (weights @ points[index].astype(object)) > 0


def test_it_gives_up_where_nothing_separates():
  points = np.array([[1, 0], [2, 0], [3, 0]], np.uint8)
  signs = np.array([1, -1, 1])
  trained = perceptron.train(points, signs, 7)
  assert (trained.fits, trained.passes) == (False, 7)
  assert perceptron.find_margin(points.astype(float), signs) == 0.0


@pytest.mark.parametrize("points, signs, margin", [
    # Two points, a distance of 2 apart on either side of the origin.
    ([[1.0, 5.0], [-1.0, 5.0]], [1, -1], 1.0),
    # The first alone is at the margin.
    ([[0.5, 0.0], [3.0, 0.1]], [1, 1], 0.5),
    # Along (1, 1) / sqrt(2) each is 1 / sqrt(2) away.
    ([[1.0, 0.0], [0.0, 1.0]], [1, 1], 2**-0.5)])
def test_the_largest_margin_is_found(points, signs, margin):
  assert perceptron.find_margin(
      np.array(points), np.array(signs)) == pytest.approx(margin, rel=1e-12)


def test_the_largest_margin_is_that_of_other_solvers(examples):
  svm = pytest.importorskip("sklearn.svm")
  points, signs = examples
  scaled = points / 255
  # One class more, the origin's mirror image, leaves no room for an offset.
  both = np.concatenate([scaled, -scaled])
  machine = svm.SVC(kernel="linear", C=1e10, tol=1e-10).fit(
      both, np.concatenate([signs, -signs]))
  assert perceptron.find_margin(scaled, signs) == pytest.approx(
      1 / np.linalg.norm(machine.coef_), rel=1e-4)


def test_too_few_examples_of_two_classes_are_refused():
  data = datasets.load("digits", None)
  pair = perceptron.select_classes(data, (3, 8))
  count = int(np.isin(data.train.labels, (3, 8)).sum())
  assert len(pair.train) == count and pair.label_names == ("3", "8")
  assert set(pair.test.labels) == {0, 1}
  asked = types.SimpleNamespace(
      config=types.SimpleNamespace(
          classes=(3, 8), n=(10, count + 1), dataset="digits"),
      load=lambda *_: (data, data.train))
  with pytest.raises(errors.UsageError, match=f"from 1 to {count}, all that "):
    perceptron.run(asked)

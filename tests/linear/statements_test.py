"""Tests of selection, and of Section 5's statements on real small runs."""

import dataclasses

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.linear import fourier
from rethink_tf.linear import kernels
from rethink_tf.linear import problem
from rethink_tf.linear import selection
from rethink_tf.linear import statements
from rethink_tf.linear import status


@pytest.fixture(name="measured", scope="module")
def _measured():
  config, _ = section5_flags.parse_section5([
      "--dataset=digits", "--train_examples=600", "--test_examples=300",
      "--sgd_examples=40", "--sgd_epochs=200"])
  return statements.measure(
      config, problem.load(config, None), status.Quiet())


def test_more_memory_than_allowed_is_refused_before_any_work(tmp_path):
  config, options = section5_flags.parse_section5(
      ["--dataset=digits", "--memory_gb=0.5", f"--logdir={tmp_path / 'run'}"])
  with pytest.raises(errors.StorageError) as raised:
    statements.run(config, options, None)
  assert f"{statements.memory_gb(config):.1f} GB" in str(raised.value)


def test_all_solutions_interpolate_and_the_minimum_norm_is_least(measured):
  solutions = measured["solutions"]
  assert all(s["residual"] < 1e-6 for s in solutions.values())
  norms = {name: s["norm"] for name, s in solutions.items()}
  assert min(norms, key=norms.get) == "minimum_norm"
  # Without l2, the path is at the same solution.
  first = measured["path"][0]
  assert first["l2"] == 0
  assert first["norm"] == pytest.approx(
      solutions["minimum_norm"]["norm"], rel=1e-6)


def test_fourier_features_of_some_points_are_those_they_have_among_all():
  points = streams.uniform(6 * 3, 1, "points").reshape(6, 3)
  together = fourier.features(points, 0.8, 8, 1)
  normal = fourier.frequencies(3, 8, 1)
  np.testing.assert_allclose(
      fourier.transform(points[4:], normal, 0.8), together[4:], rtol=1e-12)


def test_fourier_features_are_the_gaussian_kernel_on_average():
  points = streams.uniform(60, 1, "points").reshape(12, 5)
  exact = kernels.matrix(kernels.Kernel("gaussian", 0.8), points, points)
  x = fourier.features(points, 0.8, 20_000, 1)
  # The standard error is 1 / sqrt(10,000) at most.
  np.testing.assert_allclose(x @ x.T, exact, atol=0.05)
  np.testing.assert_allclose((x**2).sum(axis=1), 1)


def test_a_first_class_without_examples_leaves_every_number_finite():
  config, _ = section5_flags.parse_section5([
      "--dataset=digits", "--train_examples=60", "--test_examples=30",
      "--sgd_examples=3", "--sgd_epochs=2"])
  data = problem.load(config, None)
  data = dataclasses.replace(data, labels=np.maximum(data.labels, 1))
  curvature = statements.measure(config, data, status.Quiet())["curvature"]
  assert np.isfinite([*curvature["differences"],
                      curvature["distance_of_minima"]]).all()


# Selection.


def test_folds_hold_each_example_out_once():
  parts = selection.split_into_folds(10, 3)
  assert sorted(np.concatenate([held for _, held in parts])) == list(range(10))
  for fitted, held in parts:
    assert sorted([*fitted, *held]) == list(range(10))


def _small():
  parsed = linear_flags.parse_interpolate(
      ["--dataset=digits", "--train_examples=240"])[0]
  return parsed, problem.load(parsed, None)


def _evaluate(choices, data, count):
  return selection.evaluate(choices, data, count, status.Quiet())


def test_selection_measures_what_was_held_out_and_never_the_test_set():
  config, data = _small()
  choice, = _evaluate([("", config)], data, 3)
  assert 0 < choice.mean < 0.3 and len(choice.errors) == 3
  # By hand, the first fold.
  fitted, held = selection.split_into_folds(240, 3)[0]
  points = problem.points(config, data.images).astype(float)
  kernel = problem.kernel(config)
  alpha = np.linalg.solve(
      kernels.matrix(kernel, points[fitted], points[fitted]),
      data.targets[fitted])
  predicted = kernels.matrix(kernel, points[held], points[fitted]) @ alpha
  wrong = np.mean(predicted.argmax(axis=1) != data.labels[held])
  assert choice.errors[0] == pytest.approx(wrong, abs=1.01 / 80)
  # A test set that would break anything that touched it.
  poisoned = problem.Problem(**{
      **{f: getattr(data, f) for f in data.__dataclass_fields__},
      "test_images": None, "test_labels": None})
  assert _evaluate([("", config)], poisoned, 3) == [choice]


def test_selection_finds_the_better_of_two():
  config, data = _small()
  net = linear_flags.parse_interpolate([
      "--dataset=digits", "--train_examples=240",
      "--preprocessing=random_convnet", "--filters=50"])[0]
  narrow = linear_flags.parse_interpolate([
      "--dataset=digits", "--train_examples=240", "--bandwidth=0.05"])[0]
  choices = [_evaluate([(name, c)], data, 2)[0] for name, c in (
      ("narrow", narrow), ("as is", config), ("net", net))]
  # So narrow that every image is alone: no better than guessing.
  assert choices[0].mean > 0.5 > 0.3 > choices[2].mean
  assert selection.choose_best(choices[:2]).flags == "as is"


def test_choices_that_share_a_gram_matrix_are_as_each_by_itself():
  config, data = _small()
  named = [(f"{k}", dataclasses.replace(config, **c)) for k, c in enumerate((
      {}, {"l2": 0.1}, {"bandwidth": 3.0}, {"l2": 1.0}, {"tolerance": 1e-30}))]
  groups = selection.group_by_gram(named)
  assert [[flags for flags, _ in group] for group in groups] == [
      ["0"], ["1", "3"], ["2"], ["4"]]
  alone = [_evaluate([choice], data, 3)[0] for choice in groups[1]]
  assert [choice.flags for choice in alone] == ["1", "3"]
  assert _evaluate(groups[1], data, 3) == alone
  assert _evaluate(groups[1][:1] * 2, data, 3) == alone[:1] * 2
  # A residual that nothing reaches: the other of the group is solved.
  failed, solved = _evaluate([groups[3][0], groups[0][0]], data, 3)
  assert isinstance(failed, errors.DivergedError)
  assert [solved] == _evaluate(groups[0], data, 3)


def test_kernels_of_random_filters_share_the_dot_products():
  config = linear_flags.parse_interpolate([
      "--dataset=digits", "--train_examples=240", "--l2=0.1",
      "--preprocessing=random_convnet", "--filters=20"])[0]
  _, data = _small()
  gaussian = {"kernel": "gaussian", "bandwidth": 0.5}
  named = [(f"{k}", dataclasses.replace(config, **c)) for k, c in enumerate((
      {}, gaussian, gaussian | {"bandwidth": 0.1}, {"filters": 30}))]
  groups = selection.group_by_gram(named)
  assert [[flags for flags, _ in group] for group in groups] == [
      ["0", "1", "2"], ["3"]]
  together = _evaluate(groups[0], data, 3)
  assert together == [_evaluate([c], data, 3)[0] for c in named[:3]]
  assert len({choice.norms for choice in together}) == 3


def test_a_choices_row_is_its_mean_and_standard_error():
  row = selection.Choice("--l2=1", (0.1, 0.3), (2.0, 4.0)).as_row()
  assert row == {"flags": "--l2=1", "held_out_error": pytest.approx(0.2),
                 "standard_error": pytest.approx(0.1), "min_norm": 3.0,
                 "folds": 2}
  assert tuple(row) == selection.COLUMNS

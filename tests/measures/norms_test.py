"""Tests of norms and margins against matrices, loops and closed forms."""

import numpy as np
import pytest

from rethink_tf.measures import margins
from rethink_tf.measures import norms
from rethink_tf.measures import registry
from rethink_tf.measures import subject as subject_lib
from rethink_tf.models import registry as models
from tests.measures import small

_random = np.random.default_rng(1)


def _convolve(image, kernel, stride):
  """A circular convolution by loops, as Keras has it: a correlation."""
  height, width, _ = image.shape
  made = np.zeros((height // stride, width // stride, kernel.shape[-1]))
  for i, j in np.ndindex(*made.shape[:2]):
    for a, b in np.ndindex(*kernel.shape[:2]):
      made[i, j] += image[
          (i * stride + a) % height, (j * stride + b) % width] @ kernel[a, b]
  return made


def _as_matrix(kernel, size, stride):
  """The dense matrix of a circular convolution, column by column."""
  inputs = (*size, kernel.shape[2])
  return np.stack([
      _convolve(unit.reshape(inputs), kernel, stride).ravel()
      for unit in np.eye(np.prod(inputs))], axis=1)


@pytest.mark.parametrize("shape, size, stride", [
    ((3, 3, 2, 3), (5, 5), 1), ((3, 3, 3, 2), (4, 6), 2),
    ((1, 1, 3, 2), (4, 4), 1), ((5, 5, 1, 2), (6, 6), 2),
    ((2, 3, 2, 2), (6, 6), 3)])
def test_a_convolutions_norm_is_that_of_its_matrix(shape, size, stride):
  kernel = _random.standard_normal(shape)
  expected = np.linalg.norm(_as_matrix(kernel, size, stride), 2)
  assert norms.circular_norm(kernel, size, stride) == pytest.approx(expected)


def test_a_norm_worked_by_hand():
  # A mean of all four pixels: of ones it is one, the norm 1/2 of 4 pixels to
  # one and, at every place, 1.
  mean = np.full((2, 2, 1, 1), 0.25)
  assert norms.circular_norm(mean, (2, 2)) == pytest.approx(1)
  assert norms.circular_norm(mean, (2, 2), 2) == pytest.approx(0.5)


def test_kernels_that_do_not_fit_an_image_have_no_norm():
  with pytest.raises(subject_lib.UndefinedError, match="3x3 with stride 1 on"):
    norms.circular_norm(np.ones((3, 3, 1, 1)), (2, 2))
  with pytest.raises(subject_lib.UndefinedError, match="stride 2 on 5x4"):
    norms.circular_norm(np.ones((3, 3, 1, 1)), (5, 4), 2)


@pytest.fixture(name="subject", scope="module")
def _subject():
  inputs = _random.standard_normal((20, 2, 2, 1)).astype(np.float32)
  model = small.build_mlp(2)
  model.set_weights([
      w + 0.1 * (w.ndim == 1) for w in model.get_weights()])  # Biases too.
  labels = model.predict(inputs, verbose=0).argmax(axis=1)
  labels[0] = (labels[0] + 1) % 3  # An error.
  return subject_lib.Subject(
      model, small.build_mlp(1), small.Split(inputs, labels))


def _weights(model):
  return [np.asarray(w, np.float64) for w in model.get_weights()]


def test_norms_of_weights_are_those_of_numpy(subject):
  first, _, second, _ = _weights(subject.model)
  first_0, _, second_0, _ = _weights(subject.initial)
  assert norms.frobenius_norm(subject) == pytest.approx(
      np.linalg.norm([*first.ravel(), *second.ravel()]))
  assert norms.distance_from_initialization(subject) == pytest.approx(
      np.linalg.norm([*(first - first_0).ravel(),
                      *(second - second_0).ravel()]))
  largest = [np.linalg.svd(w)[1][0] for w in (first, second)]
  assert norms.spectral_product(subject) == pytest.approx(np.prod(largest))
  assert norms.spectral_sum(subject) == pytest.approx(np.sum(largest))


@pytest.mark.parametrize("power", [1, 2])
def test_path_norms_are_sums_over_all_paths(subject, power):
  first, bias, second, last = _weights(subject.model)
  total = 0.0
  for i, j, k in np.ndindex(4, 5, 3):
    total += abs(first[i, j] * second[j, k]) ** power
  for j, k in np.ndindex(5, 3):  # Paths that begin at a bias.
    total += abs(bias[j] * second[j, k]) ** power
  total += (np.abs(last) ** power).sum()
  measure = (norms.path_norm_l1, norms.path_norm_l2)[power - 1]
  assert measure(subject) == pytest.approx(total ** (1 / power), rel=1e-5)


def test_scaling_one_layer_up_and_the_next_down_keeps_path_norm_and_product(
    subject):
  first, bias, second, last = subject.model.get_weights()
  scaled = small.build_mlp(2)
  scaled.set_weights([first * 4, bias * 4, second / 4, last])
  other = subject_lib.Subject(scaled, subject.initial, subject.split)
  for measure in (norms.path_norm_l1, norms.path_norm_l2,
                  norms.spectral_product, margins.margin_median):
    assert measure(other) == pytest.approx(measure(subject), rel=1e-5)
  assert norms.frobenius_norm(other) > 1.5 * norms.frobenius_norm(subject)


def test_spectral_complexity_is_the_papers_formula(subject):
  first, _, second, _ = _weights(subject.model)
  first_0, _, second_0, _ = _weights(subject.initial)
  total, product = 0.0, 1.0
  for w, w_0 in ((first, first_0), (second, second_0)):
    s = np.linalg.norm(w, 2)
    product *= s
    total += (sum(np.linalg.norm((w - w_0)[:, k]) for k in range(w.shape[1]))
              / s) ** (2 / 3)
  expected = product * total**1.5
  assert norms.spectral_complexity(subject) == pytest.approx(expected)
  norm = np.linalg.norm(subject.split.inputs)
  assert subject.data_norm == pytest.approx(norm, rel=1e-6)
  assert margins.normalized_margin(subject) == pytest.approx(
      np.median(subject.margins) * 20 / (expected * norm), rel=1e-6)
  gamma = np.percentile(subject.margins, 10)
  assert gamma > 0
  assert margins.margin_bound(subject) == pytest.approx(
      expected * norm / (20 * gamma) + 2 / 20, rel=1e-6)


def test_margins_worked_by_hand():
  logits = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 5.0], [1.0, 1.0, 0.0]])
  assert subject_lib.find_margins(logits, np.array([0, 1, 1])).tolist() == [
      2.0, -3.0, 0.0]


@pytest.fixture(name="only_norms")
def _only_norms(monkeypatch):
  """The rest takes derivatives, and has tests of its own."""
  monkeypatch.setattr(registry, "MEASURES", {
      name: function for name, function in registry.MEASURES.items()
      if function.__module__ in (norms.__name__, margins.__name__)})


@pytest.mark.usefixtures("only_norms")
def test_a_bound_of_margins_below_zero_is_undefined(subject):
  wrong = small.Split(subject.split.inputs, (subject.split.labels + 1) % 3)
  other = subject_lib.Subject(subject.model, subject.initial, wrong)
  values, undefined = registry.measure(other)
  assert undefined == {
      "margin_bound": "more than a tenth of margins below zero"}
  assert set(values) == set(registry.MEASURES) - {"margin_bound"}
  assert values["margin_10"] < values["margin_median"] < 0


@pytest.mark.usefixtures("only_norms")
@pytest.mark.parametrize("name, undefined", [
    ("alexnet_small", {
        "path_norm_l1": "norm1, a LocalResponseNormalization",
        "path_norm_l2": "norm1, a LocalResponseNormalization",
        "spectral_complexity": "pool1, a MaxPooling2D"})])
def test_what_has_no_meaning_for_a_network_is_named_and_the_rest_computed(
    name, undefined):
  model, initial = models.build(name, seed=2), models.build(name, seed=1)
  inputs = np.zeros((9, 28, 28, 3), np.float32)
  subject = subject_lib.Subject(
      model, initial, small.Split(inputs, np.zeros(9, int)))
  values, said = registry.measure(subject)
  assert {k: v for k, v in said.items() if "margin" not in k} == undefined
  assert {"frobenius_norm", "distance_from_initialization",
          "spectral_product", "spectral_sum", "margin_median"} <= set(values)
  assert all(np.isfinite(value) for value in values.values())

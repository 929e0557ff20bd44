"""Tests of measures of gradients against NumPy's and against closed forms."""

import keras
import numpy as np
import pytest

from rethink_tf.measures import gradients
from rethink_tf.measures import sampled_loss
from rethink_tf.measures import subject as subject_lib
from tests.measures import small


@pytest.fixture(name="made", scope="module")
def _made():
  subject, flat = small.make_subject(45)
  return subject, flat, small.find_gradients(
      flat, subject.split.inputs, subject.split.labels)


def test_fisher_rao_is_the_mean_square_of_each_examples_product(made):
  subject, flat, each = made
  assert gradients.fisher_rao_norm(subject) == pytest.approx(
      np.sqrt(np.mean(np.square(each @ flat))), rel=1e-4)


def test_fisher_rao_without_biases_is_the_closed_form_of_its_authors():
  subject, flat = small.make_subject()
  first, bias, second, last = small.split_weights(flat)
  subject.model.set_weights([first, bias * 0, second, last * 0])
  x = subject.split.inputs.reshape(40, 4)
  logits = np.maximum(x @ first, 0) @ second
  shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
  products = ((shares - np.eye(3)[subject.split.labels]) * logits).sum(axis=1)
  # (L + 1)^2 E[<dl/df, f>^2], of two layers.
  assert gradients.fisher_rao_norm(subject) == pytest.approx(
      2 * np.sqrt(np.mean(products**2)), rel=1e-4)


def test_noise_of_batches_is_their_covariances_trace(made):
  subject, _, each = made
  batches = each[:40].reshape(4, gradients.BATCH, -1).mean(axis=1)
  trace = np.trace(np.cov(batches.T))
  mean = each[:40].mean(axis=0)
  assert gradients.gradient_noise(subject) == pytest.approx(
      gradients.BATCH * trace / (mean @ mean), rel=1e-4)


def test_noise_of_a_linear_model_is_its_closed_form():
  # At weights of zero the gradient of x e_y is x times (1/2, -1/2) or its
  # contrary: with x of mean m and variance s^2 in each of 4 places, and equal
  # labels, tr(covariance) = 4 s^2 / 2 and ||mean||^2 = 4 m^2 / 2.
  inputs = keras.Input((2, 2, 1))
  outputs = keras.layers.Dense(2, use_bias=False, kernel_initializer="zeros")(
      keras.layers.Flatten()(inputs))
  model = keras.Model(inputs, outputs)
  random = np.random.default_rng(1)
  mean, spread = 2.0, 3.0
  x = (mean + spread * random.standard_normal((5000, 2, 2, 1))).astype("f")
  split = small.Split(x, np.zeros(5000, int))
  subject = subject_lib.Subject(model, model, split)
  assert gradients.gradient_noise(subject) == pytest.approx(
      spread**2 / mean**2, rel=0.1)


def test_noise_without_a_mean_or_of_one_batch_is_undefined():
  subject, _ = small.make_subject(19)
  with pytest.raises(
      subject_lib.UndefinedError, match="19 examples, of which 20 are needed"):
    gradients.gradient_noise(subject)
  subject, flat = small.make_subject()
  # Sure of the right class, by a bias that none of the others comes near.
  subject.model.set_weights(
      small.split_weights(np.append(0 * flat[:-3], [1e4, 0, 0])))
  split = small.Split(subject.split.inputs, np.zeros(40, int))
  sure = subject_lib.Subject(subject.model, subject.initial, split)
  with pytest.raises(subject_lib.UndefinedError, match="gradient of zero"):
    gradients.gradient_noise(sure)
  assert gradients.fisher_rao_norm(sure) == 0


def test_no_more_than_the_first_examples_are_looked_at(monkeypatch):
  monkeypatch.setattr(sampled_loss, "SAMPLE", 30)
  monkeypatch.setattr(sampled_loss, "_BATCH", {30: 8})
  subject, flat = small.make_subject(45)
  each = small.find_gradients(
      flat, subject.split.inputs[:30], subject.split.labels[:30])
  assert gradients.fisher_rao_norm(subject) == pytest.approx(
      np.sqrt(np.mean(np.square(each @ flat))), rel=1e-4)
  assert sampled_loss.of(subject).count == 30


def test_another_backend_is_named(monkeypatch):
  monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
  subject, _ = small.make_subject()
  with pytest.raises(subject_lib.UndefinedError, match="computes with jax"):
    gradients.fisher_rao_norm(subject)

"""Tests of losses against NumPy."""

import keras
import numpy as np
import pytest

from rethink_tf.flags import training as training_flags
from rethink_tf.training import losses

_LABELS = np.array([2, 0, 1])
_LOGITS = np.random.default_rng(1).normal(size=(3, 4))
_AUXILIARY = np.random.default_rng(2).normal(size=(3, 4))


def _config(**fields):
  return training_flags.Config(**fields)


def _log_softmax(logits):
  return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def _smoothed(logits, smoothing):
  """Cross-entropy with the labels' distribution written out."""
  wanted = (1 - smoothing) * np.eye(4)[_LABELS] + smoothing / 4
  return -(wanted * _log_softmax(logits)).sum(axis=1)


def _number(x):
  return keras.ops.convert_to_numpy(x)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothed_labels_are_those_of_the_inception_paper(smoothing):
  np.testing.assert_allclose(
      _number(losses.smooth(_LABELS, _LOGITS.astype("float32"), smoothing)),
      _smoothed(_LOGITS, smoothing), rtol=1e-5)


def test_the_auxiliary_head_counts_by_four_tenths():
  both = np.concatenate([_LOGITS, _AUXILIARY], axis=1).astype("float32")
  loss = losses.build(_config(aux_head=True, label_smoothing=0.1))
  np.testing.assert_allclose(
      _number(loss(_LABELS, both)),
      _smoothed(_LOGITS, 0.1) + 0.4 * _smoothed(_AUXILIARY, 0.1), rtol=1e-5)


def test_the_loss_of_a_small_model_is_keras_own():
  assert isinstance(
      losses.build(_config()), keras.losses.SparseCategoricalCrossentropy)


@pytest.mark.parametrize("aux_head", [None, False, True])
def test_metrics_look_at_the_logits_alone(aux_head):
  logits = np.random.default_rng(3).normal(size=(64, 12)).astype("float32")
  labels = np.arange(64) % 12
  outputs = np.concatenate([logits, -logits], axis=1) if aux_head else logits
  values = {}
  for metric in losses.metrics(_config(aux_head=aux_head), 12):
    metric.update_state(labels, outputs)
    values[metric.name] = float(metric.result())
  ranks = (logits > logits[np.arange(64), labels][:, None]).sum(axis=1)
  assert values["accuracy"] == pytest.approx(np.mean(ranks == 0))
  assert values["top5"] == pytest.approx(np.mean(ranks < 5))
  assert values["cross_entropy"] == pytest.approx(
      -_log_softmax(logits)[np.arange(64), labels].mean(), rel=1e-5)


def test_among_ten_classes_there_is_no_top5():
  names = [metric.name for metric in losses.metrics(_config(), 10)]
  assert names == ["accuracy", "cross_entropy"]

"""Tests of device: its inputs are those of the TensorFlow pipeline.

They run where JAX is installed: with the lock of that name.
"""

import importlib.util

import numpy as np
import pytest

from rethink_tf.data import dataset
from rethink_tf.data import pipeline
from rethink_tf.data import plans
from rethink_tf.data import preprocessing
from rethink_tf.flags import training

if importlib.util.find_spec("jax"):
  from rethink_tf.data import device
else:
  pytestmark = pytest.mark.skip(reason="JAX is not installed")

_COUNT = 30
_BATCH = 8


def _split(kind=np.uint8):
  generator = np.random.default_rng(0)
  images = generator.integers(0, 256, (_COUNT, 32, 32, 3)).astype(kind)
  images[3] = 7  # A constant one, which becomes zeros.
  return dataset.Split(images, generator.integers(0, 10, _COUNT, np.int32))


def _config(*flags):
  config, _ = training.parse(
      ["--dataset=digits", "--epochs=2", f"--batch_size={_BATCH}", *flags])
  return config


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("flags", [(), ("--random_crop",)])
def test_training_inputs_are_those_of_the_pipeline(kind, flags):
  split, config = _split(kind), _config(*flags)
  images, labels = device.put(split)
  batches = iter(pipeline.training_batches(split, config))
  for epoch in range(2):
    order, windows = device.training_plan(_COUNT, config, epoch)
    for start in range(0, _COUNT, _BATCH):
      which = order[start:start + _BATCH]
      inputs, expected = next(batches)
      np.testing.assert_array_equal(labels[which], expected)
      np.testing.assert_allclose(
          device.take_inputs(images, which, windows[start:start + _BATCH]),
          inputs, atol=2e-6)


def test_evaluation_inputs_are_those_of_the_pipeline():
  split = _split()
  (inputs, labels), = pipeline.evaluation_batches(split)
  order, windows = device.evaluation_plan(_COUNT)
  np.testing.assert_array_equal(split.labels[order], labels)
  np.testing.assert_allclose(
      device.take_inputs(device.put(split)[0], order, windows), inputs,
      atol=2e-6)


def test_a_window_is_the_slice_at_its_offset_for_every_offset():
  windows = np.array([(top, left) for top in range(5) for left in range(5)])
  images = _split().images[:25]
  inputs = np.asarray(device.take_inputs(images, np.arange(25), windows))
  for image, window, (top, left) in zip(images, inputs, windows):
    cut = preprocessing.standardize(
        image[np.newaxis, top:top + 28, left:left + 28])
    np.testing.assert_allclose(window, cut[0], atol=2e-6)


def test_the_first_examples_are_those_of_the_split():
  split, config = _split(), _config("--random_crop")
  for most in (5, 20):
    found = device.first_examples(split, config, most)
    expected = split.first_examples(config, most)
    np.testing.assert_allclose(found[0], expected[0], atol=2e-6)
    for one, other in zip(found[1:], expected[1:]):
      np.testing.assert_array_equal(one, other)
  order, _ = plans.epoch_plan(_COUNT, config, 0)
  np.testing.assert_array_equal(found[2], order[:_BATCH])

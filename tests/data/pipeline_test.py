"""Tests of pipeline: all examples each epoch, in an order of (seed, epoch)."""

import json

import numpy as np
import pytest

from rethink_tf.data import dataset
from rethink_tf.data import plans
from rethink_tf.data import preprocessing
from rethink_tf.flags import training as training_flags
from tests import launch

_COUNT, _BATCH, _EPOCHS = 70, 16, 3


def _split(count=_COUNT):
  # The label is the example's index, so that a batch tells what is in it.
  images = np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3))
  return dataset.Split(
      images.astype(np.uint8), np.arange(count, dtype=np.int32))


def _config(**fields):
  return training_flags.Config(
      **{"batch_size": _BATCH, "epochs": _EPOCHS, "seed": 5, **fields})


def _batches(split, config, start_epoch=0):
  return [(images.numpy(), labels.numpy()) for images, labels
          in split.training_batches(config, start_epoch)]


def _epochs(batches):
  """Returns the indices of each epoch in the order of training."""
  steps = plans.steps_per_epoch(_COUNT, _BATCH)
  return [np.concatenate([labels for _, labels in batches[i:i + steps]])
          for i in range(0, len(batches), steps)]


@pytest.mark.parametrize("random_crop", [False, True])
def test_every_epoch_holds_every_example_once(random_crop):
  epochs = _epochs(_batches(_split(), _config(random_crop=random_crop)))
  assert len(epochs) == _EPOCHS
  for indices in epochs:
    assert sorted(indices) == list(range(_COUNT))


def test_the_last_batch_of_an_epoch_holds_what_is_left_over():
  sizes = [len(labels) for _, labels in _batches(_split(), _config())]
  assert sizes == _EPOCHS * [16, 16, 16, 16, 6]


@pytest.mark.parametrize("count, batch_size, steps", [
    (50_000, 128, 391), (128, 128, 1), (129, 128, 2), (1, 128, 1)])
def test_steps_per_epoch_count_the_partial_batch(count, batch_size, steps):
  assert plans.steps_per_epoch(count, batch_size) == steps


def test_images_and_labels_keep_the_types_of_a_networks_input():
  images, labels = _batches(_split(), _config())[0]
  assert images.shape == (_BATCH, 28, 28, 3)
  assert (images.dtype, labels.dtype) == (np.float32, np.int32)


def test_the_order_differs_by_epoch_and_by_seed():
  orders = [tuple(order) for seed in (5, 6)
            for order in _epochs(_batches(_split(), _config(seed=seed)))]
  assert len(set(orders)) == 2 * _EPOCHS
  assert tuple(range(_COUNT)) not in orders


def test_the_order_is_the_same_in_another_process_and_for_every_model(tmp_path):
  code = (
      "import json; from rethink_tf.flags import training; "
      "from rethink_tf.data import plans; "
      "plan = plans.epoch_plan(70, training.Config("
      "batch_size=9, seed=5, model='alexnet_small', random_crop=True), 2); "
      "print(json.dumps([part.tolist() for part in plan]))")
  printed = launch.python(code, folder=tmp_path, PYTHONHASHSEED="3")
  order, offsets = json.loads(printed.stdout)
  here = plans.epoch_plan(_COUNT, _config(), 2)
  assert order == here[0].tolist()
  assert offsets == here[1].tolist()


def test_without_random_crop_each_image_is_its_central_window():
  split = _split()
  expected = preprocessing.standardize(split.images[:, 2:30, 2:30]).numpy()
  for images, labels in _batches(split, _config(epochs=1)):
    np.testing.assert_array_equal(images, expected[labels])


def test_with_random_crop_each_image_is_the_window_of_its_epochs_plan():
  split = _split()
  batches = _batches(split, _config(random_crop=True))
  steps = plans.steps_per_epoch(_COUNT, _BATCH)
  for epoch in range(_EPOCHS):
    order, offsets = plans.epoch_plan(_COUNT, _config(), epoch)
    windows = np.stack([
        split.images[index, top:top + 28, left:left + 28]
        for index, (top, left) in zip(order, offsets)])
    of_epoch = batches[epoch * steps:(epoch + 1) * steps]
    np.testing.assert_array_equal(
        np.concatenate([labels for _, labels in of_epoch]), order)
    np.testing.assert_allclose(
        np.concatenate([images for images, _ in of_epoch]),
        _standardized(windows), atol=2e-6)


def test_an_examples_window_does_not_depend_on_its_place_in_the_order():
  order, offsets = plans.epoch_plan(_COUNT, _config(), 1)
  by_example = preprocessing.crop_offsets(_COUNT, 32, 5, 1)
  np.testing.assert_array_equal(offsets, by_example[order])


@pytest.mark.parametrize("random_crop", [False, True])
@pytest.mark.parametrize("start", [1, 2, 3])
def test_starting_at_an_epoch_goes_on_as_if_never_stopped(random_crop, start):
  split, config = _split(), _config(random_crop=random_crop)
  whole, tail = _batches(split, config), _batches(split, config, start)
  steps = plans.steps_per_epoch(_COUNT, _BATCH)
  assert len(tail) == (_EPOCHS - start) * steps
  for (images, labels), (expected_images, expected_labels) in zip(
      tail, whole[start * steps:]):
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_array_equal(images, expected_images)


def test_reading_the_batches_twice_gives_the_same():
  batches = _split().training_batches(_config(random_crop=True))
  for (images, labels), (images_again, labels_again) in zip(batches, batches):
    np.testing.assert_array_equal(labels, labels_again)
    np.testing.assert_array_equal(images, images_again)


@pytest.mark.parametrize("count", [1, 499, 500, 501, 1297])
def test_evaluation_sees_every_example_once_in_order_and_centred(count):
  split = _split(count)
  batches = list(split.evaluation_batches())
  images = np.concatenate([images for images, _ in batches])
  labels = np.concatenate([labels for _, labels in batches])
  np.testing.assert_array_equal(labels, np.arange(count))
  np.testing.assert_allclose(
      images, _standardized(split.images[:, 2:30, 2:30]), atol=2e-6)
  assert images.dtype == np.float32


def test_the_first_examples_are_those_of_the_first_batch():
  split, config = _split(), _config(random_crop=True)
  inputs, labels, indices = split.first_examples(config, 5)
  images, first = _batches(split, config)[0]
  np.testing.assert_array_equal(inputs, images[:5])
  np.testing.assert_array_equal(labels, first[:5])
  np.testing.assert_array_equal(indices, labels)  # Its label is its index.
  assert len(split.first_examples(config, 100)[2]) == _BATCH


@pytest.mark.parametrize("count, replicas, steps", [
    (1, 1, 1), (500, 1, 1), (501, 1, 2), (1001, 2, 2), (1000, 2, 1)])
def test_each_replica_evaluates_in_as_few_batches_as_hold_its_part(
    count, replicas, steps):
  assert _split(count).evaluation_steps(replicas) == steps


def _standardized(images):
  flat = images.reshape(len(images), -1) / 255
  floor = 1 / np.sqrt(flat.shape[1])
  spread = np.maximum(flat.std(axis=1, keepdims=True), floor)
  result = (flat - flat.mean(axis=1, keepdims=True)) / spread
  return result.reshape(images.shape)


_READ = """
import resource
import numpy as np
from rethink_tf.data import dataset
from rethink_tf.data import pipeline
from rethink_tf.flags import training
config, _ = training.parse(["--dataset=cifar10", "--epochs=1"])
def peak_of_reading(count):
  images = np.random.default_rng(0).integers(
      0, 256, (count, 32, 32, 3), np.uint8)
  split = dataset.Split(images, np.zeros(count, np.int32))
  for batches in (pipeline.training_batches(split, config),
                  pipeline.evaluation_batches(split)):
    for batch in batches:
      pass
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
few = peak_of_reading(1000)
print(1.024 * (peak_of_reading(30_000) - few) / 29_000)
"""


def test_an_image_takes_its_pixels_and_one_copy_of_floats(tmp_path):
  done = launch.python(_READ, folder=tmp_path)
  assert done.returncode == 0, done.stderr
  # 3.1 kB and 9.4 kB; what a few batches take comes on top of it, and pages
  # that the first 1,000 left are used again.
  assert float(done.stdout) < 20

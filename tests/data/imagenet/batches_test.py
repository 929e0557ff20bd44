"""Tests of batches of photographs: each keyed by itself, from any start."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import randomization
from rethink_tf.data import records
from rethink_tf.data import shard as shard_lib
from rethink_tf.data.imagenet import photographs
from rethink_tf.data.imagenet import preprocessing as imagenet_preprocessing
from rethink_tf.flags import training as training_flags

_COUNT, _SIZE = 10, 80
_FLAGS = ("--dataset=imagenet2012", "--model=inception_v3", "--batch_size=4",
          "--epochs=3", f"--image_size={_SIZE}")


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(name="split")
def _split(tmp_path):
  """Ten photographs of noise, of different sizes."""
  generator = np.random.default_rng(1)
  path = tmp_path / "x-train.tfrecord-00000-of-00001"
  with tf.io.TFRecordWriter(str(path)) as writer:
    for index in range(_COUNT):
      pixels = generator.integers(0, 256, (90 + index, 120, 3)).astype(np.uint8)
      writer.write(tf.io.encode_jpeg(pixels).numpy())

  def parse(record):
    # A record is the JPEG itself, and tells nothing else.
    return {"image": record, "label": 0, "file_name": "n0_0.JPEG"}

  split = photographs.load([path], records.TFRecord(), parse, _SIZE)
  return dataclasses.replace(split, labels=np.arange(_COUNT, dtype=np.int32))


def _config(*flags):
  return training_flags.parse([*_FLAGS, *flags])[0]


def _batches(split, config, *start):
  return [(images.numpy(), labels.numpy()) for images, labels in
          split.training_batches(config, *start)]


def test_every_example_comes_once_an_epoch_in_a_new_order(split):
  batches = _batches(split, _config())
  assert [len(labels) for _, labels in batches] == [4, 4, 2] * 3
  orders = [np.concatenate([labels for _, labels in batches[i:i + 3]])
            for i in (0, 3, 6)]
  for order in orders:
    assert sorted(order) == list(range(_COUNT))
  assert len({tuple(order) for order in orders}) == 3


def test_without_augmentation_an_input_is_the_evaluations(split):
  centers = {}
  for images, labels in split.evaluation_batches():
    centers.update(zip(labels.numpy(), images.numpy()))
  assert list(centers) == list(range(_COUNT))
  expected = imagenet_preprocessing.for_evaluation(
      split.encoded(split.record(7)), _SIZE)
  np.testing.assert_array_equal(centers[7], expected)
  for images, labels in _batches(split, _config()):
    for image, label in zip(images, labels):
      np.testing.assert_array_equal(image, centers[label])


def test_augmentation_is_keyed_by_example_and_epoch(split):
  augmented = _config("--data_augmentation")
  seen = {}
  for number, (images, labels) in enumerate(_batches(split, augmented)):
    seen.update({(number // 3, label): image
                 for image, label in zip(images, labels)})
  assert not np.allclose(seen[0, 5], seen[1, 5])
  draws = imagenet_preprocessing.example_draws(_COUNT, augmented.seed, 1)
  np.testing.assert_array_equal(
      seen[1, 5], imagenet_preprocessing.for_training(
          split.encoded(split.record(5)), _SIZE, draws[5]))


@pytest.mark.parametrize("epoch, batch", [(1, 0), (1, 2), (2, 1)])
def test_a_start_in_the_middle_sees_what_was_left(split, epoch, batch):
  config = _config("--data_augmentation")
  whole = _batches(split, config)[3 * epoch + batch:]
  rest = _batches(split, config, epoch, batch)
  assert len(rest) == len(whole)
  for (images, labels), (others, same) in zip(rest, whole):
    np.testing.assert_array_equal(images, others)
    np.testing.assert_array_equal(labels, same)


# Of a team of three replicas, a worker with two of them and one with the third.
_SHARDS = (shard_lib.Shard(0, 2, 3), shard_lib.Shard(2, 3, 3))


def _parts(split, config, shard, *start):
  return [tuple(map(np.array, part)) for part in split.training_batches(
      config, *start, shard=shard)]


@pytest.mark.parametrize("start", [(), (1, 0), (1, 2)])
def test_workers_share_each_batch_and_weigh_it_as_a_whole(split, start):
  config = _config("--data_augmentation", "--batch_size=6")
  whole = list(split.training_batches(config, *start))
  first, second = (_parts(split, config, shard, *start) for shard in _SHARDS)
  assert (len(first), len(second)) == (2 * len(whole), len(whole))
  for number, (images, labels) in enumerate(whole):
    parts = [*first[2 * number:2 * number + 2], second[number]]
    together = [np.concatenate(arrays) for arrays in zip(*parts)]
    np.testing.assert_array_equal(together[0], images)
    np.testing.assert_array_equal(together[1], labels)
    # The mean over replicas of their mean losses is that over the batch.
    losses = np.arange(1.0, len(labels) + 1)
    cuts = np.cumsum([len(part[1]) for part in parts])[:-1]
    means = [np.mean(part[2] * mine)
             for part, mine in zip(parts, np.split(losses, cuts))]
    assert np.mean(means) == pytest.approx(losses.mean(), rel=1e-6)


def test_workers_evaluate_every_photograph_once_in_equally_many_steps(
    split, monkeypatch):
  monkeypatch.setattr(photographs.Split, "evaluation_batch", 2)
  steps = split.evaluation_steps(3)
  assert steps == 2
  first, second = (
      [labels.numpy().tolist() for _, labels in
       split.evaluation_batches(shard)] for shard in _SHARDS)
  assert (len(first), len(second)) == (2 * steps, steps)
  parts = first[::2], first[1::2], second
  assert sum(sum(parts, []), []) == list(range(_COUNT))
  assert max(map(len, first + second)) <= 2


def test_the_first_examples_are_those_of_the_first_batch(split):
  config = _config("--data_augmentation")
  inputs, labels, indices = split.first_examples(config, 3)
  images, first = _batches(split, config)[0]
  np.testing.assert_array_equal(inputs, images[:3])
  np.testing.assert_array_equal(labels, first[:3])
  np.testing.assert_array_equal(indices, labels)  # Its label is its index.


def test_what_is_drawn_for_a_photograph_is_keyed_by_its_name(split):
  def corrupted(names):
    named = dataclasses.replace(split, names=names)
    data = dataset.Dataset(named, named, tuple(map(str, range(1000))), "")
    return randomization.corrupt_training_labels(data, 0, 1.0, 3).labels

  names = np.char.mod("n%d.JPEG", range(_COUNT))
  labels = corrupted(names)
  np.testing.assert_array_equal(corrupted(names[::-1]), labels[::-1])
  assert len(set(labels)) > 5


def test_a_damaged_record_ends_the_run_by_name(split):
  # One of them, met once: threads that fail on and on beside pytest's own end
  # meet a fault of Python 3.11, whose ast.parse, which also puts the marks in a
  # traceback, is not safe in two threads ("recursion depth mismatch").
  checks = split.checks.copy()
  checks[7] ^= 1
  damaged = dataclasses.replace(
      split, names=np.char.mod("n%d.JPEG", range(_COUNT)), checks=checks)
  with pytest.raises(tf.errors.OpError) as raised:
    _batches(damaged, _config("--epochs=1"))
  with pytest.raises(errors.DataError, match="of n7.JPEG is damaged$"):
    raise photographs.as_data_error(raised.value)

"""Tests of what becomes of images and of what fits into memory."""

import dataclasses

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import datasets
from rethink_tf.flags import linear as linear_flags
from rethink_tf.linear import accumulation
from rethink_tf.linear import cholesky
from rethink_tf.linear import gram
from rethink_tf.linear import memory
from rethink_tf.linear import problem
from rethink_tf.linear import threads

_CONFIG = linear_flags.parse_interpolate(["--dataset=digits"])[0]


def _parse(*flags):
  return linear_flags.parse_interpolate(list(flags))[0]


def _images():
  return np.arange(6 * 4).reshape(6, 2, 2, 1).astype(np.uint8)


def test_repeated_images_with_one_label_are_kept_once():
  images = _images()
  images[4] = images[1]
  kept = problem.without_repetitions(images, [0, 1, 2, 3, 1, 5])
  assert kept.tolist() == [0, 1, 2, 3, 5]


def test_repeated_images_with_different_labels_are_counted_and_refused():
  images = _images()
  images[4] = images[5] = images[1]
  images[3] = images[0]
  with pytest.raises(errors.DataError) as raised:
    problem.without_repetitions(images, [0, 1, 2, 3, 1, 5])
  assert raised.value.exit_code == 3
  assert "2 images" in str(raised.value) and "singular" in str(raised.value)
  assert "example 0)" in str(raised.value)


def test_different_images_are_all_kept():
  assert len(problem.without_repetitions(_images(), np.arange(6))) == 6


def test_digits_are_cut_to_the_centre_of_one_channel():
  loaded = problem.load(_CONFIG, None)
  data = datasets.load("digits")
  assert loaded.images.shape == (1297, 28, 28, 1)
  inside = data.train.images[5, 2:30, 2:30, 0]
  assert (loaded.images[5, :, :, 0] == inside).all()
  assert loaded.test_images.shape == (500, 28, 28, 1)
  assert loaded.examples == 1297
  assert loaded.targets.sum() == 1297
  assert (loaded.targets.argmax(axis=1) == data.train.labels).all()


def test_labels_are_those_of_the_config():
  random = problem.load(
      dataclasses.replace(_CONFIG, label_corruption=1.0), None)
  true = problem.load(_CONFIG, None)
  assert np.mean(random.labels != true.labels) > 0.8
  assert random.label_hash != true.label_hash
  assert (random.test_labels == true.test_labels).all()


def test_color_is_kept_of_cifar():
  images = np.zeros((2, 32, 32, 3), np.uint8)
  assert problem.crop("cifar10", images).shape == (2, 32, 32, 3)


def test_points_are_pixels_over_255():
  images = np.full((1, 28, 28, 1), 51, np.uint8)
  points = problem.points(_CONFIG, images)
  assert points.shape == (1, 784) and points.dtype == np.float32
  np.testing.assert_allclose(points, 0.2)


def test_mnist_needs_the_gigabytes_of_half_its_matrix():
  needed = problem.memory_gb(_parse("--dataset=mnist"))
  # 7.4 GB are the matrix's; the limit is 10.
  assert 8 < needed < 10
  smaller = problem.memory_gb(_parse("--dataset=mnist", "--solver=cg"))
  assert smaller < 0.8 * needed


# GB that the runs under results/linear took at most, on two cores.
@pytest.mark.parametrize("measured, flags", [
    (9.031, ("--dataset=mnist",)), (7.648, ("--dataset=cifar10",)),
    (2.184, ("--dataset=mnist", "--train_examples=20000")),
    (2.699, ("--dataset=cifar10", "--train_examples=20000")),
    (1.068, ("--dataset=mnist", "--train_examples=1"))])
def test_memory_is_estimated_from_above(monkeypatch, measured, flags):
  monkeypatch.setattr(threads, "cores", lambda: 2)
  assert measured < problem.memory_gb(_parse(*flags)) < measured + 0.3


@pytest.mark.parametrize("flags", [
    ("--dataset=mnist",), ("--dataset=cifar10",),
    ("--dataset=cifar10", "--preprocessing=random_convnet"),
    ("--dataset=mnist", "--solver=cg")])
def test_too_little_memory_is_refused_with_the_gigabytes_and_what_to_do(flags):
  config = _parse(*flags)
  with pytest.raises(errors.StorageError) as raised:
    problem.require_memory(config, 2.0)
  assert raised.value.exit_code == 4
  assert f"{problem.memory_gb(config):.1f} GB" in str(raised.value)
  assert "--train_examples" in str(raised.value)
  cg_helps = flags == ("--dataset=mnist",)
  if cg_helps:
    assert "--solver=cg needs" in str(raised.value)


def test_without_checkpoints_the_sums_stay_in_memory():
  config = _parse("--dataset=cifar10", "--preprocessing=random_convnet",
                  "--kernel=linear", "--filters=32000")
  both = (accumulation.memory_bytes(50_000, 10_000)
          + cholesky.memory_bytes(50_000, gram.WIDTH)) / memory.GB
  assert problem.memory_gb(config) < both
  assert both < problem.memory_gb(config, checkpoint=False) < both + 2
  with pytest.raises(errors.StorageError):
    problem.require_memory(config, 10.0, checkpoint=False)
  problem.require_memory(config, 10.0)


@pytest.mark.parametrize("flags, least", [
    (("--filters=6249",), "--filters: expected at least 6,250, .* 50,000"),
    (("--filters=100", "--train_examples=801"), "at least 101"),
])
def test_fewer_filters_than_the_examples_need_want_l2(flags, least):
  flags = ("--dataset=cifar10", "--preprocessing=random_convnet",
           "--kernel=linear", *flags)
  with pytest.raises(errors.UsageError, match=least):
    problem.require_rank(_parse(*flags))
  problem.require_rank(_parse(*flags, "--l2=0.1"))
  problem.require_rank(_parse(*flags, "--kernel=gaussian"))
  problem.require_rank(_parse(*flags, "--filters=6250"))


def test_fewer_pixels_than_examples_want_l2():
  flags = ("--dataset=digits", "--kernel=linear")
  with pytest.raises(
      errors.UsageError, match="--l2: .* 1,297 .* there are 784"):
    problem.require_rank(_parse(*flags))
  problem.require_rank(_parse(*flags, "--train_examples=784"))


def test_enough_memory_is_not_refused():
  problem.require_memory(_parse("--dataset=mnist"), 20.0)


def _machine(root, available_kb, **groups):
  (root / "proc").mkdir()
  (root / "proc/meminfo").write_text(
      f"MemTotal: 99999999 kB\nMemAvailable: {available_kb} kB\n")
  for name, text in groups.items():
    file = name.replace("__", "/").replace("_dot_", ".")
    path = root / "sys/fs/cgroup" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
  return root


def test_memory_available_is_what_the_machine_says(tmp_path):
  assert memory.available_gb(_machine(tmp_path, 2_000_000)) == 2.048


def test_memory_available_is_no_more_than_a_container_may_have(tmp_path):
  root = _machine(
      tmp_path, 20_000_000, memory_dot_max="3000000000\n",
      memory_dot_current="2500000000\n",
      memory_dot_stat="anon 7\ninactive_file 500000000\n")
  assert memory.available_gb(root) == 1.0


def test_a_container_without_a_limit_has_the_machines(tmp_path):
  root = _machine(
      tmp_path, 2_000_000, memory_dot_max="max\n", memory_dot_current="5\n")
  assert memory.available_gb(root) == 2.048


def test_a_full_disk_is_refused_with_what_to_do(tmp_path):
  with pytest.raises(errors.StorageError, match="--nocheckpoint") as raised:
    memory.require_disk(1e9, tmp_path, "--nocheckpoint keeps nothing")
  assert raised.value.exit_code == 4
  memory.require_disk(1e-6, tmp_path, "")

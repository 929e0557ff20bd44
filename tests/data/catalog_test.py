"""Tests of catalog: an entry alone makes a dataset usable in every program."""

import dataclasses
import importlib
import json

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from rethink_tf.data import catalog
from rethink_tf.data import datasets

_TRAIN, _TEST = 40, 20
# What TFDS 4.9.10 says of each: classes, and the shape of an image.
_PREPARED = {
    "cifar100": (100, (32, 32, 3)),
    "svhn_cropped": (10, (32, 32, 3)),
    "fashion_mnist": (10, (28, 28, 1)),
}
# Each program that takes a dataset, and flags that make it short.
_PROGRAMS = {
    "train": ("--model=mlp_1x512", "--epochs=1", "--label_corruption=1"),
    "interpolate": ("--l2=0.1",),
    "section5": ("--train_examples=30", "--test_examples=10",
                 "--sgd_examples=20", "--sgd_epochs=2"),
    "double_descent": ("--train_examples=30", "--features=20,30"),
    "expressivity": (),
    "corollary1": ("--n=30", "--blocks=2"),
    "perceptron": ("--n=1", "--classes=26,28"),
    "rademacher": ("--n=20", "--draws=1", "--epochs=1"),
    "separation": ("--n=0",),
    "vc_dimension": ("--n=2,10", "--labelings=3"),
    "stability": ("--n=30", "--replacements=1", "--held_out=10",
                  "--epochs=1"),
}


def _examples(count, classes, shape, seed):
  random = np.random.default_rng(seed)
  return tf.data.Dataset.from_tensor_slices({
      "image": random.integers(0, 256, (count, *shape)).astype(np.uint8),
      "label": random.integers(0, classes, count)})


@pytest.fixture(name="data_dir", scope="module")
def _data_dir(tmp_path_factory):
  """A TFDS data directory with a few images for each new entry."""
  folder = tmp_path_factory.mktemp("data")
  for name, (classes, shape) in _PREPARED.items():
    tfds.dataset_builders.store_as_tfds_dataset(
        name=name, version="3.0.0", data_dir=folder,
        features=tfds.features.FeaturesDict({
            "image": tfds.features.Image(shape=shape),
            "label": tfds.features.ClassLabel(num_classes=classes)}),
        split_datasets={
            "train": _examples(_TRAIN, classes, shape, 1),
            "test": _examples(_TEST, classes, shape, 2)})
  return folder


@pytest.fixture(autouse=True)
def _few(monkeypatch, tmp_path):
  """Entries as they are, but for the number of examples."""
  monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
  datasets.load.cache_clear()
  for name in _PREPARED:
    monkeypatch.setitem(catalog.DATASETS, name, dataclasses.replace(
        catalog.DATASETS[name], train_examples=_TRAIN, test_examples=_TEST))


def _run(program, *flags):
  module = importlib.import_module(f"rethink_tf.programs.{program}")
  module.main([program, *map(str, flags)])


@pytest.mark.parametrize("name", _PREPARED)
def test_an_entry_says_what_the_prepared_data_is(name, data_dir):
  data = datasets.load(name, data_dir)
  entry = catalog.DATASETS[name]
  assert data.num_classes == entry.num_classes == _PREPARED[name][0]
  assert entry.image_shape == _PREPARED[name][1]
  assert data.train.images.shape == (_TRAIN, 32, 32, 3)


@pytest.mark.parametrize("program, name", [
    *((program, "cifar100") for program in _PROGRAMS),
    *((program, name) for program in ("interpolate", "section5")
      for name in ("fashion_mnist", "svhn_cropped"))])
def test_every_program_takes_it(program, name, data_dir, tmp_path, capsys):
  logdir = tmp_path / "run"
  _run(program, f"--dataset={name}", f"--data_dir={data_dir}",
       f"--logdir={logdir}", *_PROGRAMS[program])
  assert json.loads((logdir / "result.json").read_text())["status"] == "done"
  said = capsys.readouterr().out
  chance = "1%" if name == "cifar100" else "10%"
  if program in ("train", "expressivity"):
    assert f"(chance: {chance})" in said
  elif program == "interpolate":
    assert f"(chance: {'99%' if name == 'cifar100' else '90%'})" in said


def test_the_report_lists_its_runs(data_dir, tmp_path):
  for name in _PREPARED:
    _run("train", f"--dataset={name}", f"--data_dir={data_dir}",
         f"--logdir={tmp_path / 'runs' / name}", *_PROGRAMS["train"])
  _run("report", f"--runs={tmp_path / 'runs'}", f"--out={tmp_path / 'out'}")
  listed = (tmp_path / "out/runs.md").read_text()
  assert all(name in listed for name in _PREPARED)


def test_chance_is_one_of_all_classes():
  chances = {"cifar10": 0.1, "digits": 0.1, "cifar100": 0.01,
             "imagenet2012": 0.001}
  assert chances == {name: catalog.DATASETS[name].chance for name in chances}

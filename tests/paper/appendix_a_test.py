"""Tests of appendix_a.toml: flagfiles, datasets and networks follow it."""

import pathlib
import tomllib

import keras
import numpy as np
import pytest

import rethink_tf
from rethink_tf.data import catalog
from rethink_tf.data import preprocessing
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.paper import tables
from rethink_tf.training import optimizers

_PAPER = tomllib.loads(
    (pathlib.Path(rethink_tf.__file__).parent / "paper/appendix_a.toml")
    .read_text("utf-8"))
_MODELS = ("inception_small", "inception_small_no_bn", "alexnet_small",
           "mlp_1x512", "mlp_3x512")


@pytest.fixture(name="build", scope="module")
def _build():
  """The networks of CIFAR-10 by name, each made once."""
  made = {name: registry.build(name) for name in _MODELS}
  return made.__getitem__


def _config(flagfile):
  return training_flags.parse([f"--flagfile={flagfile}"])[0]


def _rows():
  return [_config(row.flagfile) for row in tables.table1()]


def _layers(model, kind):
  return [layer for layer in model.layers if isinstance(layer, kind)]


def test_every_entry_has_its_sentence_and_the_file_that_follows_it():
  for name, entry in _PAPER.items():
    assert entry["says"].strip() and entry["here"].strip(), name
    assert set(entry) - {"says", "here"}, name


@pytest.mark.parametrize("entry, dataset", [
    ("cifar10_data", "cifar10"), ("imagenet_data", "imagenet2012")])
def test_the_datasets_are_as_large(entry, dataset):
  said, known = _PAPER[entry], catalog.DATASETS[dataset]
  assert known.train_examples == said["train_examples"]
  assert known.test_examples == said["test_examples"]
  assert known.num_classes == said["classes"]
  if "image_shape" in said:
    assert list(known.image_shape) == said["image_shape"]


def test_images_are_divided_cropped_and_standardized():
  said = _PAPER["cifar10_preprocessing"]
  images = np.random.Philox(key=1).random_raw(2 * 32 * 32 * 3) % 256
  images = images.reshape(2, 32, 32, 3).astype(np.uint8)
  edge = (32 - said["crop"]) // 2
  central = images[:, edge:-edge, edge:-edge].astype(np.float64)
  scaled = central / said["divisor"]
  axes = (1, 2, 3)
  expected = (scaled - scaled.mean(axes, keepdims=True)) / scaled.std(
      axes, keepdims=True)
  inputs = preprocessing.standardize(preprocessing.center_crop(images))
  np.testing.assert_allclose(inputs.numpy(), expected, atol=1e-5)


def test_inceptions_convolutions_are_of_two_sizes(build):
  said = _PAPER["inception_small"]
  for name in ("inception_small", "inception_small_no_bn"):
    sizes = {layer.kernel_size[0]
             for layer in _layers(build(name), keras.layers.Conv2D)}
    assert sorted(sizes) == said["convolutions"]
    assert _trainable(build(name)) == said["parameters"]


def test_alexnet_is_two_modules_and_two_hidden_layers(build):
  said, model = _PAPER["alexnet_small"], build("alexnet_small")
  assert [c.kernel_size[0] for c in _layers(model, keras.layers.Conv2D)] == (
      said["convolutions"])
  assert [p.pool_size[0] for p in _layers(
      model, keras.layers.MaxPooling2D)] == said["pools"]
  assert [d.units for d in _layers(model, keras.layers.Dense)] == said["dense"]
  assert _trainable(model) == said["parameters"]


def test_mlps_have_hidden_layers_of_512(build):
  said = _PAPER["mlp"]
  for name, depth in (("mlp_1x512", 1), ("mlp_3x512", 3)):
    *hidden, _ = _layers(build(name), keras.layers.Dense)
    assert [layer.units for layer in hidden] == depth * [said["hidden_units"]]
    assert _trainable(build(name)) == said["parameters"][name]


def _trainable(model):
  return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_the_counts_are_table_1s():
  counts = {row.model: row.params for row in tables.table1()}
  assert counts == {
      "inception": _PAPER["inception_small"]["parameters"],
      "inception_no_bn": _PAPER["inception_small"]["parameters"],
      "alexnet": _PAPER["alexnet_small"]["parameters"],
      **_PAPER["mlp"]["parameters"]}


@pytest.mark.parametrize("name", _MODELS)
def test_every_activation_is_a_rectifier(build, name):
  used = set()
  for layer in build(name).layers:
    activation = getattr(layer, "activation", None)
    used.add("relu" if isinstance(layer, keras.layers.ReLU)
             else getattr(activation, "__name__", "linear"))
  assert used == {"linear", _PAPER["activations"]["activation"]}


def test_sgd_has_the_momentum():
  built = optimizers.build("alexnet_small", 0.01)
  assert isinstance(built, keras.optimizers.SGD)
  assert built.momentum == _PAPER["optimizer"]["momentum"]


def test_every_row_of_table_1_has_the_learning_rate_and_its_decay():
  said = _PAPER["learning_rate"]
  for config in _rows():
    assert config.learning_rate == said[config.model]
    # What a run has that names no rate.
    assert registry.models()[config.model].learning_rate == said[config.model]
    assert config.lr_decay == said["decay"]
    assert config.lr_decay_examples == said["decay_examples"]


def test_random_labels_and_pixels_are_trained_on_without_regularizers():
  said = _PAPER["regularizers"]
  configs = [config for config in _rows() if config.label_corruption]
  configs += [_config(f"configs/fig1a_{name}.flags") for name in (
      "shuffled_pixels", "random_pixels", "gaussian")]
  assert len(configs) == 8
  for config in configs:
    assert config.weight_decay == said["weight_decay"]
    assert config.dropout == said["dropout"]
    assert config.random_crop == said["random_crop"]


def test_every_row_of_table_2_is_inception_v3_on_images_of_its_size():
  for row in tables.table2():
    config = _config(row.flagfile)
    assert config.model == _PAPER["imagenet_setup"]["model"]
    assert config.image_size == _PAPER["imagenet_data"]["image_size"]

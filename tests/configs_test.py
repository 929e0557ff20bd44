"""Tests of configs/: every flagfile says what its row of Table 1 says."""

import dataclasses
import pathlib
import re

import pytest

import rethink_tf
from rethink_tf.data import catalog
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import training as training_flags

_CONFIGS = pathlib.Path(rethink_tf.__file__).parent.parent / "configs"

# Table 1: (model, labels are random, random crop, weight decay, training
# accuracy, test accuracy), rows 1 to 19.
_TABLE_1 = [
    ("inception_small", False, True, True, 100.0, 89.05),
    ("inception_small", False, True, False, 100.0, 89.31),
    ("inception_small", False, False, True, 100.0, 86.03),
    ("inception_small", False, False, False, 100.0, 85.75),
    ("inception_small", True, False, False, 100.0, 9.78),
    ("inception_small_no_bn", False, False, True, 100.0, 83.00),
    ("inception_small_no_bn", False, False, False, 100.0, 82.00),
    ("inception_small_no_bn", True, False, False, 100.0, 10.12),
    ("alexnet_small", False, True, True, 99.90, 81.22),
    ("alexnet_small", False, True, False, 99.82, 79.66),
    ("alexnet_small", False, False, True, 100.0, 77.36),
    ("alexnet_small", False, False, False, 100.0, 76.07),
    ("alexnet_small", True, False, False, 99.82, 9.86),
    ("mlp_3x512", False, False, True, 100.0, 53.35),
    ("mlp_3x512", False, False, False, 100.0, 52.39),
    ("mlp_3x512", True, False, False, 100.0, 10.48),
    ("mlp_1x512", False, False, True, 99.80, 50.39),
    ("mlp_1x512", False, False, False, 100.0, 50.51),
    ("mlp_1x512", True, False, False, 99.34, 10.61),
]
_NUMBERED = list(enumerate(_TABLE_1, start=1))
_FAMILIES = {
    "inception_small": "Inception", "inception_small_no_bn": "Inception",
    "alexnet_small": "AlexNet", "mlp_1x512": "MLP", "mlp_3x512": "MLP"}


def _row(number):
  config, _ = training_flags.parse(
      [f"--flagfile=configs/table1_row{number}.flags"])
  return config


def _parser(name):
  """Returns what parses the flags of a flagfile's program."""
  if name.startswith("table3_"):
    return linear_flags.parse_interpolate
  return training_flags.parse


def _header(name):
  lines = (_CONFIGS / name).read_text("utf-8").splitlines()
  return "\n".join(line for line in lines if line.startswith("#"))


@pytest.mark.parametrize("number, row", _NUMBERED)
def test_a_rows_flags_are_those_of_table_1(number, row):
  model, random_labels, random_crop, weight_decay, _, _ = row
  parsed = _row(number)
  assert parsed.dataset == "cifar10"
  assert parsed.model == model
  assert parsed.label_corruption == float(random_labels)
  assert parsed.random_crop == random_crop
  assert (parsed.weight_decay > 0) == weight_decay
  assert parsed.pixel_randomization == "none"
  assert (parsed.dropout, parsed.train_examples) == (0, 0)
  assert (parsed.lr_decay, parsed.lr_decay_examples) == (0.95, 50_000)


@pytest.mark.parametrize("number, row", _NUMBERED)
def test_a_rows_header_has_the_papers_numbers_and_its_own_command(number, row):
  name = f"table1_row{number}.flags"
  header = _header(name)
  assert re.search(rf"\brow {number}\b", header)
  numbers = {float(text) for text in re.findall(r"([\d.]+)%", header)}
  assert {*row[4:]} <= numbers
  assert f"--flagfile=configs/{name}\n" in header + "\n"
  assert re.search(r"(hour|minute)s? on 2 cores", header)


def test_open_choices_are_the_same_for_all_rows_of_a_family():
  choices = {}
  for number, (model, *_) in _NUMBERED:
    row = _row(number)
    family = choices.setdefault(_FAMILIES[model], {})
    for name in ("batch_size", "epochs", "learning_rate", "eval_every", "seed"):
      family.setdefault(name, set()).add(getattr(row, name))
    if row.weight_decay:
      family.setdefault("weight_decay", set()).add(row.weight_decay)
  ambiguous = {(family, name): values for family, found in choices.items()
               for name, values in found.items() if len(values) != 1}
  assert not ambiguous


def test_every_flagfile_is_valid_and_has_a_default_logdir_of_its_own():
  names = sorted(path.name for path in _CONFIGS.glob("*.flags"))
  assert {f"table1_row{n}.flags" for n in range(1, 20)} < set(names)
  folders = {_parser(name)([f"--flagfile=configs/{name}"])[1].logdir
             for name in names}
  assert len(folders) == len(names)


def test_the_quickstart_needs_no_download_and_fits_random_labels():
  parsed, _ = training_flags.parse(["--flagfile=configs/quickstart.flags"])
  assert (parsed.dataset, parsed.label_corruption) == ("digits", 1.0)


@pytest.mark.parametrize(
    "name", ["shuffled_pixels", "random_pixels", "gaussian"])
def test_a_curve_of_figure_1a_is_row_4_with_other_pixels(name):
  parsed, _ = training_flags.parse([f"--flagfile=configs/fig1a_{name}.flags"])
  assert parsed == dataclasses.replace(_row(4), pixel_randomization=name)
  assert f"--flagfile=configs/fig1a_{name}.flags\n" in _header(
      f"fig1a_{name}.flags")


# Table 2: (labels are random, data augmentation, dropout, weight decay, and the
# numbers as printed).
_TABLE_2 = [
    (False, True, True, True, 92.18, 99.21, 77.84, 93.92),
    (False, True, False, False, 92.33, 99.17, 72.95, 90.43),
    (False, False, False, True, 90.60, 100.0, 67.18, 86.44, 72.57, 91.31),
    (False, False, False, False, 99.53, 100.0, 59.80, 80.38, 63.16, 84.49),
    (True, False, True, True, 91.18, 97.95, 0.09, 0.49),
    (True, False, False, True, 87.81, 96.15, 0.12, 0.50),
    (True, False, False, False, 95.20, 99.14, 0.11, 0.56),
]


@pytest.mark.parametrize("number, row", list(enumerate(_TABLE_2, start=1)))
def test_a_row_of_table_2_says_what_the_paper_says(number, row):
  name = f"table2_row{number}.flags"
  parsed, _ = training_flags.parse([f"--flagfile=configs/{name}"])
  assert (parsed.dataset, parsed.model) == ("imagenet2012", "inception_v3")
  assert row[:4] == (
      parsed.label_corruption == 1, parsed.data_augmentation,
      parsed.dropout == 0.2, parsed.weight_decay == 2e-5)
  header = _header(name)
  assert re.search(rf"\brow {number}\b", header)
  numbers = {float(text) for text in re.findall(r"([\d.]+)%", header)}
  assert {*row[4:]} <= numbers
  assert f"--flagfile=configs/{name}\n" in header + "\n"


def test_the_rows_of_table_2_differ_in_what_it_names_alone():
  configs = [
      training_flags.parse([f"--flagfile=configs/table2_row{n}.flags"])[0]
      for n in range(1, 8)]
  rows = [config.as_dict() for config in configs]
  differing = {k for k in rows[0] if len({row[k] for row in rows}) > 1}
  assert differing == {
      "label_corruption", "data_augmentation", "dropout", "weight_decay"}


def test_table_2_trains_as_the_inception_package_of_2016_did():
  """inception_distributed_train.py and inception_model.py."""
  row, _ = training_flags.parse(["--flagfile=configs/table2_row1.flags"])
  assert (row.learning_rate, row.lr_decay) == (0.045, 0.94)
  train_count = catalog.DATASETS["imagenet2012"].train_examples
  assert row.lr_decay_examples == 2 * train_count
  assert (row.image_size, row.aux_head, row.label_smoothing) == (299, True, 0.1)
  assert (row.batch_norm_decay, row.moving_average_decay) == (0.9997, 0.9999)


# Table 3: (dataset, preprocessing, whether regularized, test error).
_TABLE_3 = {
    "table3_mnist": ("mnist", "none", False, 1.2),
    "table3_mnist_gabor": ("mnist", "gabor", False, 0.6),
    "table3_cifar10": ("cifar10", "none", False, 46.0),
    "table3_cifar10_random_convnet": (
        "cifar10", "random_convnet", False, 17.0),
    "table3_cifar10_random_convnet_l2": (
        "cifar10", "random_convnet", True, 15.0),
}


@pytest.mark.parametrize("stem", _TABLE_3)
def test_a_row_of_table_3_says_what_the_paper_says(stem):
  dataset, preprocessing, regularized, error = _TABLE_3[stem]
  parsed, _ = linear_flags.parse_interpolate(
      [f"--flagfile=configs/{stem}.flags"])
  assert (parsed.dataset, parsed.preprocessing) == (dataset, preprocessing)
  assert (parsed.l2 > 0) == regularized
  assert (parsed.train_examples, parsed.label_corruption) == (0, 0)
  assert parsed.filters == (32_000 if "convnet" in stem else None)
  header = _header(f"{stem}.flags")
  assert error in {float(text) for text in re.findall(r"([\d.]+)%", header)}
  assert f"--flagfile=configs/{stem}.flags\n" in header + "\n"
  assert re.search(r"(hour|minute)s? on 2 cores", header)


def test_every_row_of_table_3_has_its_flagfile():
  assert {path.stem for path in _CONFIGS.glob("table3_*")} == set(_TABLE_3)


def test_the_two_random_convolutional_networks_differ_in_l2_alone():
  plain, regularized = (
      linear_flags.parse_interpolate([
          f"--flagfile=configs/table3_cifar10_random_convnet{end}.flags"]
      )[0].as_dict() for end in ("", "_l2"))
  assert {k for k in plain if plain[k] != regularized[k]} == {"l2"}

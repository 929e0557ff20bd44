"""Tests that configs keep their hashes, which name the run directories.

A hash that moves makes every earlier run another one: a flag that is added
must leave the dict of a config that does not use it as it was.
"""

import pathlib

import pytest

import rethink_tf
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import section5 as section5_flags
from rethink_tf.flags import theory as theory_flags
from rethink_tf.flags import training as training_flags

_CONFIGS = pathlib.Path(rethink_tf.__file__).parent.parent / "configs"

_OF_FLAGFILES = {
    "fig1a_gaussian": "83609171",
    "fig1a_random_pixels": "8623225c",
    "fig1a_shuffled_pixels": "82e3f624",
    "quickstart": "d1aa67ed",
    "table1_row1": "353057d0",
    "table1_row10": "23a0f84c",
    "table1_row11": "c41c908e",
    "table1_row12": "c292bc68",
    "table1_row13": "6f854348",
    "table1_row14": "2b16232d",
    "table1_row15": "361a357d",
    "table1_row16": "46b0dbea",
    "table1_row17": "516e0168",
    "table1_row18": "4d02a018",
    "table1_row19": "632130f4",
    "table1_row2": "8cae396e",
    "table1_row3": "eed70c72",
    "table1_row4": "d207b5b0",
    "table1_row5": "bc69591d",
    "table1_row6": "e4704e68",
    "table1_row7": "c0ab9fc8",
    "table1_row8": "d0480070",
    "table1_row9": "5289ece3",
    "table2_row1": "b98940af",
    "table2_row2": "aea4eceb",
    "table2_row3": "e6f2ad00",
    "table2_row4": "6f717a47",
    "table2_row5": "b79b07c2",
    "table2_row6": "b544ba81",
    "table2_row7": "e3c569cf",
    "table3_cifar10": "0b49ee2d",
    "table3_cifar10_random_convnet": "8ef85d55",
    "table3_cifar10_random_convnet_l2": "ed749a5e",
    "table3_mnist": "4fbc4997",
    "table3_mnist_gabor": "b745b8ca",
}
# A function that parses, flags, the hash.
_OF_FLAGS = [
    (training_flags.parse, "", "4d02a018"),
    (training_flags.parse, "--dataset=digits --dropout=0.5 --random_crop",
     "044859fb"),
    (linear_flags.parse_interpolate, "", "4fbc4997"),
    (linear_flags.parse_interpolate, "--preprocessing=gabor", "ecdc0cae"),
    (linear_flags.parse_interpolate, "--preprocessing=random_convnet",
     "32d0abf0"),
    (double_descent_flags.parse_double_descent, "", "975b14f2"),
    (section5_flags.parse_section5, "", "d41ba818"),
    (theory_flags.parse_expressivity, "", "0594b5f4"),
    (theory_flags.parse_lemma1, "", "221a2b8e"),
    (theory_flags.parse_corollary1, "", "0972caae"),
    (theory_flags.parse_perceptron, "", "5d27f3ca"),
    (theory_flags.parse_rademacher, "", "9abc8cdc"),
    (theory_flags.parse_rademacher, "--model=linear", "30825df3"),
    (theory_flags.parse_separation, "", "86ff08c9"),
    (theory_flags.parse_vc_dimension, "", "6c60ea6d"),
    (theory_flags.parse_stability, "", "c602b024"),
]


def test_every_flagfile_has_its_hash():
  found = {}
  for path in _CONFIGS.glob("*.flags"):
    parse = (linear_flags.parse_interpolate if path.name.startswith("table3_")
             else training_flags.parse)
    found[path.stem] = parse([f"--flagfile={path}"])[0].short_hash()
  assert found == _OF_FLAGFILES


@pytest.mark.parametrize("parse, flags, expected", _OF_FLAGS)
def test_flags_have_their_hash(parse, flags, expected):
  config, options = parse(flags.split())
  assert config.short_hash() == expected
  assert options.logdir.parent.name.endswith(f"-{expected}")


@pytest.mark.parametrize("parse", [
    training_flags.parse, linear_flags.parse_interpolate,
    double_descent_flags.parse_double_descent,
    section5_flags.parse_section5, theory_flags.parse_expressivity,
    lambda flags: theory_flags.parse_corollary1(
        [*flags, "--n=20", "--blocks=2"]),
    theory_flags.parse_stability])
def test_noise_that_is_not_used_leaves_the_hash_as_it_was(parse):
  def of(*flags):
    return parse(["--dataset=digits", *flags])[0]

  for corruption in ("--label_corruption=0", "--label_corruption=1"):
    assert of(corruption, "--label_noise=uniform") == of(corruption)
    assert "label_noise" not in of(corruption).as_dict()
  assert of("--label_corruption=0", "--label_noise=asymmetric") == of(
      "--label_corruption=0")
  used = of("--label_corruption=1", "--label_noise=asymmetric")
  assert used.as_dict()["label_noise"] == "asymmetric"
  assert used.short_hash() != of("--label_corruption=1").short_hash()


def test_a_dict_has_the_order_and_the_types_of_config_json():
  fields = theory_flags.parse_stability([])[0].as_dict()
  assert list(fields.items()) == [
      ("program", "stability"), ("seed", 1), ("dataset", "digits"),
      ("model", "mlp_1x512"), ("label_corruption", [0.0, 1.0]), ("n", 1000),
      ("replacements", 3), ("held_out", 500), ("epochs", 50),
      ("batch_size", 128), ("learning_rate", 0.01)]
  fields = section5_flags.parse_section5(["--preprocessing=gabor"])[0].as_dict()
  assert list(fields.items()) == [
      ("program", "section5"), ("dataset", "mnist"), ("train_examples", 1000),
      ("label_corruption", 0.0), ("preprocessing", "gabor"),
      ("kernel", "gaussian"), ("bandwidth", 5.0), ("l2", 0.0),
      ("orientations", 8), ("wavelengths", [4.0, 8.0]), ("spacing", 4),
      ("filters", None), ("threshold", None), ("solver", "cholesky"),
      ("tolerance", 1e-4), ("seed", 1), ("test_examples", 500),
      ("sgd_examples", 100), ("sgd_epochs", 300)]

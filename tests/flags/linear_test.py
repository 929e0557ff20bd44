"""Tests of the flags of the linear models' programs."""

import json

import pytest

from rethink_tf import errors
from rethink_tf.flags import linear as linear_flags


def _parse(*flags):
  return linear_flags.parse_interpolate(["--dataset=digits", *flags])[0]


def test_the_defaults_are_the_configs():
  parsed, options = linear_flags.parse_interpolate([])
  default = linear_flags.LinearConfig(
      orientations=None, wavelengths=None, spacing=None, filters=None,
      threshold=None)
  assert parsed == default
  assert (options.resume, options.overwrite, options.checkpoint) == (
      True, False, True)


def test_what_does_not_determine_the_result_is_none():
  assert _parse("--kernel=linear", "--bandwidth=3").bandwidth is None
  gabor = _parse("--preprocessing=gabor", "--wavelengths=3+6.5")
  assert gabor.wavelengths == (3.0, 6.5)
  assert (gabor.filters, gabor.threshold) == (None, None)
  net = _parse("--preprocessing=random_convnet", "--wavelengths=3")
  assert (net.wavelengths, net.kernel, net.filters) == (None, "linear", 1000)


def test_json_gives_back_what_it_was_given():
  fields = _parse("--preprocessing=gabor").as_dict()
  assert json.loads(json.dumps(fields)) == fields


def test_one_changed_flag_is_another_run_and_the_seed_is_not():
  base = _parse()
  for flag in ("--bandwidth=4", "--l2=0.1", "--train_examples=9",
               "--solver=cg", "--tolerance=0.01", "--preprocessing=gabor"):
    assert _parse(flag).short_hash() != base.short_hash(), flag
  assert _parse("--seed=7").short_hash() == base.short_hash()


def test_the_default_run_directory_is_named_for_what_was_run():
  _, options = linear_flags.parse_interpolate(
      ["--flagfile=configs/table3_mnist.flags", "--seed=4"])
  assert options.logdir.parent.name.startswith("table3_mnist-")
  assert options.logdir.name == "seed4"
  _, options = linear_flags.parse_interpolate(["--preprocessing=gabor"])
  assert options.logdir.parent.name.startswith("interpolate_mnist_gabor-")


@pytest.mark.parametrize("flag, words", [
    ("--bandwidth=0", "--bandwidth: expected a number > 0"),
    ("--bandwidth=-5", "-5"),
    ("--bandwidth=nan", "nan"),
    ("--bandwidth=inf", "inf"),
    ("--l2=-0.1", "--l2"),
    ("--l2=nan", "--l2"),
    ("--kernel=polynomial", "gaussian, linear"),
    ("--solver=lu", "cholesky, cg"),
    ("--preprocessing=whitening", "none, gabor, random_convnet"),
    ("--wavelengths=4+x", "--wavelengths"),
    ("--wavelengths=", "--wavelengths"),
    ("--wavelengths=0", "--wavelengths"),
    ("--orientations=0", "--orientations"),
    ("--spacing=29", "--spacing"),
    ("--filters=0", "--filters"),
    ("--threshold=-1", "--threshold"),
    ("--tolerance=0", "--tolerance"),
    ("--tolerance=2", "--tolerance"),
    ("--train_examples=1298", "1,297"),
    ("--label_corruption=2", "--label_corruption"),
    ("--memory_gb=-1", "--memory_gb"),
    ("--checkpoint_minutes=0", "--checkpoint_minutes"),
    ("--seed=-1", "--seed"),
    ("--weight_decay=1", "weight_decay"),
    ("stray", "'stray'"),
])
def test_a_bad_flag_is_refused_by_name(flag, words):
  with pytest.raises(errors.UsageError) as raised:
    _parse(flag)
  assert words in str(raised.value)

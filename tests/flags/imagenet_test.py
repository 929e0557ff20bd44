"""Tests of the flags of ImageNet: with it, without it, and out of range."""

import dataclasses

import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags

_IMAGENET = ("--dataset=imagenet2012", "--model=inception_v3")
_FIELDS = ("image_size", "data_augmentation", "aux_head", "label_smoothing",
           "batch_norm_decay", "moving_average_decay")


def _refused(*flags):
  with pytest.raises(errors.UsageError) as raised:
    training_flags.parse(list(flags))
  assert "\n" not in str(raised.value)
  return str(raised.value)


def test_the_defaults_are_those_of_the_package_without_regularizers():
  parsed, options = training_flags.parse([*_IMAGENET])
  assert [getattr(parsed, name) for name in _FIELDS] == [
      299, False, False, 0.0, 0.9997, 0.9999]
  assert parsed.learning_rate == 0.045
  assert not options.allow_sample


def test_other_datasets_have_none_of_these_fields_and_keep_their_hash():
  parsed, _ = training_flags.parse(["--flagfile=configs/table1_row3.flags"])
  assert [getattr(parsed, name) for name in _FIELDS] == [None] * 6
  assert not set(_FIELDS) & set(parsed.as_dict())
  # Run directories made before these fields have this hash in their names.
  assert parsed.short_hash() == "eed70c72"


def test_each_field_makes_another_run():
  base, _ = training_flags.parse([*_IMAGENET])
  changed = {"image_size": 96, "data_augmentation": True, "aux_head": True,
             "label_smoothing": 0.1, "batch_norm_decay": 0.9,
             "moving_average_decay": 0.99}
  assert set(changed) == set(_FIELDS)
  hashes = {dataclasses.replace(base, **{name: value}).short_hash()
            for name, value in changed.items()}
  assert len(hashes | {base.short_hash()}) == 7


@pytest.mark.parametrize("flag", [
    "--image_size=96", "--data_augmentation", "--aux_head",
    "--label_smoothing=0.1", "--batch_norm_decay=0.9",
    "--moving_average_decay=0.9", "--allow_sample"])
def test_a_flag_of_imagenet_goes_with_no_other_dataset(flag):
  message = _refused("--dataset=digits", flag)
  assert message == (
      f"{flag.split('=')[0]}: expected with --dataset=imagenet2012 only")


@pytest.mark.parametrize("flags", [
    ("--dataset=imagenet2012",),
    ("--model=inception_v3",),
    ("--dataset=imagenet2012", "--model=alexnet_small"),
])
def test_imagenet_and_inception_v3_go_together(flags):
  assert "expected --model=inception_v3 with --dataset=imagenet2012" in (
      _refused(*flags))


@pytest.mark.parametrize("flag", [
    "--random_crop", "--pixel_randomization=gaussian"])
def test_what_is_for_small_images_is_refused(flag):
  assert "--data_augmentation" in _refused(*_IMAGENET, flag)


@pytest.mark.parametrize("flags, expected", [
    (["--image_size=74"], "from 75 to 1024. Received: 74"),
    (["--image_size=1025"], "Received: 1025"),
    (["--image_size=106", "--aux_head"], "from 107 to 1024 with --aux_head"),
    (["--label_smoothing=1"], "--label_smoothing: expected a number in [0, 1)"),
    (["--label_smoothing=nan"], "Received: nan"),
    (["--batch_norm_decay=-0.1"], "--batch_norm_decay"),
    (["--moving_average_decay=1"], "--moving_average_decay"),
    (["--train_examples=1281168"], "from 0 to 1,281,167"),
])
def test_a_value_out_of_range_is_refused(flags, expected):
  assert expected in _refused(*_IMAGENET, *flags)


def test_there_is_no_preview_of_photographs():
  with pytest.raises(errors.UsageError, match="--preview: expected a dataset"):
    training_flags.parse([*_IMAGENET, "--preview"])

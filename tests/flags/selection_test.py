"""Tests of the flags of the program that compares kernels."""

import dataclasses
import pathlib

import pytest

from rethink_tf import errors
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import selection as selection_flags


def test_choices_are_every_combination():
  options = selection_flags.parse_select([
      "--dataset=digits", "--try=bandwidth=2,5", "--try=l2=0,0.1,1",
      "--folds=3", "--out=there"])
  assert len(options.choices) == 6
  flags, choice = options.choices[4]
  assert flags == "--bandwidth=5 --l2=0.1"
  assert (choice.bandwidth, choice.l2, choice.dataset) == (5, 0.1, "digits")
  assert (options.folds, options.out) == (3, pathlib.Path.cwd() / "there")


def test_nothing_tried_is_one_choice():
  options = selection_flags.parse_select(["--dataset=digits", "--bandwidth=3"])
  (flags, choice), = options.choices
  assert flags == ""
  default, _ = linear_flags.parse_interpolate(["--dataset=digits"])
  assert choice == dataclasses.replace(default, bandwidth=3.0)


@pytest.mark.parametrize("flag, words", [
    ("--try=bandwidth", "FLAG=VALUE"),
    ("--try=epochs=3", "'epochs=3'"),
    ("--try=data_dir=a,b", "data_dir"),
    ("--try=bandwidth=1,0", "--bandwidth"),
    ("--folds=1", "--folds"),
    ("--memory_gb=-1", "--memory_gb"),
    ("--train_examples=4", "--train_examples"),
])
def test_a_bad_choice_is_refused(flag, words):
  with pytest.raises(errors.UsageError) as raised:
    selection_flags.parse_select(["--dataset=digits", flag])
  assert words in str(raised.value)

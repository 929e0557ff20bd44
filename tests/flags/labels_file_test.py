"""Tests of labels_file: what is read, what is hashed, and what is refused."""

import io
import json
import pickle

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import randomization
from rethink_tf.flags import labels_file
from rethink_tf.flags import linear as linear_flags
from rethink_tf.flags import theory as theory_flags
from rethink_tf.flags import training as training_flags

_COUNT = 1297  # Training examples of the digits.
_VALUES = np.arange(_COUNT) % 10
_PARSERS = [
    training_flags.parse, linear_flags.parse_interpolate,
    theory_flags.parse_expressivity, theory_flags.parse_stability,
    lambda flags: theory_flags.parse_corollary1(
        [*flags, "--n=20", "--blocks=2"])]


def _npy(array, **options):
  file = io.BytesIO()
  np.save(file, array, **options)
  return file.getvalue()


def _text(values, between="\n"):
  return between.join(map(str, values)).encode()


@pytest.fixture(name="parse")
def _parse(tmp_path, monkeypatch):
  """A function from a file's bytes to the parsed `Config` that has them."""
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))

  def parse(content, *flags, parser=training_flags.parse):
    (tmp_path / "labels").write_bytes(content)
    return parser(["--dataset=digits", "--label_corruption=0",
                   "--labels_file=labels", *flags])[0]

  return parse


@pytest.mark.parametrize("content", [
    _text(_VALUES), _text(_VALUES, " ") + b"\n", _text(_VALUES, "\r\n"),
    *(_npy(_VALUES.astype(kind)) for kind in ("u1", "i4", "<i8", ">i2"))])
def test_every_way_to_write_them_gives_the_same_labels_and_hash(parse, content):
  config = parse(content)
  np.testing.assert_array_equal(config.labels_file.values, _VALUES)
  assert config.labels_file.values.dtype == np.int32
  assert config.labels_file == randomization.label_hash(_VALUES)


@pytest.mark.parametrize("parser", _PARSERS)
def test_the_labels_and_no_path_are_part_of_a_config(parse, parser):
  config = parse(_text(_VALUES), parser=parser)
  others = parse(_text(_VALUES[::-1]), parser=parser)
  recorded = json.loads(json.dumps(config.as_dict()))
  assert recorded["labels_file"] == randomization.label_hash(_VALUES)
  assert recorded == config.as_dict()
  without, _ = parser(["--dataset=digits", "--label_corruption=0"])
  assert "labels_file" not in without.as_dict()
  assert len({config.short_hash(), others.short_hash(),
              without.short_hash()}) == 3
  assert config != others and hash(config) != hash(others)


_EXPECTED = ("--labels_file: expected 1,297 whole numbers from 0 to 9, one for "
             "each training example of digits, also where --train_examples "
             "uses fewer. Received: ")


@pytest.mark.parametrize("values, received", [
    (_VALUES[:-1], "1,296"), (np.arange(0), "0"),
    (np.append(_VALUES, 1), "1,298"),
    (np.where(_VALUES == 3, 10, _VALUES),
     "10 for example 3, counted from 0, and 130 others than classes in all"),
    (np.where(np.arange(_COUNT) == 1296, -1, _VALUES),
     "-1 for example 1296, counted from 0, and 1 others than classes in all")])
@pytest.mark.parametrize("write", [_text, _npy])
def test_a_wrong_number_or_class_is_refused(parse, write, values, received):
  with pytest.raises(errors.UsageError) as refusal:
    parse(write(values), "--train_examples=1000")
  # The numbers of an empty file may have any type.
  if len(values) or write is _text:
    assert str(refusal.value) == _EXPECTED + received


class _Bomb:
  """Leaves a file where it is unpickled."""

  def __reduce__(self):
    return (open, ("unpickled", "w"))


@pytest.mark.parametrize("content, received", [
    (b"label\n" + _text(_VALUES), "where entry 0, counted from 0, is 'label'"),
    (_text(_VALUES, ","), "where entry 0, counted from 0, is '0,1,2,3,4,5"),
    (b"1\n2.0\n3", "where entry 1, counted from 0, is '2.0'"),
    (b"1\n9999999999", "where entry 1, counted from 0, is '9999999999'"),
    (b"\xff\xfe1", r"is '\\xff\\xfe1'"),
    (_npy(_VALUES.astype(float)), "an array of float64, of shape (1297,)"),
    (_npy(np.eye(10)[_VALUES].astype(int)),
     "an array of int64, of shape (1297, 10)"),
    (_npy(_VALUES > 3), "an array of bool, of shape (1297,)"),
    (_npy(_VALUES + 2**40), "with numbers that are no class's"),
    (_npy(np.array([_Bomb()] * 3, object), allow_pickle=True), "labels, "),
    (pickle.dumps([_Bomb()]), "where entry 0, counted from 0, is "),
    (_npy(_VALUES)[:-8], "labels, "),
    (_npy(_VALUES)[:20], "labels, "),
    # A header that promises more than any memory has.
    (_npy(_VALUES).replace(b"(1297,)", b"(10**15,)"), "labels, "),
    (_npy(_VALUES).replace(
        b"(1297,), }        ", b"(1000000000000,), }"), "labels, "),
])
def test_what_holds_no_whole_numbers_is_refused_and_runs_nothing(
    parse, content, received, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  with pytest.raises(errors.UsageError) as refusal:
    parse(content)
  message = str(refusal.value)
  assert message.startswith(
      "--labels_file: expected whole numbers, as text or as one .npy array. "
      f"Received: {tmp_path / 'labels'}, ")
  assert received in message
  assert [path.name for path in tmp_path.iterdir()] == ["labels"]


def test_an_archive_of_arrays_is_refused(parse):
  file = io.BytesIO()
  np.savez(file, labels=_VALUES)
  with pytest.raises(errors.UsageError, match="where entry 0"):
    parse(file.getvalue())


def test_a_path_that_is_no_file_is_refused(parse, tmp_path):
  with pytest.raises(errors.UsageError, match="which is no file"):
    parse(b"", f"--labels_file={tmp_path}")
  with pytest.raises(errors.UsageError, match="which is no file"):
    parse(b"", "--labels_file=/dev/zero")


def test_a_file_too_large_for_labels_is_refused_unread(parse, monkeypatch):
  monkeypatch.setattr(labels_file, "_MOST_BYTES", 1000)
  with pytest.raises(errors.UsageError, match="of more than 1,000 bytes"):
    parse(_text(_VALUES))


def test_labels_that_are_drawn_as_well_are_refused(parse):
  with pytest.raises(errors.UsageError, match=(
      "expected --label_corruption=0 with it.*Received: "
      "--label_corruption=0.5")):
    parse(_text(_VALUES), "--label_corruption=0.5")
  with pytest.raises(errors.UsageError, match="Received: --label_corruption="):
    parse(_text(_VALUES), "--label_corruption=0,1",
          parser=theory_flags.parse_stability)


def test_photographs_have_names_and_no_order_to_go_by(parse):
  with pytest.raises(errors.UsageError, match="Received: --dataset=imagenet"):
    parse(_text(_VALUES), "--dataset=imagenet2012", "--model=inception_v3")

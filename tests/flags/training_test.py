"""Tests of training's flags: what they mean, and what is refused."""

import dataclasses
import re

import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags


@pytest.fixture(autouse=True)
def _user_in_an_empty_folder(tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "workspace"))


def _parse(*arguments):
  return training_flags.parse(list(arguments))[0]


def test_no_flags_are_the_default_config():
  assert _parse() == training_flags.Config()


def test_every_flag_reaches_its_field():
  # Each value differs from its default, so that none is met by accident.
  values = {
      "dataset": "digits", "model": "alexnet_small", "label_corruption": 0.25,
      "random_crop": True, "weight_decay": 5e-4, "dropout": 0.5,
      "batch_size": 7, "epochs": 3, "learning_rate": 0.3, "lr_decay": 0.5,
      "lr_decay_examples": 1000, "eval_every": 2, "seed": 11,
      "train_examples": 100}
  parsed = _parse(*(f"--{name}={value}" for name, value in values.items()))
  assert {name: getattr(parsed, name) for name in values} == values
  # tests/flags/imagenet_test has those that go with ImageNet alone.
  assert set(training_flags.Config().as_dict()) - set(values) == {
      "pixel_randomization"}


def test_the_default_learning_rates_are_those_of_appendix_a():
  rates = {
      "inception_small": 0.1, "inception_small_no_bn": 0.1,
      "alexnet_small": 0.01, "mlp_1x512": 0.01, "mlp_3x512": 0.01}
  assert rates == {
      model: _parse(f"--model={model}").learning_rate for model in rates}


@pytest.mark.parametrize("text, value", [
    ("--random_crop", True), ("--random_crop=true", True),
    ("--random_crop=True", True), ("--random_crop=1", True),
    ("--norandom_crop", False), ("--random_crop=false", False),
    ("--random_crop=False", False), ("--random_crop=0", False)])
def test_a_false_switch_is_false(text, value):
  assert _parse(text).random_crop is value


@pytest.mark.parametrize("bounds", [
    "--label_corruption=0", "--label_corruption=1", "--lr_decay=1",
    "--dropout=0", "--weight_decay=0", "--seed=0", "--seed=2147483647",
    "--dataset=digits --train_examples=1297", "--train_examples=50000",
    "--batch_size=1", "--epochs=1"])
def test_the_ends_of_a_range_belong_to_it(bounds):
  *_, last = bounds.split()
  name, text = last.removeprefix("--").split("=")
  assert getattr(_parse(*bounds.split()), name) == float(text)


@pytest.mark.parametrize("flag, expected", [
    ("--label_corruption=1.0000001", "[0, 1]"),
    ("--label_corruption=-0.1", "[0, 1]"),
    ("--label_corruption=nan", "[0, 1]"),
    ("--lr_decay=nan", "[0, 1]"),
    ("--lr_decay=1.5", "[0, 1]"),
    ("--dropout=1", "[0, 1)"),
    ("--dropout=nan", "[0, 1)"),
    ("--dropout=-0.5", "[0, 1)"),
    ("--weight_decay=-1e-9", "from 0 to"),
    ("--weight_decay=inf", "from 0 to"),
    ("--weight_decay=nan", "from 0 to"),
    ("--learning_rate=0", "> 0"),
    ("--learning_rate=-0.1", "> 0"),
    ("--learning_rate=inf", "> 0"),
    ("--learning_rate=nan", "> 0"),
    ("--batch_size=0", "from 1"),
    ("--epochs=0", "from 1"),
    ("--epochs=-1", "from 1"),
    ("--eval_every=0", "from 1"),
    ("--lr_decay_examples=0", "from 1"),
    ("--seed=-1", "from 0"),
    ("--seed=2147483648", "2^31 - 1"),
    ("--train_examples=-1", "from 0"),
    ("--train_examples=50001", "50,000"),
    ("--model=resnet", "inception_small, inception_small_no_bn"),
    ("--dataset=svhn", "cifar10, mnist, digits"),
    ("--pixel_randomization=noise", "none"),
])
def test_a_value_outside_its_range_is_refused_with_both(flag, expected):
  name, value = flag.split("=")
  with pytest.raises(errors.UsageError) as refusal:
    _parse(flag)
  message = str(refusal.value)
  assert message.startswith(f"{name}: expected ")
  assert expected in message
  received = re.fullmatch(r".*Received: '?([^']*)'?", message).group(1)
  assert received == value or float(received) == float(value)


@pytest.mark.parametrize("flag", [
    "--lr=0.5", "--epoch=3", "--seed=1e3", "--epochs=1.5", "--batch_size=many",
    "--random_crop=maybe", "--seed=", "--seed", "--label_corruption=half",
    "--undefok=lr"])
def test_what_is_no_flag_or_no_number_is_refused_by_name(flag):
  with pytest.raises(errors.UsageError) as refusal:
    _parse(flag)
  assert flag.removeprefix("--").split("=")[0] in str(refusal.value)


@pytest.mark.parametrize("stray", ["seed=3", "digits", "-", "lr 0.5"])
def test_a_stray_word_is_refused(stray):
  with pytest.raises(errors.UsageError, match=f"flags only.*{stray}"):
    _parse("--epochs=2", stray)


def test_help_names_every_flag_and_ends_well(capsys):
  with pytest.raises(SystemExit) as end:
    _parse("--help")
  assert end.value.code == 0
  shown = capsys.readouterr().out
  names = [field.name for field in dataclasses.fields(training_flags.Config)]
  missing = [name for name in (*names, "data_dir", "logdir", "resume")
             if not re.search(rf"--(\[no\])?{name}\b", shown)]
  assert not missing


def test_flags_typed_win_over_those_of_a_flagfile(tmp_path):
  (tmp_path / "row.flags").write_text("--epochs=5\n--seed=8\n")
  for arguments in (["--flagfile=row.flags", "--epochs=2"],
                    ["--epochs=2", "--flagfile=row.flags"]):
    parsed = _parse(*arguments)
    assert (parsed.epochs, parsed.seed) == (2, 8)


def test_the_hash_leaves_out_the_seed_and_nothing_else():
  default = training_flags.Config()
  changed = {
      "dataset": "digits", "model": "mlp_3x512", "label_corruption": 1.0,
      "pixel_randomization": "gaussian", "random_crop": True,
      "weight_decay": 0.1, "dropout": 0.1, "batch_size": 1, "epochs": 1,
      "learning_rate": 1.0, "lr_decay": 1.0, "lr_decay_examples": 1,
      "eval_every": 2, "train_examples": 1}
  hashes = [dataclasses.replace(default, **{name: value}).short_hash()
            for name, value in changed.items()]
  assert {*changed, "seed"} == set(default.as_dict())
  assert len({default.short_hash(), *hashes}) == 1 + len(changed)
  reseeded = dataclasses.replace(default, seed=9)
  assert reseeded.short_hash() == default.short_hash()


def test_one_changed_flag_is_another_default_logdir(tmp_path):
  def logdir(*arguments):
    return training_flags.parse(list(arguments))[1].logdir

  base = logdir()
  assert base.parent.parent == tmp_path / "workspace" / "runs"
  assert re.fullmatch(r"mlp_1x512-[0-9a-f]{8}", base.parent.name)
  assert base.name == "seed1"
  assert logdir("--seed=4") == base.parent / "seed4"
  assert logdir("--dropout=0.5").parent != base.parent
  # What is no part of a result does not move it.
  assert logdir("--data_dir=x", "--noresume") == base


def test_the_default_logdir_is_named_after_the_flagfile(tmp_path):
  (tmp_path / "sub").mkdir()
  (tmp_path / "sub/row.flags").write_text("--model=mlp_3x512\n")
  _, options = training_flags.parse(["--flagfile=sub/row.flags"])
  assert options.logdir.parent.name.startswith("row-")
  assert options.arguments == ("--flagfile=sub/row.flags",)


def test_a_flag_that_only_says_its_default_is_the_same_run():
  plain = training_flags.parse([])[1].logdir
  said = training_flags.parse(
      ["--epochs=100", "--learning_rate=0.01"])[1].logdir
  assert said == plain


def test_relative_paths_start_where_the_user_is(tmp_path):
  _, options = training_flags.parse(["--logdir=a/b", "--data_dir=../c"])
  assert options.logdir == tmp_path / "a/b"
  assert options.data_dir == tmp_path / "../c"
  _, options = training_flags.parse(["--logdir=/elsewhere", "--data_dir=/data"])
  assert (str(options.logdir), str(options.data_dir)) == ("/elsewhere", "/data")


@pytest.mark.parametrize("name", ["logdir", "data_dir"])
def test_an_empty_path_is_refused(name):
  # "--data_dir=$DATA" with DATA unset must not mean the default folder.
  with pytest.raises(errors.UsageError, match=f"--{name}: expected a path"):
    _parse(f"--{name}=")


def test_a_config_cannot_be_changed():
  with pytest.raises(dataclasses.FrozenInstanceError):
    training_flags.Config().seed = 2


def test_a_label_seed_is_seed_unless_given_and_part_of_the_hash():
  default, _ = training_flags.parse(["--seed=3"])
  assert (default.label_seed, default.seed_of_labels) == (None, 3)
  assert "label_seed" not in default.as_dict()
  given = [training_flags.parse([f"--seed={seed}", "--label_seed=0"])
           for seed in (0, 3)]
  assert [config.seed_of_labels for config, _ in given] == [0, 0]
  # Networks on the same labels lie side by side, and apart from others.
  folders = {options.logdir.parent for _, options in given}
  assert len(folders) == 1
  assert given[0][0].short_hash() != default.short_hash()


def test_asynchronous_workers_are_a_config_of_their_own():
  """No other strategy is: what they compute differs by rounding alone."""
  default, options = training_flags.parse([])
  for name in ("one_device", "mirrored", "multi_worker"):
    same, there = training_flags.parse([f"--strategy={name}"])
    assert (same, there.logdir) == (default, options.logdir)
    assert "strategy" not in same.as_dict()
  other, there = training_flags.parse(["--strategy=parameter_server"])
  assert other.as_dict() == {
      **default.as_dict(), "strategy": "parameter_server"}
  assert other.short_hash() != default.short_hash()
  assert there.logdir.parent != options.logdir.parent
  assert training_flags.read_config(other.as_dict()) == other


def test_measures_and_all_strategies_but_one_need_tensorflow(monkeypatch):
  monkeypatch.setattr(
      "importlib.util.find_spec", lambda name: name)  # As if JAX were there.
  monkeypatch.setenv("KERAS_BACKEND", "jax")
  training_flags.parse([])
  for flag in ("--strategy=mirrored", "--strategy=multi_worker",
               "--strategy=parameter_server", "--measure_every=2"):
    with pytest.raises(
        errors.UsageError, match=f"{flag}: expected Keras on tensorflow.*jax"):
      training_flags.parse([flag])

"""Tests of suites: what runs they are, and files that are none."""

import dataclasses
import os

import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.suites import plan as suite_plan

_TENTHS = [round(0.1 * k, 1) for k in range(11)]


def _row(number):
  config, _ = training_flags.parse(
      [f"--flagfile=configs/table1_row{number}.flags"])
  return config


def test_the_suites_of_the_paper_are_there():
  assert set(suite_plan.names()) == {
      "table1", "table2", "fig1a", "fig1b", "fig1c", "fig2a", "fig2b",
      "memorization", "newer_networks", "regularized_random", "smoke",
      "width"}


def test_table1_is_its_19_flagfiles_in_order():
  runs = suite_plan.load("table1")
  assert [run.name for run in runs] == [f"table1_row{n}" for n in range(1, 20)]
  assert [run.config for run in runs] == [_row(n) for n in range(1, 20)]


def test_fig1a_is_inception_without_regularizers_under_each_modification():
  runs = suite_plan.load("fig1a")
  assert {(run.config.label_corruption, run.config.pixel_randomization)
          for run in runs} == {
      (0, "none"), (1, "none"), (0, "shuffled_pixels"), (0, "random_pixels"),
      (0, "gaussian")}
  for run in runs:
    assert dataclasses.replace(
        run.config, label_corruption=0.0, pixel_randomization="none") == _row(4)


@pytest.mark.parametrize("name", ["fig1b", "fig1c"])
def test_fig1b_and_fig1c_are_the_same_runs_over_tenths(name):
  runs = suite_plan.load(name)
  assert len(runs) == 33
  for row in (4, 12, 18):
    mine = [run.config for run in runs if run.config.model == _row(row).model]
    assert [config.label_corruption for config in mine] == _TENTHS
    assert {dataclasses.replace(config, label_corruption=0.0)
            for config in mine} == {_row(row)}


def test_fig2b_is_rows_4_and_7():
  assert [run.config for run in suite_plan.load("fig2b")] == [_row(4), _row(7)]


def test_newer_networks_are_trained_as_inception_without_regularizers_is():
  runs = suite_plan.load("newer_networks")
  like = {0.0: _row(4), 1.0: _row(5)}
  assert [(run.config.model, run.config.label_corruption) for run in runs] == [
      ("resnet18", 1.0), ("vit_tiny", 1.0),
      ("resnet18", 0.0), ("vit_tiny", 0.0)]
  for run in runs:
    assert dataclasses.replace(
        run.config, model="inception_small", learning_rate=0.1) == (
            like[run.config.label_corruption])
    assert run.config.learning_rate == (
        registry.models()[run.config.model].learning_rate)


def test_regularized_random_is_random_labels_with_and_without_weight_decay():
  configs = {run.config for run in suite_plan.load("regularized_random")}
  assert len(configs) == 10
  assert all(config.label_corruption == 1 for config in configs)
  for row in (5, 8, 13, 16, 19):
    without = _row(row)
    decays = {config.weight_decay for config in configs
              if dataclasses.replace(config, weight_decay=0.0) == without}
    regularized = next(
        r for r in map(_row, range(1, 20))
        if r.model == without.model and r.weight_decay and not r.random_crop)
    assert decays == {0, regularized.weight_decay}


def test_smoke_needs_no_download():
  assert {run.config.dataset for run in suite_plan.load("smoke")} == {"digits"}


def test_a_runs_flags_give_its_config():
  for name in suite_plan.names():
    for run in suite_plan.load(name, (1, 2), 0 if name == "smoke" else 2000):
      assert training_flags.parse(run.flags)[0] == run.config


def test_every_seed_is_another_run_in_a_folder_of_its_own():
  runs = suite_plan.load("fig2b", (1, 2, 3))
  assert [run.config.seed for run in runs] == [1, 2, 3, 1, 2, 3]
  folders = {run.folder for run in runs}
  assert len(folders) == 6 and {f.name for f in folders} == {
      "seed1", "seed2", "seed3"}


# On fewer images.


def test_fewer_images_keep_the_decay_per_example_and_change_how_long():
  for run in suite_plan.load("table1", train_examples=5000):
    config = run.config
    assert (config.train_examples, config.eval_every) == (5000, 10)
    assert (config.lr_decay, config.lr_decay_examples) == (0.95, 50_000)
    assert config.epochs == {
        "inception_small": 60, "inception_small_no_bn": 300,
        "alexnet_small": 60, "mlp_3x512": 50, "mlp_1x512": 50}[config.model]


@pytest.mark.parametrize("model, count, epochs", [
    *(("inception_small", count, epochs) for count, epochs in (
        (1000, 40), (1999, 40), (2000, 60), (49_999, 60))),
    # What batch normalization saves.
    *(("inception_small_no_bn", count, epochs) for count, epochs in (
        (1000, 300), (14_999, 300), (15_000, 100))),
    *(("mlp_1x512", count, epochs) for count, epochs in (
        (5000, 50), (29_999, 50), (30_000, 100), (49_999, 100)))])
def test_more_images_may_need_more_epochs(model, count, epochs):
  assert suite_plan.scaled_epochs(model, count, 128) == epochs


def test_all_images_are_the_runs_without_a_number_of_them():
  whole, numbered = (
      [run.config for run in suite_plan.load("table1", train_examples=n)]
      for n in (0, 50_000))
  assert numbered == whole
  digits, *_ = suite_plan.load("smoke", train_examples=1297)
  assert (digits.config.train_examples, digits.config.epochs) == (0, 100)


def test_few_photographs_lower_the_decays_of_the_averages():
  whole, few = (suite_plan.load("fig2a", train_examples=n)[0].config
                for n in (0, 1280))
  assert whole.batch_norm_decay == 0.9997
  assert whole.moving_average_decay == 0.9999
  assert (few.batch_norm_decay, few.moving_average_decay) == (0.9, 0.9)


def test_very_few_images_still_make_enough_steps():
  known = registry.models()["alexnet_small"]
  for count, steps_per_epoch in ((1000, 8), (100, 1), (129, 2)):
    epochs = suite_plan.scaled_epochs("alexnet_small", count, 128)
    assert epochs * steps_per_epoch >= known.steps
    assert (epochs - 1) * steps_per_epoch < known.steps


# Files of a user's own.


def _suite(folder, text, **options):
  path = folder / "mine.toml"
  path.write_text(text, encoding="utf-8")
  return suite_plan.load(str(path), **options)


def test_a_file_makes_a_suite_with_grids_steps_and_included_runs(tmp_path):
  runs = _suite(tmp_path, """
title = "mine"
include = ["fig2b"]
[[run]]
name = "crop{crop}_{model}"
flagfile = "configs/table1_row{row}.flags"
flags.random_crop = "{crop}"
flags.dropout = 0.5
grid.crop = [true, false]
zip.row = [12, 18]
zip.model = ["alexnet", "mlp"]
""")
  assert [run.name for run in runs] == [
      "table1_row4", "table1_row7", "cropTrue_alexnet", "cropTrue_mlp",
      "cropFalse_alexnet", "cropFalse_mlp"]
  assert runs[3].config == dataclasses.replace(
      _row(18), random_crop=True, dropout=0.5)


def test_the_same_config_twice_is_one_run(tmp_path):
  run = '[[run]]\nflagfile = "configs/table1_row{row}.flags"\ngrid.row = [4, 4]'
  assert len(_suite(tmp_path, run)) == 1
  assert len(_suite(tmp_path, 'include = ["fig2b", "table1"]')) == 19


@pytest.mark.parametrize("text, said", [
    ("= 1", "cannot be read"),
    ("[[run]]\nname = 'x'", "flagfile"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nepochs = 3", "epochs"),
    ("[[run]]\nflagfile = 'configs/row{row}.flags'", "row"),
    ("[[run]]\nflagfile = 'configs/absent.flags'", "absent.flags"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nflags.epochs = 0",
     "from 1"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nflags.speed = 1",
     "speed"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nflags.seed = 2\n"
     "flags.logdir = 'x'", "logdir, seed"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nflags.preview = true",
     "a run that trains"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\nflags.overwrite = true",
     "a run that trains"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\n"
     "zip.a = [1]\nzip.b = [1, 2]", "one length"),
    ("include = ['absent']", "table1"),
    ("run = 3", "another type"),
    ("[[runs]]\nflagfile = 'configs/quickstart.flags'", "runs"),
    ("title = 'mine'", "runs or what to include"),
    ("run = []", "expected runs"),
    ("[[run]]\nflagfile = 'configs/quickstart.flags'\ngrid = 3",
     "another type"),
    *(("[[run]]\nflagfile = 'configs/quickstart.flags'\n" + more, said)
      for more, said in (
          ("flags.help = true", "Received: help"),
          ("flags.flagfile = 'x'", "Received: flagfile"),
          ("flags.epochs = [1]", "another type"),
          ("grid.p = 3", "another type"),
          ("grid.p = [[1]]", "another type"),
          ("name = 3", "another type"),
          ("name = '{p:1000000000}'\ngrid.p = [1]", "names no variable"),
          ("name = '{p.real}'\ngrid.p = [1]", "names no variable"),
          ("name = '{p!r}'\ngrid.p = [1]", "names no variable"),
          ("name = '{0}'", "names no variable"),
          ("name = '../../x'", "that a folder may have"),
          ("name = '/tmp/x'", "that a folder may have"),
          ("name = '.'", "that a folder may have"),
          ("name = ''", "that a folder may have"),
          (f"name = '{200 * 'x'}'", "that a folder may have"),
          ('name = "a\\nrm -r b"', "that a folder may have"),
          ('name = "a\\u0000"', "that a folder may have"),
          ("name = '{p}'\ngrid.p = ['a/b']", "that a folder may have"),
          ('flags.model = "a\\nb"', "that are printed"),
          ("flags.epochs = 99999999999999999999999", "out of range"),
          ("flags.dropout = inf", "not finite"),
          (f"grid.a = {[*range(200)]}\ngrid.b = {[*range(200)]}", "at most"))),
    ('include = ["a\\u0000.toml"]', "--suite"),
    ("[[run]]\nflagfile = \"a\\u0000\"", "that are printed"),
    ("[[run]]\nflagfile = 'configs'", "--flagfile"),
    (f"a = {10**5 * '['}", "cannot be read"),
    (f"title = 'a'\ninclude = {30 * '['}{30 * ']'}", "too deeply"),
])
def test_a_file_that_is_no_suite_is_refused(tmp_path, text, said):
  with pytest.raises(errors.UsageError, match=said):
    _suite(tmp_path, text)


def test_a_suite_names_flagfiles_and_suites_beside_it(tmp_path):
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine" / "few.flags").write_text("--dataset=digits\n--epochs=3\n")
  (tmp_path / "mine" / "other.toml").write_text(
      "[[run]]\nflagfile = 'few.flags'\n")
  run, shipped = _suite(
      tmp_path, "include = ['mine/other.toml']\n"
      "[[run]]\nflagfile = 'configs/quickstart.flags'")
  assert (run.name, run.config.epochs) == ("few", 3)
  assert f"--flagfile={tmp_path}/mine/few.flags" in run.flags
  assert "--flagfile=configs/quickstart.flags" in shipped.flags


@pytest.mark.parametrize("make", [
    lambda path: path.mkdir(), lambda path: os.mkfifo(path),
    lambda path: path.write_bytes(b"\xff\xfe"),
    lambda path: path.symlink_to(path)])
def test_what_is_no_text_file_is_no_suite(tmp_path, make):
  make(tmp_path / "mine.toml")
  with pytest.raises(errors.UsageError) as refusal:
    suite_plan.load(str(tmp_path / "mine.toml"))
  assert "\n" not in str(refusal.value)


def test_a_suite_that_includes_itself_by_another_path_is_refused(tmp_path):
  (tmp_path / "a").mkdir()
  with pytest.raises(errors.UsageError, match="includes itself"):
    _suite(tmp_path, "include = ['a/../mine.toml']")


def test_a_suite_that_includes_itself_is_refused(tmp_path):
  path = tmp_path / "mine.toml"
  with pytest.raises(errors.UsageError, match="includes itself"):
    _suite(tmp_path, f"include = ['{path}']")


@pytest.mark.parametrize("name", ["table3", "", "table1.toml", "../table1"])
def test_a_suite_that_does_not_exist_is_refused_with_those_that_do(name):
  with pytest.raises(errors.UsageError, match="fig1a, fig1b"):
    suite_plan.load(name)


def test_more_images_than_there_are_is_refused():
  with pytest.raises(errors.UsageError, match="50,000"):
    suite_plan.load("table1", train_examples=50_001)

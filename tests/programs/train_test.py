"""Tests of whole runs on the digits: written, repeated, killed, resumed."""

import csv
import dataclasses
import hashlib
import json
import shutil
import signal
import urllib.error
import urllib.request

import numpy as np
import pytest
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.util import tensor_util

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.data import pipeline
from rethink_tf.data import plans
from rethink_tf.data import preview
from rethink_tf.data import randomization
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.programs import train
from rethink_tf.runs import results
from rethink_tf.training import checkpoints
from rethink_tf.training import experiment
from tests import launch

# Everything that draws random numbers is on. 300 examples are 5 steps.
_FLAGS = (
    "--dataset=digits", "--width=64", "--label_corruption=0.5",
    "--random_crop", "--dropout=0.3", "--weight_decay=0.001", "--epochs=3",
    "--batch_size=64", "--train_examples=300", "--seed=4", "--eval_every=2")
_EPOCHS = 3


def _main(*arguments):
  """Runs the program in this process and returns its exit code."""
  return errors.exit_code_of(train.main, ["train", *map(str, arguments)])


@pytest.fixture(name="logdir", scope="module")
def _logdir(tmp_path_factory):
  """The run directory of a finished run of `_FLAGS`."""
  path = tmp_path_factory.mktemp("finished") / "run"
  assert _main(*_FLAGS, f"--logdir={path}") == 0
  return path


def _result(logdir):
  return json.loads((logdir / "result.json").read_text())


def _metrics(logdir):
  with (logdir / "metrics.csv").open(encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def _config(*more):
  return training_flags.parse([*_FLAGS, *more])[0]


def _labels():
  return randomization.corrupt_labels(digits.load()[0].labels[:300], 0.5, 10, 4)


def _files(folder):
  return {path: path.read_bytes() for path in folder.rglob("*")
          if path.is_file() and path.name != "lock"}


# What a run writes.


def test_a_run_directory_holds_what_the_contract_says(logdir):
  assert {path.name for path in logdir.iterdir()} == {
      "config.json", "environment.json", "metrics.csv", "label_kinds.csv",
      "result.json", "MANIFEST", "SHA256SUMS", "tensorboard", "checkpoints",
      "lock"}


def test_config_json_holds_all_that_determines_the_result_and_no_path(logdir):
  recorded = json.loads((logdir / "config.json").read_text())
  fields = _config().as_dict()
  assert {name: recorded[name] for name in fields} == fields
  assert set(recorded) - set(fields) == {"label_hash", "dataset_fingerprint"}
  assert "/" not in (logdir / "config.json").read_text()


def test_environment_json_says_what_ran_where(logdir):
  environment = json.loads((logdir / "environment.json").read_text())
  assert {"python", "packages", "revision", "platform", "logdir", "backend",
          "devices", "cores"} <= set(environment)
  assert environment["logdir"] == str(logdir)
  assert environment["packages"]["numpy"] == np.__version__


def test_metrics_csv_has_a_row_an_epoch_with_the_contracts_columns(logdir):
  rows = _metrics(logdir)
  assert list(rows[0]) == [
      "epoch", "step", "learning_rate", "train_loss", "train_accuracy",
      "test_loss", "test_accuracy", "images_per_second", "seconds"]
  assert [int(row["epoch"]) for row in rows] == [1, 2, 3]
  assert [int(row["step"]) for row in rows] == [5, 10, 15]
  # 900 examples are far from the 50,000 after which the rate falls.
  np.testing.assert_allclose(
      [float(row["learning_rate"]) for row in rows], 0.01, rtol=1e-6)
  assert [row["test_accuracy"] != "" for row in rows] == [False, True, True]


def test_result_json_has_exactly_the_contracts_keys(logdir):
  assert results.FIELDS["train"] <= set(_result(logdir))
  assert set(_result(logdir)) == {
      "status", "model", "params", "train_examples", "epochs", "steps",
      "train_accuracy", "train_loss", "test_accuracy", "test_loss",
      "best_test_accuracy", "train_top5", "test_top5", "epochs_to_fit",
      "label_corruption", "labels_drawn", "labels_changed",
      "pixel_randomization", "seed", "label_hash",
      "dataset_fingerprint", "weights_sha256", "optimizer_sha256",
      "wall_seconds", "images_per_second"}


def test_result_json_says_what_was_run(logdir):
  expected = {
      "status": "done", "model": "mlp_1x512", "params": 151_242,
      "train_examples": 300, "epochs": 3, "steps": 15, "train_top5": None,
      "test_top5": None, "label_corruption": 0.5, "pixel_randomization": "none",
      "seed": 4}
  result = _result(logdir)
  assert {name: result[name] for name in expected} == expected


def _measured(arrays, images, labels):
  """Accuracy and cross-entropy of the MLP on centre crops, in NumPy."""
  x = images[:, 2:30, 2:30].reshape(len(images), -1) / 255
  x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
  hidden = np.maximum(
      x @ arrays["weights/hidden1/kernel"].astype(np.float64)
      + arrays["weights/hidden1/bias"], 0)
  logits = hidden @ arrays["weights/logits/kernel"].astype(np.float64)
  logits += arrays["weights/logits/bias"]
  chosen = logits[np.arange(len(labels)), labels]
  losses = np.log(np.exp(logits).sum(axis=1)) - chosen
  return (logits.argmax(axis=1) == labels).mean(), losses.mean()


def test_accuracies_and_losses_are_those_of_the_final_weights(logdir):
  result = _result(logdir)
  arrays, _ = checkpoints.latest(logdir / "checkpoints")
  train_split, test_split, _ = digits.load()
  for prefix, images, labels in (
      ("train", train_split.images[:300], _labels()),
      ("test", test_split.images, test_split.labels)):
    accuracy, loss = _measured(arrays, images, labels)
    assert result[f"{prefix}_accuracy"] == pytest.approx(accuracy, abs=1e-6)
    assert result[f"{prefix}_loss"] == pytest.approx(loss, rel=1e-4)


def test_what_result_json_sums_up_is_in_metrics_csv(logdir):
  result, rows = _result(logdir), _metrics(logdir)
  assert result["test_accuracy"] == pytest.approx(
      float(rows[-1]["test_accuracy"]))
  assert result["best_test_accuracy"] == max(
      float(row["test_accuracy"]) for row in rows if row["test_accuracy"])
  assert set(result["epochs_to_fit"]) == {"0.90", "0.95", "0.98", "0.999"}
  for level, epoch in result["epochs_to_fit"].items():
    reached = [int(row["epoch"]) for row in rows
               if float(row["train_accuracy"]) >= float(level)]
    assert epoch == (reached[0] if reached else None)
  seconds = sum(float(row["seconds"]) for row in rows)
  assert result["images_per_second"] == pytest.approx(900 / seconds, rel=1e-3)
  assert result["wall_seconds"] > seconds


def test_hashes_are_those_of_what_was_used(logdir):
  result = _result(logdir)
  train_split, test_split, _ = digits.load()
  labels = hashlib.sha256(_labels().astype("<i4").tobytes()).hexdigest()
  everything = hashlib.sha256()
  for split in (train_split, test_split):
    everything.update(split.labels.astype("<i4").tobytes())
    everything.update(split.images.tobytes())
  assert result["label_hash"] == labels
  assert result["dataset_fingerprint"] == everything.hexdigest()
  recorded = json.loads((logdir / "config.json").read_text())
  assert recorded["label_hash"] == labels
  assert recorded["dataset_fingerprint"] == everything.hexdigest()


def test_the_weights_hash_is_over_the_last_checkpoints_weights(logdir):
  arrays, _ = checkpoints.latest(logdir / "checkpoints")
  for prefix in ("weights", "optimizer"):
    digest = hashlib.sha256()
    for name, array in arrays.items():
      if name.startswith(f"{prefix}/"):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    assert _result(logdir)[f"{prefix}_sha256"] == digest.hexdigest()


def test_bfloat16_fits_and_goes_on_as_if_never_stopped(tmp_path):
  flags = ("--dataset=digits", "--model=inception_small", "--batch_size=32",
           "--train_examples=64", "--label_corruption=1", "--epochs=2",
           "--precision=bfloat16")
  for name in ("one", "other"):
    assert _main(*flags, f"--logdir={tmp_path / name}") == 0
  one, other = (_result(tmp_path / name) for name in ("one", "other"))
  assert one["weights_sha256"] == other["weights_sha256"]
  config = json.loads((tmp_path / "one/config.json").read_text())
  assert config["precision"] == "bfloat16"
  # The checkpoint before the last epoch's end, as a killed run leaves it.
  (tmp_path / "other/result.json").unlink()
  max((tmp_path / "other/checkpoints").glob("step-*")).unlink()
  assert _main(*flags, f"--logdir={tmp_path / 'other'}") == 0
  again = _result(tmp_path / "other")
  assert again["weights_sha256"] == one["weights_sha256"]
  assert again["optimizer_sha256"] == one["optimizer_sha256"]
  # Another precision is another run.
  assert _main(*flags, "--precision=float32",
               f"--logdir={tmp_path / 'one'}") == 2


def _load_train(*flags):
  config, _ = training_flags.parse(["--dataset=digits", *flags])
  return experiment.load_data(config, None)[1]


@pytest.mark.parametrize("model, weights", [
    ("mlp_1x512", 2352 * 3 + 3 + 3 * 10 + 10),
    ("mlp_3x512", 2352 * 3 + 3 + 2 * (3 * 3 + 3) + 3 * 10 + 10)])
def test_mlps_have_the_width_that_is_asked_for(tmp_path, model, weights):
  assert _main("--dataset=digits", f"--model={model}", "--width=3",
               "--epochs=1", f"--logdir={tmp_path}") == 0
  assert _result(tmp_path)["params"] == weights
  assert len(rethink_tf.load_run(tmp_path).model().get_weights()[0][0]) == 3


def test_the_papers_width_is_the_run_that_it_was():
  plain, wide = (training_flags.parse(["--dataset=digits", *flags])
                 for flags in ((), ("--width=512",)))
  assert wide[0] == plain[0] and wide[1].logdir == plain[1].logdir


def test_networks_of_other_seeds_share_the_labels_of_a_label_seed():
  flags = ("--label_corruption=1", "--pixel_randomization=random_pixels")
  one, other = (_load_train(*flags, f"--seed={seed}", "--label_seed=7")
                for seed in (1, 2))
  np.testing.assert_array_equal(one.labels, other.labels)
  assert (one.images != other.images).any()
  # They are those of a run with that seed, whose pixels are others.
  as_ever = _load_train(*flags, "--seed=7")
  np.testing.assert_array_equal(one.labels, as_ever.labels)
  assert (one.images != as_ever.images).any()
  assert (one.labels != _load_train(*flags, "--seed=1").labels).any()


def test_the_kinds_of_labels_are_those_of_the_label_seed(tmp_path):
  flags = ("--dataset=digits", "--label_corruption=0.3", "--epochs=2",
           "--seed=1", "--label_seed=7", f"--logdir={tmp_path}")
  assert _main(*flags) == 0
  assert json.loads((tmp_path / "config.json").read_text())["label_seed"] == 7
  result = _result(tmp_path)
  train = _load_train("--label_corruption=0.3", "--seed=7")
  assert result["label_hash"] == randomization.label_hash(train.labels)
  kinds = rethink_tf.load_run(tmp_path).label_kinds.iloc[-1]
  share = np.mean(randomization.is_drawn(len(train), 0.3, 7))
  assert result["labels_drawn"] == share
  assert result["train_accuracy"] == pytest.approx(
      share * kinds.drawn_accuracy
      + (1 - share) * kinds.untouched_accuracy, abs=1e-6)
  # Other labels are another run.
  assert _main(*flags, "--label_seed=8") == 2
  assert _main(*(flag for flag in flags if "label_seed" not in flag)) == 2


def test_load_run_gives_a_notebook_the_same(logdir):
  run = rethink_tf.load_run(logdir)
  assert run.result == _result(logdir)
  assert run.config["model"] == "mlp_1x512"
  assert run.metrics.index.tolist() == [1, 2, 3]
  assert run.metrics.loc[3, "train_loss"] == float(
      _metrics(logdir)[2]["train_loss"])


# TensorBoard.


def _events(folder):
  """Returns {tag: [(step, value)]} of the event files right in a folder."""
  accumulator = event_accumulator.EventAccumulator(
      str(folder), size_guidance={event_accumulator.TENSORS: 0})
  accumulator.Reload()
  return {
      tag: [(event.step, tensor_util.make_ndarray(event.tensor_proto))
            for event in accumulator.Tensors(tag)]
      for tag in accumulator.Tags()["tensors"]}, accumulator


_CURVES = {
    "accuracy/train": "train_accuracy", "accuracy/test": "test_accuracy",
    "loss/train": "train_loss", "loss/test": "test_loss",
    "optimizer/learning_rate": "learning_rate",
    "speed/images_per_second": "images_per_second"}
_KINDS = {
    "accuracy/train_corrupted_labels": "corrupted_accuracy",
    "accuracy/train_untouched_labels": "untouched_accuracy",
    "accuracy/train_labels_drawn_to_be_true": "drawn_equal_accuracy",
    "accuracy/train_all_drawn_labels": "drawn_accuracy"}
_ONCE = {
    "config", "training examples", "_hparams_/experiment",
    "_hparams_/session_start_info", "result/train_accuracy",
    "result/test_accuracy"}


def _assert_tensorboard_is_whole(logdir):
  """Each row of metrics.csv is there once, and so is all else."""
  rows = {int(row["step"]): row for row in _metrics(logdir)}
  kinds = (logdir / "label_kinds.csv").read_text("utf-8").splitlines()
  for row in csv.DictReader(kinds):
    rows[int(row["step"])].update(row)
  folder = logdir / "tensorboard"
  assert not [path for path in folder.iterdir() if path.is_dir()]
  events, _ = _events(folder)
  assert set(events) == {*_CURVES, *_KINDS, *_ONCE}
  for tag, column in {**_CURVES, **_KINDS}.items():
    measured = {step: float(row[column]) for step, row in rows.items()
                if row[column]}
    # One point a row: none is missing, and none there twice.
    assert [step for step, _ in events[tag]] == list(measured)
    np.testing.assert_allclose(
        [float(value) for _, value in events[tag]], list(measured.values()),
        rtol=1e-6)
  assert all(len(events[tag]) == 1 for tag in _ONCE)


def test_tensorboard_shows_each_row_once(logdir):
  _assert_tensorboard_is_whole(logdir)


def test_tensorboard_shows_the_config_as_a_table(logdir):
  events, _ = _events(logdir / "tensorboard")
  (_, text), = events["config"]
  said, _, *table = b"".join(np.ravel(text)).decode().splitlines()
  assert said == (
      "mlp_1x512 on digits, labels corrupted with probability 0.5")
  assert table[:2] == ["| flag | value |", "| --- | --- |"]
  assert table[2:] == [
      f"| `{name}` | {value} |" for name, value in _config().as_dict().items()]


def test_tensorboard_shows_a_grid_of_training_examples(logdir):
  events, _ = _events(logdir / "tensorboard")
  (_, image), = events["training examples"]
  width, height, png = int(image[0]), int(image[1]), image[2]
  assert png.startswith(b"\x89PNG")
  # As wide as TensorBoard has room for: else letters are small there.
  assert 5 * 28 < width < 1.8 * height < 1.1 * width


def test_tensorboard_compares_runs_and_their_final_accuracies(logdir):
  events, accumulator = _events(logdir / "tensorboard")
  result = _result(logdir)
  for name in ("train_accuracy", "test_accuracy"):
    (step, value), = events[f"result/{name}"]
    assert step == result["steps"]
    assert float(value) == pytest.approx(result[name], rel=1e-6)
  content = accumulator.PluginTagToContent("hparams")
  start = plugin_data_pb2.HParamsPluginData.FromString(
      content["_hparams_/session_start_info"]).session_start_info
  flags = {name: getattr(value, value.WhichOneof("kind"))
           for name, value in start.hparams.items()}
  recorded = _config().as_dict()
  assert flags == {name: recorded[name] for name in (
      "dataset", "model", "label_corruption", "pixel_randomization",
      "train_examples", "random_crop", "weight_decay", "seed")}


# What the examples are.


@pytest.mark.parametrize("crop", [False, True])
def test_the_examples_shown_are_those_that_training_begins_with(crop):
  config = _config("--random_crop" if crop else "--norandom_crop")
  data, train_split = experiment.load_data(config, None)
  grid = experiment._draw_examples(  # noqa: SLF001
      config, data.train.labels, data.label_names, train_split)
  order, offsets = (drawn[:10] for drawn in plans.epoch_plan(
      len(train_split), config, 0))
  true, assigned = digits.load()[0].labels[order], _labels()[order]
  assert [axis.get_title() for axis in grid.axes] == [
      f"{old}\n" if old == new else f"{old}\n\N{RIGHTWARDS ARROW} {new}"
      for old, new in zip(true, assigned)]
  assert (true != assigned).any()
  for axis, index, (top, left) in zip(grid.axes, order, offsets):
    if not crop:
      top, left = 2, 2
    window = train_split.images[index, top:top + 28, left:left + 28]
    shown, = axis.get_images()
    # Each is scaled to its own range.
    np.testing.assert_allclose(
        shown.get_array(), (window - window.min()) / np.ptp(window), atol=1e-5)


def test_test_labels_never_change():
  data, train_split = experiment.load_data(
      _config("--label_corruption=1"), None)
  original_train, original_test, _ = digits.load()
  np.testing.assert_array_equal(data.test.labels, original_test.labels)
  np.testing.assert_array_equal(data.test.images, original_test.images)
  assert (train_split.labels != original_train.labels[:300]).mean() > 0.8
  # What was loaded is not written to: the next run has true labels again.
  np.testing.assert_array_equal(data.train.labels, original_train.labels)


@pytest.mark.parametrize("pixels", training_flags.PIXEL_RANDOMIZATIONS)
def test_every_model_gets_the_same_random_labels_and_images(pixels):
  hashes, images = set(), set()
  for model in registry.names():
    config = dataclasses.replace(
        _config(f"--pixel_randomization={pixels}"), model=model, epochs=1,
        dropout=0.0, learning_rate=0.5)
    data, train_split = experiment.load_data(config, None)
    hashes.add(randomization.label_hash(train_split.labels))
    images.add((train_split.images.tobytes(), data.test.images.tobytes()))
  assert hashes == {randomization.label_hash(_labels())}
  assert len(images) == 1


@pytest.mark.parametrize("pixels", training_flags.PIXEL_RANDOMIZATIONS[1:])
def test_modified_pixels_are_those_of_both_splits_and_labels_stay(pixels):
  config = _config(f"--pixel_randomization={pixels}", "--label_corruption=0")
  data, train_split = experiment.load_data(config, None)
  original_train, original_test, _ = digits.load()
  for split, name, original in (
      (train_split, "train", original_train.first(300)),
      (data.test, "test", original_test)):
    np.testing.assert_array_equal(split.labels, original.labels)
    np.testing.assert_array_equal(split.images, randomization.randomize_pixels(
        original.images, pixels, config.seed, name, original_train.images))
    assert (split.images != original.images).mean() > 0.3


@pytest.mark.parametrize("pixels", training_flags.PIXEL_RANDOMIZATIONS)
def test_the_network_sees_the_same_images_in_every_epoch(pixels):
  config = _config(f"--pixel_randomization={pixels}", "--norandom_crop")
  _, train_split = experiment.load_data(config, None)
  inputs = np.concatenate(
      [x for x, _ in pipeline.training_batches(train_split, config)])
  inputs = inputs.reshape(_EPOCHS, 300, 28, 28, 3)
  in_order = []
  for epoch in range(_EPOCHS):
    order, _ = plans.epoch_plan(300, config, epoch)
    in_order.append(inputs[epoch][np.argsort(order)])
  np.testing.assert_array_equal(in_order[0], in_order[1])
  np.testing.assert_array_equal(in_order[0], in_order[2])
  # Standardized like any other image.
  np.testing.assert_allclose(in_order[0].mean(axis=(1, 2, 3)), 0, atol=1e-5)
  np.testing.assert_allclose(in_order[0].std(axis=(1, 2, 3)), 1, rtol=1e-4)


# Corrupted and untouched labels apart.


def test_label_kinds_are_measured_after_every_epoch(logdir):
  with (logdir / "label_kinds.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
  assert [(row["epoch"], row["step"]) for row in rows] == [
      ("1", "5"), ("2", "10"), ("3", "15")]
  # Labels that are no class show which were drawn.
  drawn = randomization.corrupt_labels(np.full(300, -1), 0.5, 10, 4) >= 0
  arrays, _ = checkpoints.latest(logdir / "checkpoints")
  images = digits.load()[0].images[:300]
  changed = _labels() != digits.load()[0].labels[:300]
  result = _result(logdir)
  assert result["labels_drawn"] == drawn.mean()
  assert result["labels_changed"] == changed.mean()
  assert 0 < changed.sum() < drawn.sum() < 300
  for name, kind in (
      ("corrupted", changed), ("drawn_equal", drawn & ~changed),
      ("untouched", ~drawn), ("drawn", drawn)):
    accuracy, _ = _measured(arrays, images[kind], _labels()[kind])
    assert float(rows[-1][f"{name}_accuracy"]) == pytest.approx(
        accuracy, abs=1e-6)
  frame = rethink_tf.load_run(logdir).label_kinds
  assert frame.loc[3, "untouched_accuracy"] > frame.loc[3, "corrupted_accuracy"]


def test_where_all_labels_are_alike_no_kinds_are_told_apart(tmp_path):
  assert _main(*_FLAGS, "--label_corruption=1", "--epochs=1",
               f"--logdir={tmp_path}") == 0
  assert not (tmp_path / "label_kinds.csv").exists()
  assert rethink_tf.load_run(tmp_path).label_kinds is None


def test_the_halves_of_the_test_set_are_measured_apart(tmp_path):
  assert _main(*_FLAGS, "--halve_test_set", "--epochs=3", "--eval_every=2",
               f"--logdir={tmp_path}") == 0
  run = rethink_tf.load_run(tmp_path)
  # With the test, which the last epoch has too.
  assert list(run.test_halves.index) == [2, 3]
  arrays, _ = checkpoints.latest(tmp_path / "checkpoints")
  images, labels = digits.load()[1].images, digits.load()[1].labels
  for start, half in enumerate(results.TEST_HALVES):
    accuracy, _ = _measured(arrays, images[start::2], labels[start::2])
    assert run.test_halves.loc[3, half] == pytest.approx(accuracy, abs=1e-6)
  assert run.metrics.test_accuracy[3] == pytest.approx(
      np.mean(run.test_halves.loc[3, list(results.TEST_HALVES)]), abs=1e-3)
  assert "halve_test_set" in run.config
  sums = (tmp_path / "SHA256SUMS").read_text("utf-8")
  assert "test_halves.csv" in sums


# What Section 2.1 looks like.


def test_a_preview_is_a_picture_and_trains_nothing(tmp_path, capsys):
  assert _main("--dataset=digits", "--preview", f"--logdir={tmp_path}/p") == 0
  assert capsys.readouterr().out == f"wrote {tmp_path}/p/preview.png\n"
  assert {f.name for f in (tmp_path / "p").iterdir()} == {
      "MANIFEST", "lock", "preview.png"}
  data = (tmp_path / "p" / "preview.png").read_bytes()
  assert data.startswith(b"\x89PNG") and len(data) > 10_000


def test_a_preview_has_a_row_a_modification_and_red_for_changed_labels():
  config = _config("--label_corruption=0.25")
  grid = preview.figure(config, None).axes
  titles = [axis.get_ylabel() for axis in grid if axis.get_ylabel()]
  assert len(titles) == 6 and len(grid) == 6 * 8
  assert "0.25" in titles[1]
  for axis, label in zip(grid[8:16], randomization.corrupt_labels(
      digits.load()[0].labels[:8], 0.25, 10, 4)):
    assert axis.get_title() == str(label)
  reds = [axis.title.get_color() == "tab:red" for axis in grid]
  assert not any(reds[:8]) and any(reds[16:24]) and not any(reds[24:])


# The same again.


def _assert_same_numbers(one, other):
  times = ("wall_seconds", "images_per_second")
  first, second = ({k: v for k, v in _result(path).items() if k not in times}
                   for path in (one, other))
  assert first == second
  times = ("seconds", "images_per_second")
  first, second = ([{k: v for k, v in row.items() if k not in times}
                    for row in _metrics(path)] for path in (one, other))
  assert first == second


def test_the_same_command_in_another_process_gives_the_same_bits(
    logdir, tmp_path):
  done = launch.run("train", *_FLAGS, "--logdir=again", folder=tmp_path)
  assert done.returncode == 0, done.stderr
  assert not launch.errors_of(done)
  _assert_same_numbers(logdir, tmp_path / "again")
  lines = done.stdout.splitlines()
  assert lines[0].startswith("Training mlp_1x512 on digits, ")
  assert [line[:9] for line in lines[1:4]] == [
      "epoch 1/3", "epoch 2/3", "epoch 3/3"]
  accuracy = _result(logdir)["train_accuracy"]
  assert any(f"training accuracy {accuracy:8.2%}" in line for line in lines)
  assert any("TensorBoard:" in line for line in lines)


def test_another_seed_gives_other_numbers(logdir, tmp_path):
  assert _main(*_FLAGS, "--seed=5", f"--logdir={tmp_path / 'run'}") == 0
  one, other = _result(logdir), _result(tmp_path / "run")
  for name in ("weights_sha256", "optimizer_sha256", "label_hash"):
    assert one[name] != other[name]
  assert one["dataset_fingerprint"] == other["dataset_fingerprint"]


# Dies by SIGKILL when a file of that name is about to take its place.
_KILLED_BEFORE = """
import os, runpy, signal, sys
last, replace = sys.argv.pop(1), os.replace
def replace_or_die(source, target):
  if os.path.basename(target) == last:
    os.kill(os.getpid(), signal.SIGKILL)
  replace(source, target)
os.replace = replace_or_die
runpy.run_module("rethink_tf.programs.train", run_name="__main__")
"""


def test_a_run_killed_twice_ends_as_if_it_never_was(logdir, tmp_path, capsys):
  flags = (*_FLAGS, f"--logdir={tmp_path / 'run'}")
  stays_open = event_accumulator.EventAccumulator(
      str(tmp_path / "run/tensorboard"),
      size_guidance={event_accumulator.TENSORS: 0})
  # First when epoch 2 is trained and its row written, its checkpoint not.
  # Then when everything is done but for the result.
  for last, epochs in (("step-00000010.npz", 1), ("result.json", 3)):
    died = launch.preloaded_python(
        _KILLED_BEFORE, last, *flags, folder=tmp_path)
    assert died.returncode == -signal.SIGKILL, died.stderr
    _, saved = checkpoints.latest(tmp_path / "run/checkpoints")
    assert len(saved["rows"]) == epochs
    assert not (tmp_path / "run/result.json").exists()
    stays_open.Reload()
    shown = [point.step for point in stays_open.Tensors("loss/train")]
    assert shown == [5 * epoch for epoch in range(1, epochs + 1)]
  capsys.readouterr()
  assert _main(*flags) == 0
  stays_open.Reload()
  assert len(stays_open.Tensors("loss/train")) == 3
  _assert_same_numbers(logdir, tmp_path / "run")
  assert not list((tmp_path / "run").rglob("*.tmp"))
  # No epoch was left to train, and TensorBoard has all of it once.
  assert "epoch 3/3" not in capsys.readouterr().out
  _assert_tensorboard_is_whole(tmp_path / "run")


def test_a_run_stopped_in_an_epoch_starts_that_epoch_again(
    logdir, tmp_path, monkeypatch, capsys):
  class Stop(Exception):
    """Stands for whatever ends a process."""

  flags = (*_FLAGS, f"--logdir={tmp_path / 'run'}")
  save = checkpoints.save

  def save_then_stop(folder, step, *others):
    save(folder, step, *others)
    if step == 5:  # The first epoch's last.
      raise Stop

  with monkeypatch.context() as patch:
    patch.setattr(checkpoints, "save", save_then_stop)
    with pytest.raises(Stop):
      _main(*flags)
  capsys.readouterr()
  assert _main(*flags) == 0
  printed = capsys.readouterr().out
  assert "epoch 1/3" not in printed and "epoch 2/3" in printed
  assert "\ngoes on after epoch 1; epochs left: 2 of 3\n" in printed
  _assert_same_numbers(logdir, tmp_path / "run")
  _assert_tensorboard_is_whole(tmp_path / "run")


def test_a_damaged_checkpoint_costs_an_epoch_and_changes_nothing(
    logdir, tmp_path, capsys):
  flags = (*_FLAGS, f"--logdir={tmp_path / 'run'}")
  shutil.copytree(logdir, tmp_path / "run")
  (tmp_path / "run/result.json").unlink()
  newest = tmp_path / "run/checkpoints/step-00000015.npz"
  content = bytearray(newest.read_bytes())
  content[len(content) // 2] ^= 1
  newest.write_bytes(content)
  capsys.readouterr()
  assert _main(*flags) == 0
  output = capsys.readouterr()
  assert f"checkpoint {newest} is damaged" in output.err
  assert "epoch 2/3" not in output.out and "epoch 3/3" in output.out
  _assert_same_numbers(logdir, tmp_path / "run")


# A directory that holds a run.


def test_a_finished_run_is_reported_and_not_trained_again(logdir, tmp_path):
  before = _files(logdir)
  done = launch.run_without_tensorflow("train",
      *_FLAGS, f"--logdir={logdir}", folder=tmp_path)
  assert done.returncode == 0, done.stderr
  accuracy = _result(logdir)["test_accuracy"]
  assert f"test accuracy     {accuracy:8.2%}" in done.stdout
  assert "--overwrite" in done.stdout
  assert "epoch 1/3" not in done.stdout
  assert _files(logdir) == before


def test_noresume_does_not_touch_a_run(logdir, tmp_path):
  before = _files(logdir)
  done = launch.run_without_tensorflow("train",
      *_FLAGS, "--noresume", f"--logdir={logdir}", folder=tmp_path)
  assert done.returncode == 2
  assert f"--noresume: {logdir} holds a run" in done.stderr
  assert _files(logdir) == before


def test_overwrite_keeps_a_run_until_the_data_of_the_next_is_there(
    logdir, tmp_path, monkeypatch, capsys):
  def offline(*_, **__):
    raise urllib.error.URLError("no network")

  monkeypatch.setattr(urllib.request, "urlopen", offline)
  before = _files(logdir)
  assert _main("--dataset=mnist", f"--data_dir={tmp_path}", "--overwrite",
               f"--logdir={logdir}") == 3
  assert "mnist is not in" in capsys.readouterr().err
  assert _files(logdir) == before


@pytest.mark.parametrize("flag, difference", [
    ("--dropout=0.4", "dropout was 0.3 and is 0.4"),
    ("--seed=5", "seed was 4 and is 5"),
    ("--norandom_crop", "random_crop was True and is False")])
def test_another_config_is_refused_with_the_difference(
    logdir, tmp_path, flag, difference):
  before = _files(logdir)
  done = launch.run_without_tensorflow("train",
      *_FLAGS, flag, f"--logdir={logdir}", folder=tmp_path)
  assert done.returncode == 2
  assert difference in done.stderr
  assert done.stderr.count("\n") == 1
  assert _files(logdir) == before


def test_overwrite_starts_anew_and_leaves_strangers_files(tmp_path):
  logdir = tmp_path / "run"
  (logdir / "plots").mkdir(parents=True)
  (logdir / "notes.txt").write_text("mine")
  (logdir / "plots/curve.png").write_text("mine")
  flags = (*_FLAGS, f"--logdir={logdir}")
  assert _main(*flags, "--epochs=1") == 0
  assert _main(*flags, "--epochs=2", "--overwrite") == 0
  assert _result(logdir)["epochs"] == 2
  assert len(_metrics(logdir)) == 2
  _assert_tensorboard_is_whole(logdir)
  assert (logdir / "notes.txt").read_text() == "mine"
  assert (logdir / "plots/curve.png").read_text() == "mine"


@pytest.mark.parametrize("changed", ["label_hash", "dataset_fingerprint"])
def test_a_run_does_not_go_on_with_other_data(
    logdir, tmp_path, capsys, changed):
  path = tmp_path / "run"
  shutil.copytree(logdir, path)
  (path / "result.json").unlink()
  (path / "MANIFEST").unlink()  # Else this is a damaged file.
  recorded = json.loads((path / "config.json").read_text())
  recorded[changed] = 64 * "0"
  (path / "config.json").write_text(json.dumps(recorded))
  before = _files(path)
  assert _main(*_FLAGS, f"--logdir={path}") == 2
  assert f"{changed} was '000" in capsys.readouterr().err
  assert _files(path) == before


def test_a_diverged_run_exits_5_in_one_line_without_a_result(tmp_path, capsys):
  logdir = tmp_path / "run"
  code = _main(
      "--dataset=digits", "--train_examples=300", "--epochs=20",
      "--learning_rate=1e6", f"--logdir={logdir}")
  assert code == 5
  error = capsys.readouterr().err
  assert error.startswith("error: ") and error.count("\n") == 1
  assert "1e+06" in error
  assert not (logdir / "result.json").exists()


def test_runs_of_nothing_but_a_flagfile_lie_in_the_workspaces_runs(
    tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKSPACE_DIRECTORY", str(tmp_path / "checkout"))
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))
  (tmp_path / "tiny.flags").write_text(
      "\n".join((*_FLAGS, "--epochs=1", "--train_examples=70")))
  assert _main("--flagfile=tiny.flags") == 0
  logdir, = (tmp_path / "checkout/runs").iterdir()
  assert logdir.name.startswith("tiny-")
  assert _result(logdir / "seed4")["train_examples"] == 70
  assert {path.name for path in tmp_path.iterdir()} == {
      "checkout", "tiny.flags"}

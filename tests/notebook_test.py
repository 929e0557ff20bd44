"""Tests of what a notebook has of a run: its labels and its network."""

import dataclasses
import json
import shutil

import keras
import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import digits
from rethink_tf.data import preprocessing
from rethink_tf.data import randomization
from rethink_tf.flags import labels_file
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.models import state
from rethink_tf.programs import export
from rethink_tf.programs import train
from rethink_tf.runs import directory as run_directory
from rethink_tf.training import checkpoints
from rethink_tf.training import experiment
from rethink_tf.training import fit
from rethink_tf.training import task
from tests import launch

_FLAGS = (
    "--dataset=digits", "--width=64", "--label_corruption=0.5",
    "--dropout=0.3", "--weight_decay=0.001", "--epochs=2", "--batch_size=64",
    "--train_examples=300", "--seed=4", "--label_seed=9")


@pytest.fixture(name="finished", scope="module")
def _finished(tmp_path_factory):
  """The run directory of a finished run of `_FLAGS`."""
  path = tmp_path_factory.mktemp("finished") / "run"
  assert errors.exit_code_of(
      train.main, ["train", *_FLAGS, f"--logdir={path}"]) == 0
  return path


@pytest.fixture(name="run")
def _run(finished, tmp_path):
  shutil.copytree(finished, tmp_path / "run")
  return tmp_path / "run"


def _inputs(images):
  return np.asarray(
      preprocessing.standardize(preprocessing.center_crop(images)))


def _export(logdir, out):
  return errors.exit_code_of(
      export.main, ["export", f"--logdir={logdir}", f"--out={out}"])


def test_labels_are_those_that_were_trained_on(finished):
  run = rethink_tf.load_run(finished)
  labels = run.labels()
  true = digits.load()[0].labels[:300]
  np.testing.assert_array_equal(labels.true, true)
  np.testing.assert_array_equal(
      labels.assigned, randomization.corrupt_labels(true, 0.5, 10, 9))
  # Labels that are no class show which were drawn.
  drawn = randomization.corrupt_labels(np.full(300, -1), 0.5, 10, 9) >= 0
  np.testing.assert_array_equal(labels.drawn, drawn)
  np.testing.assert_array_equal(labels.changed, labels.assigned != true)
  assert labels.drawn.mean() == run.result["labels_drawn"]
  assert labels.changed.mean() == run.result["labels_changed"]


def _begin(folder, **fields):
  """Begins a run on the digits as train does, with labels to fit."""
  config = training_flags.Config(dataset="digits", **fields)
  data, train = experiment.load_data(config, None)
  directory = run_directory.RunDirectory(folder / "begun")
  directory.path.mkdir()
  directory.begin(
      {**config.as_dict(), "dataset_fingerprint": data.fingerprint,
       "label_hash": randomization.label_hash(train.labels)}, {}, False)
  return rethink_tf.load_run(directory.path), train.labels


def test_labels_of_asymmetric_noise_are_found_again(tmp_path):
  run, fitted = _begin(
      tmp_path, label_corruption=0.4, label_noise="asymmetric")
  labels = run.labels()
  np.testing.assert_array_equal(labels.assigned, fitted)
  np.testing.assert_array_equal(
      labels.assigned[labels.changed], (labels.true[labels.changed] + 1) % 10)
  assert 0.3 < labels.drawn.mean() < 0.5


def test_labels_of_ones_own_are_said_to_be_in_their_file(tmp_path):
  true = digits.load()[0].labels
  run, _ = _begin(tmp_path, labels_file=labels_file.Labels(64 * "a", true))
  with pytest.raises(errors.UsageError, match="--labels_file are in that file"):
    run.labels()


@pytest.mark.parametrize("name, said", [
    ("dataset_fingerprint", "digits here is other data than the run's"),
    ("label_hash", "the labels drawn here are others than the run's")])
def test_labels_of_other_data_are_refused(run, name, said):
  config = json.loads((run / "config.json").read_text())
  (run / "config.json").write_text(json.dumps({**config, name: 64 * "0"}))
  (run / "SHA256SUMS").unlink()
  with pytest.raises(errors.DataError, match=said):
    rethink_tf.load_run(run).labels()


def test_labels_of_a_dataset_that_is_not_there_are_refused_and_not_fetched(
    tmp_path, monkeypatch):
  config = training_flags.Config(dataset="cifar100")
  directory = run_directory.RunDirectory(tmp_path / "run")
  directory.path.mkdir()
  directory.begin(config.as_dict(), {}, overwrite=False)
  run = rethink_tf.load_run(directory.path)
  with pytest.raises(errors.DataError, match="cifar100 is not in .*; say"):
    run.labels(data_dir=str(tmp_path))
  with pytest.raises(errors.DataError, match="folder that exists"):
    run.labels(data_dir=tmp_path / "absent")
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
  with pytest.raises(errors.DataError, match=f"is not in {tmp_path};"):
    run.labels()
  assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_the_model_is_the_one_that_was_measured(finished):
  run = rethink_tf.load_run(finished)
  labels = run.labels()
  train_split, test_split, _ = digits.load()
  # Twice, as a notebook's cell: names do not depend on what was built before.
  for _ in range(2):
    model = run.model()
    for images, expected, name in (
        (train_split.images[:300], labels.assigned, "train_accuracy"),
        (test_split.images, test_split.labels, "test_accuracy")):
      logits = model.predict(_inputs(images), verbose=0)
      accuracy = np.mean(logits.argmax(axis=1) == expected)
      assert accuracy == pytest.approx(run.result[name], abs=1e-6)
  assert state.sha256(state.weights(model)) == run.result["weights_sha256"]


def _split(count, seed):
  generator = np.random.default_rng(seed)
  return dataset.Split(
      generator.integers(0, 256, (count, 32, 32, 3)).astype(np.uint8),
      generator.integers(0, 10, count).astype(np.int32))


def test_the_models_weights_are_averages_where_those_are_measured(tmp_path):
  config = training_flags.Config(
      dataset="digits", batch_size=16, epochs=2, learning_rate=0.1,
      moving_average_decay=0.9)
  directory = run_directory.RunDirectory(tmp_path)
  directory.begin(config.as_dict(), {}, overwrite=False)
  test = _split(50, 2)
  trained = registry.build("mlp_1x512")
  rows = fit.train(trained, task.Task(config, _split(40, 1), test),
                   task.Setting(directory))
  raw, model = trained.get_weights(), rethink_tf.load_run(tmp_path).model()
  assert any((a != b).any() for a, b in zip(raw, model.get_weights()))
  arrays, _ = checkpoints.latest(tmp_path / "checkpoints")
  np.testing.assert_array_equal(
      model.get_layer("hidden1").kernel,
      arrays["optimizer/sgd/hidden1_kernel_average"])
  logits = model.predict(_inputs(test.images), verbose=0)
  assert np.mean(logits.argmax(axis=1) == test.labels) == pytest.approx(
      rows[-1]["test_accuracy"], abs=1e-6)


def _change_array(path):
  arrays, saved = checkpoints.latest(path / "checkpoints")
  arrays["weights/logits/bias"] = arrays["weights/logits/bias"] + 1
  checkpoints.save(path / "checkpoints", 99, arrays, saved)


def _rename_array(path):
  arrays, saved = checkpoints.latest(path / "checkpoints")
  arrays["weights/others/bias"] = arrays.pop("weights/logits/bias")
  checkpoints.save(path / "checkpoints", 99, arrays, saved)


@pytest.mark.parametrize("damage, said", [
    (lambda path: shutil.rmtree(path / "checkpoints"), "has no checkpoint"),
    (_change_array, "is not of its trained weights"),
    (_rename_array, "is of another network: expected weights/logits/bias"),
])
def test_what_is_not_the_trained_network_is_refused(
    run, capsys, damage, said):
  damage(run)
  with pytest.raises(errors.StorageError, match=said):
    rethink_tf.load_run(run).model()
  assert _export(run, run / "model.keras") == 4
  error = capsys.readouterr().err
  assert said in error and error.count("\n") == 1
  assert not (run / "model.keras").exists()


@pytest.mark.parametrize("config, error, said", [
    ({"program": "lemma1"}, errors.UsageError, "expected a run of train"),
    ({"program": "lemma1", "seed": 1}, errors.UsageError, "one of lemma1"),
    ({"seed": 1}, errors.StorageError, "by another version"),
])
def test_runs_without_a_network_of_train_are_refused(
    tmp_path, config, error, said):
  run_directory.RunDirectory(tmp_path).begin(config, {}, overwrite=False)
  run = rethink_tf.load_run(tmp_path)
  for load in (run.model, run.labels):
    with pytest.raises(error, match=said):
      load()


def _begun(folder, name):
  """Makes a run of a model that is not done; returns the model."""
  fields = {"model": name, "dropout": 0.5, "weight_decay": 0.01}
  config = training_flags.Config(dataset="cifar100", **fields)
  directory = run_directory.RunDirectory(folder)
  directory.begin(config.as_dict(), {}, overwrite=False)
  model = registry.build(
      name, num_classes=100, weight_decay=0.01, dropout=0.5, seed=7)
  fit.compile_model(model, config, 50_000)
  checkpoints.save(directory.checkpoints, 3, {
      **state.weights(model), **state.optimizer(model)}, {})
  return model


def _assert_same_logits(one, other):
  inputs = np.random.default_rng(1).normal(size=(2, 28, 28, 3))
  first, second = (model(inputs.astype(np.float32)) for model in (one, other))
  np.testing.assert_array_equal(first, second)
  assert np.ptp(first) > 0


@pytest.mark.parametrize("name", registry.names())
def test_keras_loads_what_is_exported_of_every_model(tmp_path, name):
  model = _begun(tmp_path, name)
  assert _export(tmp_path, tmp_path / "network.keras") == 0
  loaded = keras.saving.load_model(tmp_path / "network.keras")
  assert not loaded.compiled
  _assert_same_logits(loaded, model)


def test_keras_loads_exported_weights_into_a_network_of_that_shape(tmp_path):
  model = _begun(tmp_path, "alexnet_small")
  assert _export(tmp_path, tmp_path / "network.weights.h5") == 0
  other = registry.build("alexnet_small", num_classes=100, seed=8)
  with pytest.raises(AssertionError):
    _assert_same_logits(other, model)
  other.load_weights(tmp_path / "network.weights.h5")
  _assert_same_logits(other, model)


def test_exporting_says_what_it_wrote(finished, run, tmp_path, capsys):
  assert _export(finished, tmp_path / "a.keras") == 0
  assert capsys.readouterr().out == (
      f"wrote {tmp_path}/a.keras: mlp_1x512, trained\n")
  (run / "result.json").unlink()
  assert _export(run, tmp_path / "a.keras") == 0
  assert capsys.readouterr().out == (
      f"wrote {tmp_path}/a.keras: mlp_1x512, of a run that is not done\n")
  # A file that cannot be written is no traceback.
  assert _export(run, tmp_path / "absent" / "a.keras") == 4
  assert "a.keras cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("flags, said", [
    ([], "--logdir: expected a run directory. Received: nothing"),
    (["--logdir=."], "--logdir: expected a run directory. Received: "),
    (["--logdir=run"], "--out: expected a file whose name ends in .keras or "
     ".weights.h5. Received: nothing"),
    (["--logdir=run", "--out=model.h5"], "model.h5"),
])
def test_a_mistake_is_refused_before_tensorflow_loads(
    finished, tmp_path, flags, said):
  (tmp_path / "run").mkdir()
  shutil.copy(finished / "config.json", tmp_path / "run")
  done = launch.run_without_tensorflow("export", *flags, folder=tmp_path)
  assert (done.returncode, done.stdout) == (2, "")
  assert said in done.stderr and done.stderr.count("\n") == 1


def test_numbers_need_neither_tensorflow_nor_absl(finished, tmp_path):
  done = launch.python(
      "import sys\n"
      "sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
      "sys.modules['absl'] = None\n"
      "import rethink_tf\n"
      "run = rethink_tf.load_run(sys.argv[1])\n"
      "print(run.result['epochs'], len(run.metrics))\n",
      finished, folder=tmp_path)
  assert (done.returncode, done.stdout) == (0, "2 2\n"), done.stderr


def test_every_field_of_a_config_is_read_back():
  flags = ["--dataset=digits", "--label_seed=3", "--precision=bfloat16",
           "--stop_when_fitted=2"]
  config, _ = training_flags.parse(flags)
  recorded = {**config.as_dict(), "label_hash": "1", "dataset_fingerprint": "2"}
  assert training_flags.read_config(recorded) == config
  assert dataclasses.asdict(config)["precision"] == "bfloat16"


def test_the_runs_below_a_folder_are_one_table(run):
  (run.parent / "begun").mkdir()
  shutil.copyfile(run / "config.json", run.parent / "begun/config.json")
  table = rethink_tf.runs_below(run.parent)
  row, = table.itertuples()  # What is not done is not there.
  assert row.directory == str(run) and row.weight_decay == 0.001
  # Of what config.json and result.json both have, the result's.
  assert row.train_examples == 300 and row.test_accuracy == (
      rethink_tf.load_run(run).result["test_accuracy"])


def test_a_folder_that_there_is_not_has_no_runs(tmp_path):
  with pytest.raises(FileNotFoundError, match="no folder"):
    rethink_tf.runs_below(tmp_path / "runs")


def test_a_curve_has_the_epochs_that_were_measured(finished):
  run = rethink_tf.load_run(finished)
  run.metrics.loc[1, "test_accuracy"] = np.nan  # As --eval_every=2 leaves it.
  assert run.curve("test_accuracy").index.tolist() == [2]
  assert run.curve("train_accuracy").index.tolist() == [1, 2]

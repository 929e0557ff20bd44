"""Tests of train --record_examples: what it keeps, and of what it is."""

import shutil

import numpy as np
import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import digits
from rethink_tf.data import preprocessing
from rethink_tf.flags import training as training_flags
from rethink_tf.programs import train
from rethink_tf.runs import examples
from rethink_tf.training import checkpoints
from rethink_tf.training import experiment

_COUNT = 90
_FLAGS = ("--dataset=digits", "--width=64", "--label_corruption=0.5",
          "--batch_size=32",
          f"--train_examples={_COUNT}", "--dropout=0.2", "--random_crop")


def _train(logdir, *flags, epochs=4):
  return errors.exit_code_of(train.main, [
      "train", *_FLAGS, f"--epochs={epochs}", *flags, f"--logdir={logdir}"])


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory):
  """A run that was never interrupted."""
  path = tmp_path_factory.mktemp("whole") / "run"
  assert _train(path, "--record_examples") == 0
  return path


def _examples(*fitted):
  fitted = np.array(fitted, bool)
  return examples.Examples(
      np.arange(fitted.shape[1]), np.where(fitted, 1, -1), fitted)


def test_when_each_was_fitted_and_how_often_it_was_forgotten():
  made = _examples(
      [1, 0, 1, 0, 1],
      [1, 0, 0, 1, 0],
      [1, 0, 1, 1, 1],
      [1, 0, 1, 1, 0])
  assert made.fitted_since.tolist() == [1, 0, 3, 2, 0]
  assert made.forgotten.tolist() == [0, 0, 1, 0, 2]
  assert {made.fitted_since.dtype, made.forgotten.dtype} == {np.dtype("i4")}
  assert _examples([1, 0]).fitted_since.tolist() == [1, 0]


def test_what_was_fitted_is_the_training_accuracy_of_every_epoch(whole):
  run = rethink_tf.load_run(whole)
  made = run.examples()
  assert made.margins.shape == made.fitted.shape == (4, _COUNT)
  np.testing.assert_allclose(
      made.fitted.mean(axis=1), run.metrics.train_accuracy, atol=1e-6)
  assert 0 < made.fitted.mean() < 1
  np.testing.assert_array_equal(made.example, np.arange(_COUNT))
  np.testing.assert_array_equal(made.fitted, made.margins > 0)


def test_margins_are_of_the_weights_before_the_step(tmp_path):
  """Where an epoch is one step, those that its checkpoint before holds."""
  flags = ("--dataset=digits", "--label_corruption=0.5", "--batch_size=150",
           "--train_examples=200", "--subset=2", "--subset_fraction=0.75")
  path = tmp_path / "run"
  assert errors.exit_code_of(train.main, [
      "train", *flags, "--epochs=2", "--record_examples", f"--logdir={path}",
  ]) == 0
  run = rethink_tf.load_run(path)
  made, labels = run.examples(), run.labels()
  np.testing.assert_array_equal(made.example, np.flatnonzero(labels.seen))
  config = training_flags.read_config(run.config)
  network = experiment.build_model(config, catalog.DATASETS["digits"])
  inputs = np.asarray(preprocessing.standardize(preprocessing.center_crop(
      digits.load()[0].images[:200][labels.seen])))
  assigned = labels.assigned[labels.seen]
  for epoch in (0, 1):
    if epoch:
      (path / "checkpoints/step-00000002.npz").unlink()
      arrays, _ = checkpoints.latest(path / "checkpoints")
      network.set_weights(
          [arrays[f"weights/{w.path}"] for w in network.weights])
    logits = np.asarray(network(inputs), np.float64)
    expected = [row[label] - np.delete(row, label).max()
                for row, label in zip(logits, assigned)]
    np.testing.assert_allclose(
        made.margins[epoch], expected, rtol=2e-3, atol=2e-5)


def test_the_trained_weights_are_those_of_a_run_that_records_nothing(
    whole, tmp_path):
  assert _train(tmp_path / "run") == 0
  plain, recorded = map(rethink_tf.load_run, (tmp_path / "run", whole))
  for name in ("weights_sha256", "optimizer_sha256", "test_loss"):
    assert plain.result[name] == recorded.result[name]
  assert not (tmp_path / "run/examples.npz").exists()
  with pytest.raises(errors.UsageError, match="recorded no examples"):
    plain.examples()


def test_numpy_reads_the_file_without_unpickling(whole):
  made = rethink_tf.load_run(whole).examples()
  with np.load(whole / "examples.npz", allow_pickle=False) as file:
    kinds = {name: (file[name].dtype.str, file[name].shape)
             for name in file.files if name != "manifest.json"}
    np.testing.assert_array_equal(file["fitted_since"], made.fitted_since)
    np.testing.assert_array_equal(file["forgotten"], made.forgotten)
  assert kinds == {
      "example": ("<i4", (_COUNT,)), "margins": ("<f2", (4, _COUNT)),
      "fitted": ("|u1", (4, 12)), "fitted_since": ("<i4", (_COUNT,)),
      "forgotten": ("<i4", (_COUNT,))}
  assert not list((whole / "checkpoints").glob("examples-*"))


def test_a_run_that_is_extended_keeps_what_the_longer_one_would(
    whole, tmp_path):
  path = tmp_path / "run"
  assert _train(path, "--record_examples", epochs=2) == 0
  assert _train(path, "--record_examples", "--extend") == 0
  assert (path / "examples.npz").read_bytes() == (
      whole / "examples.npz").read_bytes()


def test_a_changed_file_is_kept_and_overwrite_starts_anew(whole, tmp_path):
  path = tmp_path / "run"
  shutil.copytree(whole, path)
  (path / "result.json").unlink()
  content = b"x" + (path / "examples.npz").read_bytes()
  (path / "examples.npz").write_bytes(content)
  # Where it was killed before its result, and the file was changed since.
  assert _train(path, "--record_examples") == 4
  assert (path / "examples.npz.kept-1").read_bytes() == content
  assert _train(path, "--record_examples", "--overwrite") == 0
  assert (path / "examples.npz").read_bytes() == content[1:]
  assert (path / "examples.npz.kept-1").read_bytes() == content


def test_a_damaged_file_is_named(whole, tmp_path):
  shutil.copytree(whole, tmp_path / "run")
  file = tmp_path / "run/examples.npz"
  file.write_bytes(file.read_bytes()[:-1] + b"x")
  with pytest.raises(errors.StorageError, match="examples.npz is damaged"):
    rethink_tf.load_run(tmp_path / "run").examples()
  file.unlink()
  with pytest.raises(errors.StorageError, match="epoch 1 is missing"):
    rethink_tf.load_run(tmp_path / "run").examples()


@pytest.mark.parametrize("flags, said", [
    (["--strategy=mirrored"],
     "--record_examples: expected --strategy=one_device with it. Received: "
     "mirrored"),
    (["--epochs=1000000"], "of which it keeps up to 60,000,000 bytes. "
     "Received: 191,250,000"),
])
def test_what_cannot_be_recorded_is_refused(tmp_path, capsys, flags, said):
  assert _train(tmp_path / "run", "--record_examples", *flags) == 2
  error = capsys.readouterr().err
  assert said in error and error.count("\n") == 1
  assert not (tmp_path / "run").exists()

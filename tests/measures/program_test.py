"""Tests of measure as a program: what it computes, keeps, refuses."""

import json
import shutil

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.data import digits
from rethink_tf.measures import registry
from rethink_tf.measures import runs
from rethink_tf.programs import interpolate
from rethink_tf.programs import measure
from rethink_tf.programs import train

_FLAGS = ("--dataset=digits", "--train_examples=100")
# A narrow network, whose measures take no time.
_TRAIN = ("train", *_FLAGS, "--width=16")


def _main(folder):
  return errors.exit_code_of(measure.main, ["measure", f"--runs={folder}"])


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory):
  """Two networks, a kernel's run, and one that is not done."""
  folder = tmp_path_factory.mktemp("runs")
  for corruption in (0, 1):
    assert errors.exit_code_of(train.main, [
        *_TRAIN, "--epochs=2", f"--label_corruption={corruption}",
        f"--logdir={folder / str(corruption)}"]) == 0
  assert errors.exit_code_of(interpolate.main, [
      "interpolate", *_FLAGS, "--l2=1", f"--logdir={folder / 'kernel'}"]) == 0
  shutil.copytree(folder / "0", folder / "begun")
  (folder / "begun/result.json").unlink()
  return folder


@pytest.fixture(name="folder")
def _folder(made, tmp_path):
  return shutil.copytree(made, tmp_path / "runs")


def _kept(folder):
  return json.loads((folder / runs.FILE).read_text())


def test_every_network_is_measured_and_the_rest_named(folder, capsys):
  assert _main(folder) == 0
  said = capsys.readouterr().out
  true, random = _kept(folder / "0"), _kept(folder / "1")
  for kept in (true, random):
    assert {*kept["values"], *kept["undefined"]} == set(registry.MEASURES)
    for name, value in kept["values"].items():
      assert f"{name:30} {value:.6g}" in said
  assert f"{folder / 'kernel'}: interpolate's, no network's: left out" in said
  assert f"{folder / 'begun'} is not done: left out" in said
  assert true["values"] != random["values"]


def test_weights_are_those_at_the_end_and_those_at_the_beginning(folder):
  assert _main(folder) == 0
  path, = (folder / "0/checkpoints").glob("step-00000002.npz")
  with np.load(path) as file:
    kernels = {name: file[name] for name in file.files
               if name.startswith("weights/") and name.endswith("kernel")}
  assert len(kernels) == 2
  assert _kept(folder / "0")["values"]["frobenius_norm"] == pytest.approx(
      np.sqrt(sum(np.square(k, dtype=float).sum() for k in kernels.values())))


def test_what_is_kept_is_not_computed_again(folder, monkeypatch, capsys):
  assert _main(folder) == 0
  said = capsys.readouterr().out
  monkeypatch.setattr(runs, "load_subject", None)
  assert _main(folder) == 0
  assert capsys.readouterr().out == said
  # Another version's measures are.
  kept = _kept(folder / "0")
  del kept["values"]["spectral_sum"]
  (folder / "0" / runs.FILE).write_text(json.dumps(kept))
  with pytest.raises(TypeError):
    _main(folder)


def test_a_run_without_its_checkpoint_is_named_and_the_others_measured(
    folder, capsys):
  shutil.rmtree(folder / "0/checkpoints")
  assert _main(folder) == 4
  assert (f"warning: {folder / '0'} has no checkpoint left to measure: not "
          "measured") in capsys.readouterr().err
  assert not (folder / "0" / runs.FILE).exists()
  assert (folder / "1" / runs.FILE).exists()


def test_weights_of_another_run_are_refused(folder, capsys):
  shutil.rmtree(folder / "0/checkpoints")
  shutil.copytree(folder / "1/checkpoints", folder / "0/checkpoints")
  assert _main(folder) == 4
  assert "not of the weights that result.json is of" in capsys.readouterr().err


def test_other_data_are_refused(folder, capsys):
  for name in ("config.json", "result.json"):
    path = folder / "0" / name
    values = json.loads(path.read_text())
    values["dataset_fingerprint"] = "0" * 64
    path.write_text(json.dumps(values))
  (folder / "0/SHA256SUMS").unlink()
  assert _main(folder) == 3
  assert ("expected data with dataset_fingerprint 00000000. Received: "
          in capsys.readouterr().err)


def test_labels_of_a_file_are_not_at_hand(folder, capsys, tmp_path):
  path = tmp_path / "labels.txt"
  shutil.rmtree(folder)
  path.write_text("\n".join(map(str, digits.load()[0].labels)))
  assert errors.exit_code_of(train.main, [
      *_TRAIN, "--epochs=1", f"--labels_file={path}",
      f"--logdir={folder / 'mine'}"]) == 0
  assert _main(folder) == 0
  assert "is of labels of a file, which cannot be measured yet" in (
      capsys.readouterr().out)


def test_a_folder_without_runs_is_refused(tmp_path, capsys):
  assert _main(tmp_path) == 2
  assert "--runs: expected run directories" in capsys.readouterr().err
  assert _main(tmp_path / "absent") == 2

"""Tests of the whole program: its result, its refusals, kills and signals."""

import json
import signal
import time

import pytest

import rethink_tf
from rethink_tf import errors
from rethink_tf.data import dataset
from rethink_tf.data import datasets
from rethink_tf.programs import interpolate
from rethink_tf.runs import results
from rethink_tf.runs import sealed
from rethink_tf.runs import signals
from tests import launch

_FLAGS = ("--dataset=digits", "--logdir=run")
_NET = (*_FLAGS, "--preprocessing=random_convnet", "--filters=700",
        "--checkpoint_minutes=0.0001", "--tolerance=1e-9")
# Many seconds of accumulation on any machine, and no checkpoint is due in it.
_LARGE_NET = (*_NET, "--filters=4000", "--checkpoint_minutes=100")
# The issue's, in its order; dataset_fingerprint last.
_KEYS = [
    "status", "dataset", "n", "kernel", "bandwidth", "l2", "train_error",
    "test_error", "relative_residual", "min_norm", "condition_estimate",
    "peak_memory_gb", "wall_seconds", "seed", "dataset_fingerprint"]
# Of a result, what a machine and its day may change.
_OF_THE_DAY = ("wall_seconds", "peak_memory_gb")


def _run(*flags, folder):
  done = launch.run("interpolate", *flags, folder=folder)
  assert done.returncode == 0, done.stderr
  return done


def _result(folder):
  result = json.loads((folder / "run/result.json").read_text())
  return {k: v for k, v in result.items() if k not in _OF_THE_DAY}


@pytest.fixture(name="finished", scope="module")
def _finished(tmp_path_factory):
  folder = tmp_path_factory.mktemp("finished")
  _run(*_FLAGS, folder=folder)
  return folder


@pytest.fixture(name="net", scope="module")
def _net(tmp_path_factory):
  folder = tmp_path_factory.mktemp("net")
  _run(*_NET, folder=folder)
  return _result(folder)


@pytest.fixture(name="large_net", scope="module")
def _large_net(tmp_path_factory):
  folder = tmp_path_factory.mktemp("large_net")
  _run(*_LARGE_NET, folder=folder)
  return _result(folder)


def test_a_run_fits_exactly_and_says_all_that_was_asked(finished):
  result = json.loads((finished / "run/result.json").read_text())
  assert list(result) == _KEYS
  assert results.FIELDS["interpolate"] <= set(result)
  assert (result["status"], result["n"], result["kernel"]) == (
      "done", 1297, "gaussian")
  assert result["train_error"] == 0
  assert 0.005 < result["test_error"] < 0.05
  assert result["relative_residual"] <= 1e-4
  # A kernel with ones on its diagonal: between sqrt(n / largest) and
  # sqrt(n * condition / n).
  assert 1 < result["min_norm"] < result["condition_estimate"] ** 0.5
  assert 0.1 < result["peak_memory_gb"] < 4
  run = rethink_tf.load_run(finished / "run")
  assert list(run.metrics.columns) == ["iteration", "relative_residual"]
  residuals = run.metrics["relative_residual"]
  assert residuals.iloc[-1] == result["relative_residual"]


def test_a_finished_run_keeps_no_checkpoints_and_can_be_checked(finished):
  names = {p.name for p in (finished / "run").iterdir()}
  assert names == {"config.json", "environment.json", "metrics.csv",
                   "result.json", "MANIFEST", "SHA256SUMS", "lock"}


def test_a_finished_run_is_reported_not_redone(finished):
  before = (finished / "run/result.json").stat().st_mtime_ns
  done = launch.run_without_tensorflow("interpolate", *_FLAGS, folder=finished)
  assert done.returncode == 0 and "holds this run, done" in done.stdout
  assert "test error" in done.stdout
  assert (finished / "run/result.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("flags, code, words", [
    ((*_FLAGS, "--bandwidth=4"), 2, "bandwidth was 5.0 and is 4.0"),
    ((*_FLAGS, "--noresume"), 2, "--noresume"),
])
def test_a_finished_run_is_not_touched_by_another(finished, flags, code, words):
  done = launch.run("interpolate", *flags, folder=finished)
  line, = launch.errors_of(done)
  assert done.returncode == code and words in line


@pytest.mark.parametrize("flags, code, words", [
    (("--bandwidth=0",), 2, "--bandwidth"),
    (("--bandwidth=-1",), 2, "--bandwidth"),
    (("--l2=nan",), 2, "--l2"),
    (("--solver=qr",), 2, "cholesky, cg"),
    (("--dataset=mnist", "--data_dir=absent"), 3, "--data_dir"),
    (("--dataset=mnist", "--memory_gb=2"), 4, "--solver=cg needs"),
    (("--dataset=cifar10", "--preprocessing=random_convnet", "--l2=0.1",
      "--memory_gb=2"), 4, "fewer --train_examples"),
    (("--dataset=cifar10", "--preprocessing=random_convnet",
      "--kernel=linear"), 2, "--filters: expected at least 6,250, or --l2"),
])
def test_refusals_come_in_one_line_before_any_work(
    tmp_path, flags, code, words):
  done = launch.run_without_tensorflow(
      "interpolate", "--logdir=run", *flags, folder=tmp_path)
  line, = launch.errors_of(done)
  assert (done.returncode, done.stdout) == (code, "")
  assert line.startswith("error: ") and words in line
  assert not list(tmp_path.iterdir())


def test_the_refusals_above_are_not_for_want_of_tensorflow(tmp_path):
  done = launch.run_without_tensorflow(
      "interpolate", *_FLAGS, folder=tmp_path)
  assert done.returncode == 1 and "ModuleNotFoundError" in done.stderr


def test_equal_images_with_different_labels_exit_3_and_are_counted(
    tmp_path, monkeypatch, capsys):
  real = datasets.load("digits")
  images, labels = real.train.images.copy(), real.train.labels.copy()
  images[:30:3] = images[1:30:3]
  changed = dataset.Dataset(
      dataset.Split(images, labels), real.test, real.label_names, "f" * 64)
  monkeypatch.setattr(datasets, "load", lambda name, data_dir: changed)
  differ = int((labels[:30:3] != labels[1:30:3]).sum())
  assert differ > 5
  argv = ["interpolate", "--dataset=digits", f"--logdir={tmp_path}/run"]
  assert errors.exit_code_of(interpolate.main, argv) == 3
  line, = capsys.readouterr().err.splitlines()
  assert f"{differ} images" in line and "singular" in line
  # With l2 there is a solution.
  assert errors.exit_code_of(interpolate.main, [*argv, "--l2=0.1"]) == 0
  assert "training error" in capsys.readouterr().out


def _wait_for(path, process):
  deadline = time.monotonic() + 200
  while not path.exists():
    assert process.poll() is None and time.monotonic() < deadline
    time.sleep(0.01)


def _block(folder):
  _, state = sealed.read(folder / "run/checkpoints/gram.npz")
  return state["block"]


def test_a_killed_accumulation_goes_on_from_its_last_block(tmp_path, net):
  process = launch.start("interpolate", *_NET, folder=tmp_path)
  _wait_for(tmp_path / "run/checkpoints/gram.npz", process)
  process.kill()
  process.communicate()
  assert not (tmp_path / "run/result.json").exists()
  assert _block(tmp_path) in range(4)
  _run(*_NET, folder=tmp_path)
  assert _result(tmp_path) == net


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_exits_75_in_one_line(tmp_path, large_net, number):
  process = launch.start("interpolate", *_LARGE_NET, folder=tmp_path)
  _wait_for(tmp_path / "run/checkpoints", process)
  time.sleep(2)
  process.send_signal(number)
  _, err = process.communicate(timeout=60)
  assert not (tmp_path / "run/result.json").exists(), "done before the signal"
  line, = launch.error_lines(err)
  assert process.returncode == 75
  assert line.startswith(
      f"stopped by {signals.name_of(number)}; the same command")
  assert (tmp_path / "run/checkpoints/gram.npz").exists()
  _run(*_LARGE_NET, folder=tmp_path)
  assert _result(tmp_path) == large_net


def test_a_damaged_gram_matrix_is_named_and_accumulated_anew(tmp_path, net):
  process = launch.start("interpolate", *_NET, folder=tmp_path)
  _wait_for(tmp_path / "run/checkpoints/gram.npz", process)
  process.kill()
  process.communicate()
  path = max((tmp_path / "run/checkpoints").glob("gram-*-0000.npz"))
  content = bytearray(path.read_bytes())
  content[len(content) // 2] ^= 4
  path.write_bytes(content)
  done = _run(*_NET, folder=tmp_path)
  assert any(str(path) in line for line in launch.errors_of(done))
  assert _result(tmp_path) == net


def test_without_checkpoints_the_result_is_the_same(tmp_path, net):
  _run(*_NET, "--nocheckpoint", folder=tmp_path)
  assert _result(tmp_path) == net


def test_overwrite_solves_anew(finished, tmp_path):
  _run(*_FLAGS, "--train_examples=300", folder=tmp_path)
  first = _result(tmp_path)
  _run(*_FLAGS, "--overwrite", folder=tmp_path)
  assert _result(tmp_path) == _result(finished) != first

"""Tests of several workers, on 127.0.0.1: equivalence and faults."""

import json
import signal
import time

import numpy as np
import pytest

from rethink_tf.runs import signals
from tests import launch
from tests.distributed import workers

_FLAGS = (
    "--dataset=digits", "--batch_size=64", "--train_examples=640",
    "--logdir=run")
# Long enough to be disturbed, with all that a step draws.
_LONG = (
    *_FLAGS, "--epochs=12", "--eval_every=4", "--random_crop", "--dropout=0.2",
    "--label_corruption=0.5")


@pytest.fixture(name="undisturbed", scope="module")
def _undisturbed(tmp_path_factory):
  return workers.train(tmp_path_factory.mktemp("undisturbed"), *_LONG)


# Twenty steps each. 1,260 examples leave a batch of 44, and 63 one of 15. In as
# many steps of Inception rounding errors grow to 1e-3 at its own rate of 0.1,
# and to 1e-5 at a tenth of it.
@pytest.mark.parametrize("flags, tolerance", [
    (("--model=mlp_1x512", "--train_examples=1260", "--epochs=1"), 1e-5),
    (("--model=mlp_3x512", "--train_examples=1260", "--epochs=1"), 1e-5),
    (("--model=alexnet_small", "--train_examples=1260", "--epochs=1"), 1e-5),
    (("--model=inception_small_no_bn", "--train_examples=63", "--batch_size=16",
      "--epochs=5", "--eval_every=5", "--learning_rate=0.01"), 1e-4),
])
def test_two_workers_train_as_one_device_does(tmp_path, flags, tolerance):
  together = workers.train(tmp_path / "two", *_FLAGS, *flags)
  (tmp_path / "one").mkdir()
  done = launch.run("train", *_FLAGS, *flags, folder=tmp_path / "one")
  assert done.returncode == 0, done.stderr
  alone = workers.result(tmp_path / "one")
  assert alone["steps"] == together["steps"] == 20
  paths = [workers.checkpoints(tmp_path / name)[-1] for name in ("one", "two")]
  with np.load(paths[0]) as one, np.load(paths[1]) as two:
    names = [name for name in one.files if name != "manifest.json"]
    assert set(one.files) == set(two.files)
    for name in names:
      np.testing.assert_allclose(one[name], two[name], atol=tolerance)
  for name, value in alone.items():
    if isinstance(value, float):
      value = pytest.approx(value, rel=1e-3)
    if not name.endswith("sha256"):
      assert together[name] == value, name
  configs = [(tmp_path / name / "run/config.json").read_text()
             for name in ("one", "two")]
  assert configs[0] == configs[1]


def test_how_the_work_is_shared_is_stated_and_recorded(tmp_path):
  addresses, processes = launch.start_workers(
      "train", [*_FLAGS, "--epochs=1"], tmp_path)
  out, _ = processes[0].communicate(timeout=280)
  silent, _ = processes[1].communicate(timeout=60)
  first, _, rest = out.partition("\n")
  assert first.startswith("Training mlp_1x512 on digits, true labels, ")
  assert rest.startswith(
      "global batch 64 (32 each on 2 replicas of 2 workers), learning rate "
      "0.01, 10 steps (10 an epoch)\n")
  assert silent.startswith("worker 1 weights_sha256=")
  recorded = json.loads((tmp_path / "run/environment.json").read_text())
  assert recorded["workers"] == addresses
  assert (recorded["global_batch"], recorded["steps"]) == (64, 10)


@pytest.mark.parametrize("victim, number, how", [
    (0, signal.SIGKILL, "is gone"), (1, signal.SIGKILL, "is gone"),
    (1, signal.SIGSTOP, "said nothing for 30 seconds")])
def test_a_lost_worker_ends_the_other_and_the_same_command_goes_on(
    tmp_path, undisturbed, victim, number, how):
  addresses, processes = launch.start_workers("train", _LONG, tmp_path)
  workers.wait_for_a_checkpoint(tmp_path, processes)
  processes[victim].send_signal(number)
  start = time.monotonic()
  try:
    code, _, lines = workers.ends([processes[1 - victim]])[0]
  finally:
    processes[victim].kill()
    processes[victim].communicate()
  assert time.monotonic() - start < 60
  assert code == 75
  line, = lines
  assert f"worker {victim} ({addresses[victim]}) {how}" in line
  assert workers.train(tmp_path, *_LONG) == undisturbed


@pytest.mark.parametrize("number, victim", [
    (signal.SIGTERM, 1), (signal.SIGINT, 0)])
def test_a_signal_to_one_worker_stops_all_after_the_same_step(
    tmp_path, undisturbed, number, victim):
  addresses, processes = launch.start_workers("train", _LONG, tmp_path)
  workers.wait_for_a_checkpoint(tmp_path, processes)
  processes[victim].send_signal(number)
  ends = workers.ends(processes, timeout=60)
  assert [code for code, _, _ in ends] == [75, 75], ends
  (own,), (others,) = ends[victim][2], ends[1 - victim][2]
  name = signals.name_of(number)
  assert own.startswith(f"stopped by {name}; ")
  assert others.startswith(
      f"stopped by {name} to worker {victim} "
      f"({addresses[victim]}); ")
  step = int(own.rpartition("step ")[2])
  assert step == int(others.rpartition("step ")[2])
  assert workers.checkpoints(tmp_path)[-1].name == f"step-{step:08d}.npz"
  assert workers.train(tmp_path, *_LONG) == undisturbed


def test_a_finished_run_is_shown_by_all_and_not_trained_again(tmp_path):
  result = workers.train(tmp_path, *_FLAGS, "--epochs=1")
  before = workers.checkpoints(tmp_path)[-1].stat().st_mtime_ns
  assert workers.train(tmp_path, *_FLAGS, "--epochs=1") == result
  assert workers.checkpoints(tmp_path)[-1].stat().st_mtime_ns == before


def test_a_worker_that_never_comes_is_named_before_tensorflow_loads(tmp_path):
  addresses, processes = launch.start_workers(
      "train", [*_FLAGS, "--worker_timeout=0.05"], tmp_path, which=[0])
  (code, _, (line,)), = workers.ends(processes)
  assert code == 75
  assert line == (
      f"error: worker 1 ({addresses[1]}) did not come within 0.05 minutes "
      "(--worker_timeout)")
  assert not (tmp_path / "run").exists()


def test_different_flags_end_both_with_2(tmp_path):
  addresses, processes = launch.start_workers(
      "train", lambda worker: [*_FLAGS, f"--seed={worker + 1}"], tmp_path)
  expected = (
      f"error: worker 1 ({addresses[1]}): expected the seed of worker 0 "
      f"({addresses[0]}), 1. Received: 2")
  assert workers.ends(processes) == [(2, "", [expected])] * 2
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("begun", [False, True])
def test_workers_without_the_same_logdir_are_refused(
    tmp_path, monkeypatch, begun):
  monkeypatch.setenv("RETHINK_TF_SECRET", "of sixteen or more")
  if begun:
    workers.train(tmp_path, *_FLAGS, "--epochs=1")
    (tmp_path / "run/result.json").unlink()
  _, processes = launch.start_workers(
      "train", lambda worker: [
          *_FLAGS, "--epochs=1", f"--logdir={'run' if not worker else 'else'}"],
      tmp_path)
  for code, _, (line,) in workers.ends(processes):
    assert code == 2
    assert "--logdir that all workers share" in line


def test_without_the_same_logdir_or_a_secret_workers_do_not_meet(tmp_path):
  addresses, processes = launch.start_workers(
      "train", lambda worker: [
          *_FLAGS, "--epochs=1", "--worker_timeout=0.2",
          f"--logdir={'run' if not worker else 'else'}"], tmp_path)
  (code, _, (line,)), (other, _, (seen,)) = workers.ends(processes)
  assert (code, other) == (75, 75)
  assert f"worker 1 ({addresses[1]}) did not come" in line
  assert f"{tmp_path}/else/workers.key, which worker 0 writes" in seen
  assert not any(tmp_path.glob("*/*"))

"""Tests of asynchronous workers, on 127.0.0.1: equivalence and faults.

Every wait has a time-out, and no process outlives its test.
"""

import contextlib
import csv
import json
import os
import signal

import numpy as np
import pytest

from rethink_tf.distributed import servers
from tests import launch
from tests.distributed import workers

_SECONDS = 400
_FLAGS = (
    "--dataset=digits", "--batch_size=64", "--train_examples=640",
    "--logdir=run")
# Long enough to be disturbed, with all that a step draws.
_LONG = (
    *_FLAGS, "--epochs=40", "--eval_every=10", "--random_crop",
    "--dropout=0.2", "--label_corruption=0.5")


class _Run:
  """The processes of a run in a folder, which end with the block."""

  def __init__(self, folder, *flags, workers=1, **environment):
    folder.mkdir(exist_ok=True)
    self._flags = flags
    self._folder = folder
    self._killed = []
    self._cluster, self._processes = launch.start_roles(
        flags, folder, workers, **environment)

  def __enter__(self):
    return self

  def __exit__(self, *error):
    for process in (*self._processes.values(), *self._killed):
      with contextlib.suppress(ProcessLookupError):
        process.kill()
      process.communicate(timeout=_SECONDS)

  def name(self, kind, index):
    called = {"worker": "worker", "ps": "parameter server"}[kind]
    return f"{called} {index} ({self._cluster[kind][index]})"

  def wait_for_a_checkpoint(self):
    workers.wait_for_a_checkpoint(
        self._folder, [*self._processes.values()])

  def send(self, number, kind="chief", index=0):
    self._processes[kind, index].send_signal(number)

  def replace(self, kind, index):
    self._killed.append(self._processes[kind, index])
    self._killed[-1].wait(_SECONDS)
    self._processes[kind, index] = launch.start_role(
        self._cluster, kind, index, self._flags, self._folder)

  def end(self):
    """Returns the coordinator's exit code and the lines that say why."""
    (code, _, lines), = workers.ends(
        [self._processes["chief", 0]], _SECONDS)
    return code, lines

  def end_servers(self):
    """Returns the codes and the last lines of all others."""
    return [(code, line) for code, line, _ in workers.ends(
        [process for (kind, _), process in self._processes.items()
         if kind != "chief"], _SECONDS)]


def _train(folder, *flags, **others):
  with _Run(folder, *flags, **others) as run:
    assert run.end() == (0, [])
  return workers.result(folder)


def _rows(folder, name):
  with (folder / "run" / name).open(encoding="utf-8", newline="") as file:
    return list(csv.DictReader(file))


def _assert_alike(one, two, tolerance=1e-5):
  """Asserts that two runs ended in the same numbers but for rounding."""
  paths = [workers.checkpoints(folder)[-1] for folder in (one, two)]
  with np.load(paths[0]) as first, np.load(paths[1]) as second:
    assert set(first.files) == set(second.files)
    for name in set(first.files) - {"manifest.json"}:
      np.testing.assert_allclose(
          first[name], second[name], atol=tolerance, err_msg=name)
  for row, other in zip(
      *(_rows(folder, "metrics.csv") for folder in (one, two)), strict=True):
    for name in ("epoch", "step", "learning_rate", "train_loss",
                 "train_accuracy", "test_loss", "test_accuracy"):
      assert row[name] == other[name] or float(row[name]) == pytest.approx(
          float(other[name]), rel=1e-3), (row["epoch"], name)


@pytest.fixture(name="alone", scope="module")
def _alone(tmp_path_factory):
  """The folder of one process's run."""
  folder = tmp_path_factory.mktemp("alone")
  done = launch.run("train", *_LONG, folder=folder)
  assert done.returncode == 0, done.stderr
  return folder


def test_one_worker_trains_as_one_process_does(tmp_path, alone):
  with _Run(tmp_path, *_LONG) as run:
    assert run.end() == (0, [])
    assert run.end_servers() == [
        (0, f"{run.name(kind, 0)}: the coordinator has ended")
        for kind in ("worker", "ps")]
  _assert_alike(tmp_path, alone)
  result, expected = workers.result(tmp_path), workers.result(alone)
  assert set(result) == set(expected)
  assert (result["steps"], result["params"]) == (
      expected["steps"], expected["params"])
  # What nobody else has updated is not stale.
  assert [(row["epoch"], row["mean_staleness"], row["largest_staleness"])
          for row in _rows(tmp_path, "staleness.csv")] == [
              (str(epoch), "0.0", "0.0") for epoch in range(1, 41)]
  config = json.loads((tmp_path / "run/config.json").read_text())
  assert config.pop("strategy") == "parameter_server"
  assert config == json.loads((alone / "run/config.json").read_text())


# One step: a change of its weights by 1e-7 changes this network's gradients in
# the third one by three quarters. And on as many threads: others round sums
# otherwise, which moves its weights by 8e-5 in one step.
def test_batch_normalization_is_that_of_one_process_too(tmp_path):
  flags = (
      "--model=inception_small", "--train_examples=16", "--batch_size=16",
      "--epochs=1", "--learning_rate=0.01")
  _train(tmp_path / "worker", *_FLAGS, *flags)
  (tmp_path / "alone").mkdir()
  done = launch.run(
      "train", *_FLAGS, *flags, folder=tmp_path / "alone",
      TF_NUM_INTRAOP_THREADS=str(max(servers.LEAST_THREADS, os.cpu_count())))
  assert done.returncode == 0, done.stderr
  _assert_alike(tmp_path / "worker", tmp_path / "alone", 1e-6)


def test_two_workers_fit_random_labels(tmp_path):
  result = _train(
      tmp_path, *_FLAGS, "--label_corruption=1", "--train_examples=200",
      "--batch_size=20", "--epochs=60", "--eval_every=60", workers=2,
      # On so few steps would stand still.
      TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")
  assert result["train_accuracy"] == 1
  assert result["steps"] == 600
  staleness = _rows(tmp_path, "staleness.csv")
  assert len(staleness) == 60
  assert max(float(row["largest_staleness"]) for row in staleness) >= 1
  # Of two workers one is ahead of the other's step, and rarely by much.
  assert 0 < np.mean([float(row["mean_staleness"]) for row in staleness]) < 2
  assert all(float(row["mean_staleness"]) <= float(row["largest_staleness"])
             for row in staleness)


@pytest.mark.parametrize("count", [1, 2])
def test_a_killed_workers_steps_are_done_by_who_takes_its_place(
    tmp_path, count):
  with _Run(tmp_path, *_LONG, workers=count) as run:
    run.wait_for_a_checkpoint()
    run.send(signal.SIGKILL, "worker", 0)
    if count == 1:  # Nobody else could do them.
      run.replace("worker", 0)
    assert run.end() == (0, [])
  assert workers.result(tmp_path)["steps"] == 400
  assert [int(row["step"]) for row in _rows(tmp_path, "metrics.csv")] == [
      *range(10, 401, 10)]


def test_a_lost_parameter_server_ends_the_run_which_goes_on(tmp_path, alone):
  with _Run(tmp_path, *_LONG) as run:
    run.wait_for_a_checkpoint()
    run.send(signal.SIGKILL, "ps", 0)
    assert run.end() == (75, [
        f"error: {run.name('ps', 0)} is gone; the same commands go on from the "
        "last checkpoint"])
  assert not (tmp_path / "run/result.json").exists()
  _train(tmp_path, *_LONG)
  _assert_alike(tmp_path, alone)


def test_a_signal_saves_and_the_same_commands_go_on(tmp_path, alone):
  with _Run(tmp_path, *_LONG) as run:
    run.wait_for_a_checkpoint()
    run.send(signal.SIGTERM)
    code, (line,) = run.end()
  assert code == 75
  assert line.startswith(
      "stopped by SIGTERM; the same command goes on from epoch ")
  saved = workers.checkpoints(tmp_path)[-1].name
  assert saved == f"step-{int(line.rpartition(' ')[2]):08d}.npz"
  _train(tmp_path, *_LONG)
  _assert_alike(tmp_path, alone)
  assert len(_rows(tmp_path, "staleness.csv")) == 40


def test_standing_still_ends_the_run(tmp_path):
  with _Run(tmp_path, *_LONG, "--worker_timeout=0.5") as run:
    run.wait_for_a_checkpoint()
    run.send(signal.SIGSTOP, "worker", 0)
    assert run.end() == (75, [
        "error: no step was done within 0.5 minutes (--worker_timeout); the "
        "same commands go on from the last checkpoint"])


def test_a_worker_that_never_comes_is_named(tmp_path):
  cluster = dict(zip(
      ("chief", "worker", "ps"), ([one] for one in launch.free_addresses(3))))
  process = launch.start_role(
      cluster, "chief", 0, [*_FLAGS, "--worker_timeout=0.05"], tmp_path)
  (code, _, (line,)), = workers.ends([process], _SECONDS)
  assert code == 75
  assert line == (
      f"error: worker 0 ({cluster['worker'][0]}) and parameter server 0 "
      f"({cluster['ps'][0]}) did not come within 0.05 minutes "
      "(--worker_timeout)")
  assert not (tmp_path / "run").exists()

"""Tests of suites that run: killed, stopped, failing, shared between suites."""

import json
import os
import pathlib
import re
import shlex
import signal
import time

import pytest

from rethink_tf import errors
from rethink_tf.programs import reproduce
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals
from rethink_tf.runs import storage
from rethink_tf.suites import plan as suite_plan
from rethink_tf.suites import runner as suite_runner
from tests import launch

_TINY = """
[[run]]
name = "{name}"
flagfile = "configs/quickstart.flags"
flags.train_examples = 64
flags.batch_size = 16
flags.epochs = {epochs}
flags.learning_rate = {rate}
"""


def _suite(folder, *runs):
  text = "".join(
      _TINY.format(name=name, epochs=epochs, rate=rate)
      for name, epochs, rate in runs)
  path = folder / "mine.toml"
  path.write_text(f'title = "mine"\n{text}', encoding="utf-8")
  return path


def _main(*arguments):
  return errors.exit_code_of(
      reproduce.main, ["reproduce", *map(str, arguments)])


def _results(folder):
  return sorted(folder.rglob("result.json"))


def _wait_for(condition, seconds=120):
  end = time.monotonic() + seconds
  while not condition():
    assert time.monotonic() < end, "waited in vain"
    time.sleep(0.1)


def _someone_trains(folder):
  """Tells whether a run has begun to train and is not done."""
  return any(not (path.parent / "result.json").exists()
             for path in folder.rglob("metrics.csv"))


def test_the_smoke_suite_survives_a_kill_in_the_middle(tmp_path):
  runs = tmp_path / "runs"
  flags = ("--suite=smoke", f"--logdir={runs}", "--max_parallel=2")
  first = launch.start("reproduce", *flags, folder=tmp_path)
  _wait_for(lambda: _results(runs) and _someone_trains(runs), seconds=400)
  first.kill()
  first.communicate()
  done = {path: path.stat().st_mtime_ns for path in _results(runs)}
  assert 1 <= len(done) < 6
  again = launch.run("reproduce", *flags, folder=tmp_path)
  assert again.returncode == 0, again.stdout + again.stderr
  assert len(_results(runs)) == 6
  assert "6 of 6 runs are done" in again.stdout
  assert "goes on after epoch" in again.stdout
  for path, written in done.items():
    assert path.stat().st_mtime_ns == written  # Not trained again.
  accuracies = {}
  for path in _results(runs):
    name = re.sub("-[0-9a-f]{8}$", "", path.parent.parent.name)
    accuracies[name] = json.loads(path.read_text())
  assert set(accuracies) == {
      "digits_p0", "digits_p0.5", "digits_p1", "digits_shuffled_pixels",
      "digits_random_pixels", "digits_gaussian"}
  for name, result in accuracies.items():
    assert result["train_accuracy"] > 0.999, name
  assert accuracies["digits_p0"]["test_accuracy"] > 0.85
  # One permutation for all leaves what a network without locality needs.
  assert accuracies["digits_shuffled_pixels"]["test_accuracy"] > 0.85
  for name in ("digits_p1", "digits_random_pixels", "digits_gaussian"):
    assert accuracies[name]["test_accuracy"] < 0.2, name


def test_a_suite_goes_on_past_a_run_that_fails_and_says_so(tmp_path):
  suite = _suite(tmp_path, ("diverges", 2, 1e30), ("good", 1, 0.01))
  done = launch.run("reproduce",
      f"--suite={suite}", "--logdir=runs", folder=tmp_path)
  assert done.returncode == 5
  assert len(_results(tmp_path / "runs")) == 1
  assert "1 of 2 runs are done" in done.stdout
  failure, = [line for line in done.stdout.splitlines()
              if line.startswith("failed")]
  assert "exit code 5: diverges seed 1: error: the loss is" in failure
  assert not done.stderr


def test_sigterm_stops_the_runs_where_they_have_saved(tmp_path):
  suite = _suite(tmp_path, ("long", 100_000, 0.01))
  flags = (f"--suite={suite}", "--logdir=runs")
  process = launch.start("reproduce", *flags, folder=tmp_path)
  _wait_for(lambda: _someone_trains(tmp_path / "runs"))
  process.send_signal(signal.SIGTERM)
  _, err = process.communicate(timeout=30)
  assert process.returncode == 75
  assert err == ("stopped by SIGTERM; the same command goes on from "
                 "where each run has saved\n")
  log, = (tmp_path / "runs" / "logs").iterdir()
  assert "stopped by SIGTERM" in log.read_text().splitlines()[-1]
  listed = launch.run("reproduce", *flags, "--dry_run", folder=tmp_path)
  assert re.search(r"goes on after epoch [1-9]", listed.stdout)


def test_it_trains_others_while_it_waits_for_a_run_in_use(tmp_path, capsys):
  suite = _suite(tmp_path, ("one", 1, 0.01), ("two", 2, 0.01))
  flags = (f"--suite={suite}", f"--logdir={tmp_path}/runs")
  assert _main(*flags, "--print_commands") == 0
  folder, _ = re.findall(r"--logdir=(\S+)", capsys.readouterr().out)
  with run_directory.claim(pathlib.Path(folder)):
    process = launch.start("reproduce", *flags, folder=tmp_path)
    lines = []
    while not lines or "two seed 1: training accuracy" not in lines[-1]:
      lines.append(process.stdout.readline())
      assert lines[-1], lines
    assert lines.count(
        f"one seed 1: in use by process {os.getpid()}; waits for it\n") == 1
  out, err = process.communicate(timeout=100)
  assert process.returncode == 0, out + err
  assert "2 of 2 runs are done" in out


def test_a_run_that_another_process_has_finished_meanwhile_is_done(
    tmp_path, capsys):
  plans = suite_plan.load(str(_suite(tmp_path, ("one", 1, 0.01))))
  job, = suite_runner.jobs(plans, tmp_path / "runs", {"digits": 1297}, {})
  job.directory.mkdir(parents=True)
  storage.write_json(job.directory / "result.json", {
      "train_accuracy": 0.5, "test_accuracy": 0.25, "wall_seconds": 3})
  assert not suite_runner.run([job], tmp_path / "runs", None, 1, signals.Stop())
  assert job.done and not (tmp_path / "runs" / "logs").exists()
  assert capsys.readouterr().out == (
      "[1/1] one seed 1: training accuracy 50.00%, test accuracy 25.00%, 3 s\n")


def test_a_damaged_run_is_not_done_and_says_what_to_do(tmp_path):
  suite = _suite(tmp_path, ("one", 1, 0.01))
  flags = (f"--suite={suite}", "--logdir=runs")
  assert launch.run("reproduce", *flags, folder=tmp_path).returncode == 0
  result, = _results(tmp_path / "runs")
  result.write_text(result.read_text()[:-9])
  again = launch.run("reproduce", *flags, folder=tmp_path)
  assert again.returncode == 4
  assert "0 of 1 runs are done" in again.stdout
  assert "one seed 1     1 epochs  damaged" in again.stdout
  assert f"{result} is damaged" in again.stdout
  assert "--overwrite starts the run anew" in again.stdout


def test_a_result_of_another_version_is_no_rate(tmp_path):
  plan, = suite_plan.load(str(_suite(tmp_path, ("one", 1, 0.01))))
  (tmp_path / plan.folder).mkdir(parents=True)
  storage.write_json(
      tmp_path / plan.folder / "config.json", plan.config.as_dict())
  storage.write_json(
      tmp_path / plan.folder / "result.json", {"wall_seconds": None})
  job, = suite_runner.jobs([plan], tmp_path, {"digits": 1297}, {})
  assert job.done and job.seconds > 0


def test_a_run_of_another_suite_or_name_is_shared(tmp_path, capsys):
  suite = _suite(tmp_path, ("one", 1, 0.01))
  done = launch.run("reproduce",
      f"--suite={suite}", "--logdir=runs", folder=tmp_path)
  assert done.returncode == 0, done.stdout
  (tmp_path / "runs").rename(tmp_path / "elsewhere")
  renamed = _suite(tmp_path, ("two", 1, 0.01), ("new", 2, 0.01))
  assert _main(f"--suite={renamed}", f"--logdir={tmp_path}/elsewhere",
               "--dry_run") == 0
  lines = capsys.readouterr().out.splitlines()
  assert re.fullmatch(r"two seed 1 +1 epochs  done", lines[0])
  assert re.fullmatch(r"new seed 1 +2 epochs  about \d+ s", lines[1])
  assert lines[2].startswith("2 runs, 1 to make, about ")


@pytest.mark.parametrize("fingerprint, is_done", [
    (None, True), ("abc", True), ("other", False)])
def test_a_run_of_other_data_is_not_done(tmp_path, fingerprint, is_done):
  plan, = suite_plan.load(str(_suite(tmp_path, ("one", 1, 0.01))), [1], 0)
  logdir = tmp_path / "runs"
  (logdir / plan.folder).mkdir(parents=True)
  (logdir / plan.folder / "result.json").write_text("{}")
  (logdir / plan.folder / "config.json").write_text(json.dumps({
      **plan.config.as_dict(), "label_hash": "a",
      "dataset_fingerprint": "abc"}))
  job, = suite_runner.jobs(
      [plan], logdir, {"digits": 1297}, {"digits": fingerprint})
  assert job.done == is_done
  # Where it is not done, train would refuse to mix them.
  name = plan.folder.parts[0] + ("" if is_done else "-other")
  assert job.directory == logdir / name / "seed1"


def test_runs_of_other_programs_are_none_of_a_suite_s(tmp_path, capsys):
  config = {"program": "rademacher", "model": "mlp_1x512", "n": [1000, 2000]}
  result = {"status": "done", "model": "mlp_1x512", "wall_seconds": 500}
  for name, content in (("config", config), ("result", result)):
    storage.write_json(tmp_path / f"{name}.json", content)
  (tmp_path / "list").mkdir()
  (tmp_path / "list" / "config.json").write_text("[1]")
  assert _main("--suite=smoke", f"--logdir={tmp_path}", "--dry_run") == 0
  assert "6 runs, 6 to make" in capsys.readouterr().out


def test_a_bad_folder_is_named_and_the_others_are_found(tmp_path, capsys):
  plan = suite_plan.load("smoke")[0]
  good = tmp_path / plan.folder
  good.mkdir(parents=True)
  storage.write_json(good / "config.json", plan.config.as_dict())
  storage.write_json(good / "result.json", {
      "status": "done", "model": [], "wall_seconds": "long"})
  texts = {"deep": 10**5 * "[", "kind": '{"dataset": ["digits"]}', "list": "[]",
           "large": f'{{"seed": {10**400}}}'}
  for name, text in texts.items():
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.json").write_text(text)
  os.mkfifo(good / "metrics.csv")
  (tmp_path / "fifo").mkdir()
  os.mkfifo(tmp_path / "fifo/config.json")
  assert _main("--suite=smoke", f"--logdir={tmp_path}", "--dry_run") == 0
  output = capsys.readouterr()
  assert "6 runs, 5 to make" in output.out
  assert sorted(output.err.splitlines()) == sorted(
      line for line in output.err.splitlines() for name in (*texts, "fifo")
      if line.startswith(f"warning: {tmp_path}/{name}/config.json is damaged"))
  assert len(output.err.splitlines()) == 5


def test_measuring_each_kind_of_label_is_part_of_the_time(tmp_path):
  plans = [run for run in suite_plan.load("fig1b")
           if run.name.startswith("mlp")]
  times = {job.plan.config.label_corruption: job.seconds for job in
           suite_runner.jobs(plans, tmp_path, {"cifar10": 50_000}, {})}
  assert times[0] == times[1] < times[0.1] == times[0.9] < 1.5 * times[0]


def test_a_sample_of_imagenet_is_allowed_on_request(tmp_path, capsys):
  info = tmp_path / "data/imagenet2012/5.1.0/dataset_info.json"
  info.parent.mkdir(parents=True)
  info.write_text("{}")
  suite = tmp_path / "both.toml"
  suite.write_text(
      'title = "both"\n[[run]]\nflagfile = "configs/table2_row7.flags"\n'
      '[[run]]\nflagfile = "configs/quickstart.flags"\n', encoding="utf-8")
  for flag, allowed in (("--allow_sample", [True, False]),
                        ("--noallow_sample", [False, False])):
    assert _main(f"--suite={suite}", flag, f"--data_dir={tmp_path}/data",
                 f"--logdir={tmp_path}/runs", "--print_commands") == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["--allow_sample" in line for line in lines] == allowed


def test_commands_for_a_scheduler_are_those_of_the_runs_to_make(
    tmp_path, capsys):
  folder = tmp_path / "a b"
  assert _main("--suite=fig2b", "--seeds=1,2", "--train_examples=1000",
               f"--logdir={folder}", "--print_commands") == 0
  lines = capsys.readouterr().out.splitlines()
  assert len(lines) == 4 and not folder.exists()
  words = shlex.split(lines[1])
  assert words[1:4] == ["run", "//rethink_tf:train", "--"]
  assert {"--flagfile=configs/table1_row4.flags", "--seed=2",
          "--train_examples=1000"} < set(words)
  logdirs = {word for line in lines for word in shlex.split(line)
             if word.startswith("--logdir=")}
  assert len(logdirs) == 4


def test_a_dry_run_writes_nothing_and_says_how_long(tmp_path, capsys):
  assert _main("--suite=table1", f"--logdir={tmp_path}/runs", "--dry_run") == 0
  lines = capsys.readouterr().out.splitlines()
  assert len([line for line in lines if "epochs  about" in line]) == 19
  alone, = re.findall(r"19 runs, 19 to make, about (\S+ h), ", lines[19])
  assert not (tmp_path / "runs").exists()
  assert _main("--suite=table1", f"--logdir={tmp_path}/runs", "--dry_run",
               "--max_parallel=2") == 0
  assert f" h to {alone}, under" in capsys.readouterr().out


def test_only_leaves_out_what_matches_no_pattern(tmp_path, capsys):
  assert _main("--suite=fig1b", "--only=alexnet*_p0.[24],mlp*p1",
               f"--logdir={tmp_path}", "--dry_run") == 0
  lines = capsys.readouterr().out.splitlines()
  assert [line.split()[0] for line in lines[:3]] == [
      "alexnet_small_p0.2", "alexnet_small_p0.4", "mlp_1x512_p1"]


@pytest.mark.parametrize("flags, said", [
    ((), "--suite: expected one of fig1a, fig1b, "),
    (("--suite=",), "the path of a .toml file. Received: nothing"),
    (("--suite=fig9",), "expected one of fig1a"),
    (("--suite=smoke", "--only=none"), "--only"),
    (("--suite=smoke", "--seeds=1,x"), "--seeds"),
    (("--suite=smoke", "--seeds="), "--seeds"),
    (("--suite=smoke", "--max_parallel=0"), "--max_parallel"),
    (("--suite=smoke", "--train_examples=-1"), "--train_examples"),
    (("--suite=smoke", "--train_examples=1298"), "1,297"),
    (("--suite=smoke", "--epochs=3"), "epochs"),
    (("--suite=smoke", "--logdir="), "--logdir"),
])
def test_bad_input_is_refused_in_one_line(flags, said, capsys):
  assert _main(*flags) == 2
  out, err = capsys.readouterr()
  assert not out and len(launch.error_lines(err)) == 1 and said in err


def test_data_that_is_not_there_is_refused_before_any_run(tmp_path, capsys):
  assert _main("--suite=fig2b", f"--data_dir={tmp_path}/absent",
               f"--logdir={tmp_path}/runs") == 3
  assert "absent" in capsys.readouterr().err
  assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
  (tmp_path / "file").write_text("")
  assert _main("--suite=smoke", f"--logdir={tmp_path}/file") == 2
  assert "--logdir" in capsys.readouterr().err

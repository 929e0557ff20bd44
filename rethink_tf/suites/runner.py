"""Runs a suite: each run in a process of its own, any number at a time."""

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import time

import tqdm

from rethink_tf import documents
from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import training as training_flags
from rethink_tf.models import registry
from rethink_tf.runs import commands
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import extension
from rethink_tf.suites import plan as suite_plan

_POLL_SECONDS = 0.5
# What a run takes besides its images: imports, data, tracing.
_START_SECONDS = 15
# A test has no gradient: a third of the work of a training step.
_TEST_COST = 1 / 3
# A shorter run's rate is that of its first, slow steps.
_LONG_ENOUGH_SECONDS = 120


@dataclasses.dataclass
class Job:
  """A planned run and where it stands.

  Attributes:
    plan: the `PlannedRun`.
    directory: `pathlib.Path` of its run directory.
    done: whether it has a result, and an undamaged one.
    epochs_done: epochs in its metrics.csv.
    seconds: estimated time of the whole run.
  """

  plan: suite_plan.PlannedRun
  directory: pathlib.Path
  done: bool
  epochs_done: int
  seconds: float

  @property
  def title(self):
    return f"{self.plan.name} seed {self.plan.config.seed}"

  @property
  def seconds_left(self):
    if self.done:
      return 0.0
    return self.seconds * max(
        0, 1 - self.epochs_done / self.plan.config.epochs)


def jobs(planned, logdir, train_counts, fingerprints):
  """Finds out where each planned run stands.

  A run that is there already, under any name below `logdir`, is found by its
  config, so that suites share runs. One of other data is another run, and where
  it has the name, the new one's ends in the fingerprint. One that was extended
  to more epochs is another too, and the new one's name ends in its own.

  Args:
    planned: a list of `PlannedRun`.
    logdir: `pathlib.Path` of the folder of run directories.
    train_counts: a dict from a dataset's name to its training examples.
    fingerprints: a dict from a dataset's name to the fingerprint of the data
      to be used; None where that is not known, and any will do.

  Returns:
    A list of `Job`.
  """
  known, of_other_data = _runs_below(logdir, fingerprints)
  rates = _rates(known.values())
  listed = []
  for plan in planned:
    key = _make_key(plan.config.as_dict())
    directory = logdir / plan.folder
    if directory in of_other_data:
      name = f"{directory.parent.name}-{fingerprints[plan.config.dataset][:8]}"
      directory = directory.parent.with_name(name) / directory.name
    elif _is_longer(directory, plan.config):
      name = f"{directory.parent.name}-epochs{plan.config.epochs}"
      directory = directory.parent.with_name(name) / directory.name
    directory = known.get(key, directory)
    listed.append(Job(
        plan, directory, key in known and _is_done(directory),
        _epochs_done(directory),
        _estimate(plan.config, rates, train_counts[plan.config.dataset])))
  return listed


def command(job, data_dir):
  """Returns the flags of train that make a job's run, a list of str."""
  flags = [*job.plan.flags, f"--logdir={job.directory}"]
  return [*flags, f"--data_dir={data_dir}"] if data_dir else flags


def shell_command(job, data_dir):
  """Returns a job's command as a line for a shell, in any folder."""
  flags = command(job, data_dir)
  _, options = training_flags.parse(flags)
  return commands.shell_line(
      "train", commands.anywhere(flags, options.data_dir))


def run(all_jobs, logdir, data_dir, max_parallel, stop):
  """Trains every job that is not done, and goes on past one that fails.

  One that another process trains, such as another suite's or one that a suite
  killed just now left to save, is waited for while others are trained.

  Args:
    all_jobs: a list of `Job`; their `done` is brought up to date.
    logdir: `pathlib.Path`; what runs print is kept in its folder "logs".
    data_dir: for train's flag, or None.
    max_parallel: how many processes at a time.
    stop: the `signals.Stop` that may ask to stop.

  Returns:
    A list of (job, exit code, last line it printed) of those that failed.

  Raises:
    StoppedError: a signal came; the runs under way have saved.
  """
  waiting = [job for job in all_jobs if not job.done]
  running, failed, named = {}, [], set()
  bar = _Bar(all_jobs)
  stop.defer()
  try:
    while (waiting or running) and not stop.requested:
      while len(running) < max_parallel and (
          job := _find_free(waiting, bar, named)):
        waiting.remove(job)
        if _is_done(job.directory):  # By whoever it was waited for.
          failed += _record_end(job, 0, logdir, bar, all_jobs)
          continue
        bar.write(f"{bar.count(all_jobs)} {job.title}: starts")
        running[_start(job, logdir, data_dir)] = job
      time.sleep(_POLL_SECONDS)
      for process in [p for p in running if p.poll() is not None]:
        job = running.pop(process)
        failed += _record_end(job, process.returncode, logdir, bar, all_jobs)
      bar.update(all_jobs, running.values())
  finally:
    _stop_all(running)
    bar.close()
  stop.check("where each run has saved")
  return failed


def _runs_below(logdir, fingerprints):
  """Returns train's runs, a dict by `_make_key`, and a set of other data's.

  Of several with one key, the one that is done.
  """
  known, of_other_data = {}, set()
  for file in sorted(logdir.rglob("config.json")):
    try:
      recorded = _read_config(file)
    except errors.StorageError as error:
      # No run to go on with.
      print(f"warning: {' '.join(str(error).split())}", file=sys.stderr,
            flush=True)
      continue
    if "program" in recorded:  # Another's than train's.
      continue
    usable = fingerprints.get(recorded.get("dataset"))
    if usable and usable != recorded.get("dataset_fingerprint"):
      of_other_data.add(file.parent)
      continue
    key = _make_key(recorded)
    if key not in known or not _is_done(known[key]):
      known[key] = file.parent
  return known, of_other_data


def _read_config(file):
  """Returns config.json as a dict, none of whose values is one.

  Raises:
    StorageError: it is damaged, or none.
  """
  recorded = run_directory.read_json(file) or {}
  if not all(isinstance(recorded.get(name, ""), str)
             for name in ("dataset", "program")):
    raise errors.StorageError(f"{file} is damaged: it is no run's")
  return recorded


def _make_key(config):
  """Returns what tells a config from others, from its dict or config.json."""
  # A list is no value of train's, and no key either.
  config = {k: v for k, v in config.items()
            if k not in ("label_hash", "dataset_fingerprint")
            and not isinstance(v, (list, dict))}
  return tuple(sorted(config.items()))


def _is_done(directory):
  """Tells whether a run has a result; train says what is damaged in another."""
  try:
    return run_directory.read_result(directory) is not None
  except errors.StorageError:
    return False


def _is_longer(directory, config):
  """Tells whether a directory's run is for more epochs than a config."""
  with contextlib.suppress(errors.StorageError):
    recorded = run_directory.read_json(directory / "config.json")
    return extension.is_longer(config.as_dict(), recorded or {})
  return False


def _epochs_done(directory):
  try:
    content = documents.read_bytes(directory / "metrics.csv")
  except (OSError, ValueError):
    return 0
  return max(0, len(content.splitlines()) - 1)


def _rates(directories):
  """Returns the median images/s of each model's longer finished runs."""
  seen = {}
  for directory in directories:
    with contextlib.suppress(errors.StorageError):
      result = run_directory.read_json(directory / "result.json") or {}
      seconds, rate, model = map(
          result.get, ("wall_seconds", "images_per_second", "model"))
      if (isinstance(model, str) and isinstance(seconds, (int, float))
          and isinstance(rate, (int, float)) and rate > 0
          and seconds >= _LONG_ENOUGH_SECONDS):
        seen.setdefault(model, []).append(rate)
  return {model: statistics.median(rates) for model, rates in seen.items()}


def _estimate(config, rates, train_count):
  count = config.count_examples(train_count)
  model = registry.models()[config.model]
  rate = rates.get(config.model) or model.images_per_second
  tests = -(-config.epochs // config.eval_every) + 1
  tested = tests * catalog.DATASETS[config.dataset].test_examples + count
  if 0 < config.label_corruption < 1 or config.labels_file:
    # Each kind of label, after each epoch.
    tested += config.epochs * count
  images = config.epochs * count + _TEST_COST * tested
  return _START_SECONDS + images / rate


def _log_path(job, logdir):
  return logdir / "logs" / f"{'-'.join(job.plan.folder.parts)}.log"


def _start(job, logdir, data_dir):
  log = _log_path(job, logdir)
  try:
    log.parent.mkdir(parents=True, exist_ok=True)
    # No link is followed to what is another's.
    descriptor = os.open(
        log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    output = os.fdopen(descriptor, "ab")
  except OSError as error:
    raise errors.UsageError(
        f"--logdir: expected a folder that can be written. Received: {logdir} "
        f"({error.strerror})") from error
  with output:
    return subprocess.Popen(
        [sys.executable, "-m", "rethink_tf.programs.train",
         *command(job, data_dir)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        # Ctrl-C reaches this process alone, which then asks each run to stop.
        start_new_session=True, preexec_fn=_stop_with_parent)


def _find_free(waiting, bar, named):
  """Returns the first job that no other process trains, or None.

  Args:
    waiting: a list of `Job`.
    bar: where the others are named.
    named: a set of (job's title, process) that were; brought up to date.
  """
  for job in waiting:
    owner = run_directory.owner(job.directory)
    if owner is None:
      return job
    if (job.title, owner) not in named:
      bar.write(f"{job.title}: in use by process {owner}; waits for it")
      named.add((job.title, owner))
  return None


def _stop_with_parent():
  """Has the kernel send SIGTERM where the suite's process is killed."""
  set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2).
  ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)


def _stop_all(running):
  """Asks processes to save and stop, and waits until they have."""
  for process in running:
    process.terminate()
  for process in running:
    process.wait()


def _record_end(job, code, logdir, bar, all_jobs):
  job.done = code == 0
  job.epochs_done = _epochs_done(job.directory)
  if job.done:
    result = run_directory.read_json(job.directory / "result.json")
    bar.write(
        f"{bar.count(all_jobs)} {job.title}: "
        f"training accuracy {result['train_accuracy']:.2%}, "
        f"test accuracy {result['test_accuracy']:.2%}, "
        f"{duration(result['wall_seconds'])}")
    return []
  last = _last_line(_log_path(job, logdir))
  bar.write(f"{job.title}: exit {code}: {last}")
  return [(job, code, last)]


def _last_line(path):
  lines = path.read_text("utf-8", errors="replace").strip().splitlines()
  return lines[-1] if lines else "it printed nothing"


def duration(seconds):
  """Returns seconds as a reader would say them: "42 s", "12 min", "3.4 h"."""
  if seconds < 90:
    return f"{seconds:.0f} s"
  if seconds < 5400:
    return f"{seconds / 60:.0f} min"
  return f"{seconds / 3600:.1f} h"


class _Bar:
  """A bar over the suite in a terminal; elsewhere only lines."""

  def __init__(self, all_jobs):
    self._bar = None
    if sys.stdout.isatty():
      total = sum(job.seconds for job in all_jobs)
      self._bar = tqdm.tqdm(
          total=total, file=sys.stdout, initial=self._position(all_jobs),
          bar_format="{l_bar}{bar}| {elapsed}, {remaining} left{postfix}")

  @staticmethod
  def _position(all_jobs):
    return sum(job.seconds - job.seconds_left for job in all_jobs)

  @staticmethod
  def count(all_jobs):
    return f"[{sum(job.done for job in all_jobs)}/{len(all_jobs)}]"

  def write(self, line):
    if self._bar is None:
      print(line, flush=True)
    else:
      self._bar.write(line, file=sys.stdout)

  def update(self, all_jobs, running):
    """Reads how far the running jobs are, and shows it."""
    if self._bar is None:
      return
    for job in running:
      job.epochs_done = _epochs_done(job.directory)
    self._bar.update(self._position(all_jobs) - self._bar.n)
    self._bar.set_postfix_str(", ".join(
        f"{job.title}: epoch {job.epochs_done}/{job.plan.config.epochs}"
        for job in running))

  def close(self):
    if self._bar is not None:
      self._bar.close()

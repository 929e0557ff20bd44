"""Makes the runs of a table or figure; see --help."""

import dataclasses
import fnmatch
import sys

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import datasets
from rethink_tf.flags import suites as suite_flags
from rethink_tf.runs import commands
from rethink_tf.runs import signals
from rethink_tf.suites import plan as suite_plan
from rethink_tf.suites import runner as suite_runner


def main(argv):
  """Runs the program; `errors` has the codes that it ends with."""
  options = suite_flags.parse_reproduce(argv[1:])
  jobs = _jobs(options)
  left = [job for job in jobs if not job.done]
  if options.print_commands:
    for job in left:
      print(suite_runner.shell_command(job, options.data_dir))
    return 0
  _print_list(jobs, options)
  if options.dry_run:
    return 0
  stop = signals.Stop()
  with stop.on_signals():
    failed = suite_runner.run(
        jobs, options.logdir, options.data_dir, options.max_parallel, stop)
  _print_end(jobs, failed, options)
  # The first failure's code; 1 where a signal ended it.
  return max(failed[0][1], 1) if failed else 0


def _jobs(options):
  planned = suite_plan.load(
      options.suite, options.seeds, options.train_examples)
  if options.only:
    planned = [run for run in planned if any(
        fnmatch.fnmatchcase(run.name, pattern) for pattern in options.only)]
  if not planned:
    raise errors.UsageError(
        f"--only: expected patterns that match runs of {options.suite}. "
        f"Received: {','.join(options.only)}")
  if options.allow_sample:
    planned = [_of_a_sample(run) for run in planned]
  fingerprints = {}
  for dataset in {run.config.dataset for run in planned}:
    datasets.check_available(dataset, options.data_dir)
    fingerprints[dataset] = datasets.known_fingerprint(
        dataset, options.data_dir)
  return suite_runner.jobs(
      planned, options.logdir, {
          name: entry.train_examples
          for name, entry in catalog.DATASETS.items()}, fingerprints)


def _of_a_sample(run):
  """Returns the planned run with the flag that accepts a part of ImageNet."""
  if not run.config.is_imagenet:
    return run
  return dataclasses.replace(run, flags=(*run.flags, "--allow_sample"))


def _print_list(jobs, options):
  width = max(len(job.title) for job in jobs)
  for job in jobs:
    state = "done"
    if not job.done and (job.directory / "result.json").exists():
      state = "damaged"
    elif not job.done:
      state = f"about {suite_runner.duration(job.seconds_left)}"
      if job.epochs_done:
        state += f", goes on after epoch {job.epochs_done}"
    print(f"{job.title:{width}}  {job.plan.config.epochs:>4} epochs  {state}")
  left = [job for job in jobs if not job.done]
  seconds = sum(job.seconds_left for job in left)
  time = suite_runner.duration(seconds)
  at_once = min(options.max_parallel, len(left))
  if at_once > 1:  # One run may keep every core busy, or not.
    time = f"{suite_runner.duration(seconds / at_once)} to {time}"
  print(f"{len(jobs)} runs, {len(left)} to make, about {time}, under "
        f"{options.logdir}\n", flush=True)


def _print_end(jobs, failed, options):
  done = sum(job.done for job in jobs)
  print(f"\n{done} of {len(jobs)} runs are done under {options.logdir}")
  for job, code, line in failed:
    print(f"failed with exit code {code}: {job.title}: {line}")
  report = commands.shell_line("report", [
      f"--runs={options.logdir}", f"--out={options.logdir / 'report'}"])
  print(f"Tables and figures: {report}", flush=True)


if __name__ == "__main__":
  sys.exit(errors.exit_code_of(main, sys.argv))

"""Kills runs again and again, and compares what is left in the end.

    scripts/bazel run //tests:torture -- --kills=20

makes each run once undisturbed; then starts the same command, kills it with
SIGKILL and starts it again until it is done. Weights, optimizer state and
every measured number must come out the same, to the bit. Each program's first
run is also killed as often inside a save.

    scripts/bazel run //tests:torture -- --peers=10000

does nothing of this, and talks nonsense to workers instead.

    scripts/bazel run //tests:torture -- --damage=1000 --replaced=20

flips bits of files of runs of every kind of program, unfinished and finished,
goes on with each, and counts what came of it; and takes run directories away
under the runs, or puts others there.

    scripts/bazel run //tests:torture -- --links=1000

puts symbolic links where runs have files and folders, and goes on with each: no
target may change.
"""

import argparse
import collections
import csv
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time

from rethink_tf.training import checkpoints
from tests import launch
from tests.distributed import peers
from tests.programs import damage

_TRAINING = (
    "--dataset=digits", "--label_corruption=1", "--weight_decay=0.0001",
    "--random_crop", "--checkpoint_minutes=0.01")
# Each that goes on from checkpoints: its program and its flags.
RUNS = {
    "mlp_1x512": ("train", (
        *_TRAINING, "--model=mlp_1x512", "--dropout=0.3", "--epochs=20",
        "--batch_size=64")),
    "alexnet_small": ("train", (
        *_TRAINING, "--model=alexnet_small", "--dropout=0.3", "--epochs=12",
        "--train_examples=256", "--batch_size=32")),
    "inception_small": ("train", (
        *_TRAINING, "--model=inception_small", "--epochs=8",
        "--train_examples=64", "--batch_size=16")),
    "interpolate": ("interpolate", (
        "--dataset=digits", "--train_examples=500", "--filters=3000",
        "--preprocessing=random_convnet", "--checkpoint_minutes=1e-9")),
    "rademacher": ("rademacher", (
        "--dataset=digits", "--n=200", "--draws=3", "--epochs=12",
        "--batch_size=32", "--checkpoint_minutes=1e-9")),
}
AIMS = ("anywhere", "save")


@dataclasses.dataclass
class Outcome:
  """What came of one run's kills.

  Attributes:
    kills: how many there were.
    moments: a Counter of when they came: "starting", "training", "saving".
    runs: how many runs were needed for so many kills.
    recomputed: the most epochs that one kill made to be trained again, of a run
      of `train`.
    same: whether every run ended as the undisturbed one.
    result: the last run's.
  """

  kills: int = 0
  moments: collections.Counter = dataclasses.field(
      default_factory=collections.Counter)
  runs: int = 0
  recomputed: int = 0
  same: bool = True
  result: dict = dataclasses.field(default_factory=dict)


def torture(name, kills, aim, folder, seed=0):
  """Kills a run, made again and again, until there were so many kills.

  Args:
    name: a key of `RUNS`.
    kills: how many; with aim "save" only those inside a save count.
    aim: one of `AIMS`.
    folder: `pathlib.Path` for run directories; they are removed.
    seed: of the moments.

  Returns:
    An `Outcome`.

  Raises:
    RuntimeError: a run ended with an error of its own.
  """
  moments = random.Random(seed)
  expected = _undisturbed(name, folder)
  outcome = Outcome()
  while outcome.kills < kills:
    directory = folder / "killed"
    shutil.rmtree(directory, ignore_errors=True)
    while not (directory / "result.json").exists():
      enough = outcome.kills >= kills
      _start_and_kill(name, directory, None if enough else aim, moments,
                      outcome)
    outcome.runs += 1
    left = damage.result(directory)
    outcome.same &= left == expected
    outcome.result = left[0]
  return outcome


def _undisturbed(name, folder):
  directory = folder / "undisturbed"
  shutil.rmtree(directory, ignore_errors=True)
  process = start(name, directory)
  _, err = process.communicate()
  if process.returncode:
    raise RuntimeError(f"the undisturbed run failed: {err}")
  return damage.result(directory)


def start(name, directory):
  """Starts, or goes on with, a run in a directory.

  Args:
    name: a key of `RUNS`.
    directory: `pathlib.Path` of the run directory.

  Returns:
    A `subprocess.Popen`.
  """
  directory.parent.mkdir(parents=True, exist_ok=True)
  program, flags = RUNS[name]
  return launch.start(
      program, *flags, f"--logdir={directory}", folder=directory.parent)


def _start_and_kill(name, directory, aim, moments, outcome):
  """Starts a run, kills it unless aim is None, and adds to the outcome."""
  process = start(name, directory)
  if aim == "save":
    _wait_for_a_save(process, directory, moments)
  elif aim == "anywhere":
    _wait_for_a_moment(process, directory, moments)
  if aim:
    process.send_signal(signal.SIGKILL)
  _, err = process.communicate()
  if process.returncode == 0:
    return
  if process.returncode != -signal.SIGKILL:
    raise RuntimeError(f"exit {process.returncode} instead of a kill: {err}")
  moment = _moment_of_death(directory)
  outcome.moments[moment] += 1
  if aim != "save" or moment == "saving":
    outcome.kills += 1
  if RUNS[name][0] == "train":
    outcome.recomputed = max(outcome.recomputed, _lost_epochs(directory))


def _wait_for_a_moment(process, directory, moments):
  """Waits: one time in five while it starts, else while it trains."""
  if moments.random() < 0.2:
    _wait(process, moments.uniform(0, 6))
    return
  before = _files(directory)
  while process.poll() is None and _files(directory) == before:
    time.sleep(0.01)
  _wait(process, moments.uniform(0, 1.5))


def _wait_for_a_save(process, directory, moments):
  """Waits for some saves to begin, and for a moment in the last of them."""
  for _ in range(moments.randint(1, 3)):
    while process.poll() is None and _half_written(directory):
      time.sleep(0.0002)
    while process.poll() is None and not _half_written(directory):
      time.sleep(0.0002)
  time.sleep(moments.uniform(0, 0.01))


def _wait(process, seconds):
  end = time.monotonic() + seconds
  while process.poll() is None and time.monotonic() < end:
    time.sleep(0.005)


def _files(directory):
  """Returns the names of the checkpoints, half-written ones included."""
  return {name for _, _, names in os.walk(directory / "checkpoints")
          for name in names}


def _half_written(directory):
  return {name for name in _files(directory) if name.endswith(".tmp")}


def _moment_of_death(directory):
  if _half_written(directory):
    return "saving"
  return "training" if _files(directory) else "starting"


def _lost_epochs(directory):
  """Returns how many epochs have a row but are in no checkpoint."""
  done = len(_rows(directory))
  saved = checkpoints.latest(directory / "checkpoints")
  return max(0, done - len(saved[1]["rows"] if saved else []))


def _rows(directory):
  try:
    with open(directory / "metrics.csv", encoding="utf-8") as file:
      return list(csv.DictReader(file))
  except FileNotFoundError:
    return []


def flip_bits(count, folder, seed=0):
  """Flips bits of run directories, one at a time, and goes on with the runs.

  Args:
    count: how many, shared among the kinds of run, unfinished and finished.
    folder: `pathlib.Path` for run directories.
    seed: of the bits.

  Returns:
    A Counter of what came of them: "unharmed", "warned", "refused".

  Raises:
    AssertionError: a run ended in another way.
  """
  chosen = random.Random(seed)
  made, outcomes = _make_runs(folder), collections.Counter()
  for number in range(count):
    kind, run, expected = made[number % len(made)]
    outcomes[damage.try_flip(
        kind, run, folder / "copy", chosen.choice(damage.list_files(run)),
        chosen.random(), chosen.randrange(8), expected)] += 1
  return outcomes


def link(count, folder, seed=0):
  """Puts symbolic links where runs have files and folders, and goes on.

  Args:
    count: how many, shared among the kinds of run, unfinished and finished.
    folder: `pathlib.Path` for run directories.
    seed: of the places.

  Returns:
    A Counter of what came of them: "refused", "passed by".

  Raises:
    AssertionError: a link was followed, or a run ended in another way.
  """
  chosen = random.Random(seed)
  made, outcomes = _make_runs(folder), collections.Counter()
  for number in range(count):
    kind, run, expected = made[number % len(made)]
    outcomes[damage.try_link(
        kind, run, folder / "copy", chosen.choice(damage.list_places(run)),
        chosen.choice(damage.TARGETS), chosen.random() < 0.5, expected)] += 1
  return outcomes


def _make_runs(folder):
  """Returns `(kind, run directory, result)` of each kind, done and not."""
  made = []
  for number, kind in enumerate(damage.KINDS):
    whole, part = (folder / f"{number}-{name}/run" for name in ("done", "not"))
    damage.make(kind, whole, True)
    damage.make(kind, part, False)
    made += [(kind, run, damage.result(whole)) for run in (whole, part)]
  return made


def take_away(count, folder, seed=0):
  """Takes run directories away under their runs, or puts others there.

  Args:
    count: how many, shared among the kinds of run.
    folder: `pathlib.Path` for run directories.
    seed: of the moments.

  Returns:
    A Counter of "removed" and "replaced".

  Raises:
    AssertionError: a run did not end with 4, or wrote in another's directory.
  """
  chosen = random.Random(seed)
  kinds, outcomes = list(damage.KINDS), collections.Counter()
  for number in range(count):
    replaced = chosen.random() < 0.5
    directory = folder / f"{number}/run"
    # A run writes five files at least before its last.
    assert damage.lose(kinds[number % len(kinds)], directory,
                       chosen.randint(1, 5), replaced)
    outcomes["replaced" if replaced else "removed"] += 1
  return outcomes


def main():
  parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
  parser.add_argument("--kills", type=int, default=20, help="of each kind")
  parser.add_argument(
      "--run", action="append", choices=RUNS, help="default: all")
  parser.add_argument("--aim", action="append", choices=AIMS, help="default: "
                      "anywhere for every run, and save for each program's "
                      "first")
  parser.add_argument("--seed", type=int, default=0, help="of the moments")
  parser.add_argument(
      "--peers", type=int, default=0, help="byte strings for workers instead")
  parser.add_argument(
      "--damage", type=int, default=0, help="bits to flip, instead of kills")
  parser.add_argument(
      "--replaced", type=int, default=0,
      help="run directories to take away, instead of kills")
  parser.add_argument(
      "--links", type=int, default=0,
      help="symbolic links to put in, instead of kills")
  options = parser.parse_args()
  if options.peers:
    return _attack_workers(options.peers, options.seed)
  if options.damage or options.replaced or options.links:
    return _try_others(options)
  names = options.run or list(RUNS)
  firsts = {RUNS[name][0]: name for name in reversed(names)}.values()
  plan = [(name, aim) for aim in options.aim or AIMS for name in names
          if options.aim or aim == "anywhere" or name in firsts]
  failed = False
  with tempfile.TemporaryDirectory() as folder:
    for name, aim in plan:
      outcome = torture(
          name, options.kills, aim, pathlib.Path(folder), options.seed)
      failed |= not outcome.same or outcome.recomputed > 1
      _print(name, aim, outcome)
  return failed


def _attack_workers(count, seed):
  with tempfile.TemporaryDirectory() as folder:
    named = peers.attack_waiting_chief(count, pathlib.Path(folder), seed)
  print(f"a waiting chief outlived {count:,} byte strings and took its worker; "
        f"it named {len(named)} kinds of failure", flush=True)
  for kind, number in peers.attack_running_team(count, seed).most_common():
    print(f"{number:6,} times a member of a running team failed so: {kind}")


def _try_others(options):
  with tempfile.TemporaryDirectory() as folder:
    for text, function, count in (
        ("bits flipped", flip_bits, options.damage),
        ("directories taken away", take_away, options.replaced),
        ("links put in", link, options.links)):
      if count:
        outcomes = function(
            count, pathlib.Path(folder) / function.__name__, options.seed)
        shown = ", ".join(f"{n} {what}" for what, n in outcomes.items())
        print(f"{count} {text}: {shown}", flush=True)


def _print(name, aim, outcome):
  moments = ", ".join(f"{n} {moment}" for moment, n in outcome.moments.items())
  again = ""
  if RUNS[name][0] == "train":
    again = f"at most {outcome.recomputed} epochs recomputed after one; "
  print(
      f"{name}, aimed {aim}: survived {outcome.kills} kills ({moments}) in "
      f"{outcome.runs} runs; {again}"
      f"{'same as' if outcome.same else 'DIFFERENT FROM'} the undisturbed run")
  for key in ("weights_sha256", "optimizer_sha256"):
    if key in outcome.result:
      print(f"  {key.removesuffix('_sha256'):9} {outcome.result[key]}")
  sys.stdout.flush()


if __name__ == "__main__":
  sys.exit(main())

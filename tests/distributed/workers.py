"""Runs //rethink_tf:train with several workers on 127.0.0.1, for tests."""

import json
import time

from tests import launch

_TIMES = ("wall_seconds", "images_per_second", "seconds")


def ends(processes, timeout=900):
  """Returns each process's code, last line of output, and why it ended."""
  found = []
  for process in processes:
    out, err = process.communicate(timeout=timeout)
    lines = [line for line in err.splitlines()
             if line.startswith(("error: ", "stopped by "))]
    found.append((process.returncode, (out.splitlines() or [""])[-1], lines))
  return found


def train(folder, *flags):
  """Trains with two workers to the end; returns what `result` does."""
  folder.mkdir(exist_ok=True)
  _, processes = launch.start_workers("train", flags, folder)
  found = ends(processes)
  made = result(folder)
  assert [(code, line) for code, line, _ in found] == [
      (0, f"worker {i} weights_sha256={made['weights_sha256']}")
      for i in range(2)], found
  return made


def result(folder):
  """Returns result.json of the run in a folder, less times."""
  made = json.loads((folder / "run/result.json").read_text())
  return {k: v for k, v in made.items() if k not in _TIMES}


def checkpoints(folder):
  """Returns the paths of its checkpoints, the last one last."""
  return sorted((folder / "run").glob("checkpoints/step-*.npz"))


def wait_for_a_checkpoint(folder, processes):
  """Waits for the first one of a run that its workers have begun."""
  deadline = time.monotonic() + 600
  while not checkpoints(folder):
    assert not any(p.poll() for p in processes), processes[0].communicate()
    assert time.monotonic() < deadline
    time.sleep(0.02)

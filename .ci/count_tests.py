"""Counts test targets in Bazel's build event files, given as arguments.

Prints the end of each failed test's log and last `N passed, N failed`; exits 1
if anything failed or nothing was tested. Any target that Bazel's own summary
does not call passed (or flaky: passed on a further try) counts as failed, one
that did not build included.
"""

import json
import pathlib
import sys
import urllib.parse

LOG_LINES = 60


def read_events(paths):
  """Yields the events; a file cut short by a crash gives those before that."""
  for path in map(pathlib.Path, paths):
    for line in path.read_text().splitlines() if path.exists() else ():
      try:
        yield json.loads(line)
      except ValueError:
        return


def collect(events):
  """Returns {label: status} of every test, {label: [log's URI]} of failed ones.

  A test that was only configured, and never run, has the status "NO_STATUS".
  """
  statuses, logs = {}, {}
  for event in events:
    (kind, about), = event["id"].items()
    label = about.get("label") if isinstance(about, dict) else None
    configured = event.get("configured", {})
    if kind == "testSummary":
      summary = event.get("testSummary", {})
      status = summary.get("overallStatus", "NO_STATUS")
      # A target in two invocations counts once, by its worse result.
      if statuses.get(label) in (None, "NO_STATUS", "PASSED"):
        statuses[label] = status
      logs.setdefault(label, []).extend(
          log["uri"] for log in summary.get("failed", ()))
    elif kind == "targetConfigured" and "testSize" in configured:
      statuses.setdefault(label, "NO_STATUS")
    elif (kind in ("targetConfigured", "unconfiguredLabel")
          and "aborted" in event):
      statuses.setdefault(label, event["aborted"].get("reason", "ABORTED"))
  return statuses, logs


def print_log_end(uri):
  log = pathlib.Path(urllib.parse.unquote(urllib.parse.urlparse(uri).path))
  lines = ["(log not found)"]
  if log.exists():
    lines = log.read_text(errors="replace").splitlines()
  print(*lines[-LOG_LINES:], sep="\n")


def main(paths):
  statuses, logs = collect(read_events(paths))
  flaky = [label for label, status in statuses.items() if status == "FLAKY"]
  failed = [label for label, status in statuses.items()
            if status not in ("PASSED", "FLAKY")]
  for label in failed:
    print(f"\n===== {label}: {statuses[label]}")
    for uri in logs.get(label, ()):
      print_log_end(uri)
  if flaky:
    print("passed only on a further try:", *flaky)
  print(f"{len(statuses) - len(failed)} passed, {len(failed)} failed")
  return 1 if failed or not statuses else 0


if __name__ == "__main__":
  sys.exit(main(sys.argv[1:]))

"""What a process of an asynchronous run does around its part.

The coordinator owns the run directory, reads the data and does what a run of
one process does; workers and parameter servers need neither.
"""

import functools
import os
import sys

from rethink_tf import errors
from rethink_tf.distributed import roles as roles_lib
from rethink_tf.programs import common
from rethink_tf.programs import libraries
from rethink_tf.runs import signals


def main(parsed, compute, summarize, introduce):
  """Runs a program as `common.main` does, as one process of several.

  Args:
    parsed: `(config, options)`.
    compute: as for `common.main`, with the `Coordinator` as its argument
      `coordinator`.
    summarize, introduce: as for `common.main`.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  code = errors.exit_code_of(
      lambda argv: _main(parsed, compute, summarize, introduce), ())
  # TensorFlow's servers cannot be closed, and threads may wait in its calls.
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code)


def _main(parsed, compute, summarize, introduce):
  _, options = parsed
  roles = roles_lib.read_environment(os.environ)
  # What it says of lost processes, in many lines, is told in one here.
  libraries.prepare(level=3)
  if roles.is_chief:
    common.main(parsed, functools.partial(_coordinate, compute, roles),
                summarize, introduce)
    return
  stop = signals.Stop()
  with stop.on_signals():
    # Imports TensorFlow.
    from rethink_tf.distributed import servers  # noqa: PLC0415

    stop.defer()
    servers.serve(roles, options.worker_timeout, stop)
  print(f"{roles.own_name}: the coordinator has ended", flush=True)


def _coordinate(compute, roles, config, options, directory, stop):
  # Imports TensorFlow.
  from rethink_tf.distributed import coordinator as coordinator_lib  # noqa: PLC0415

  coordinator = coordinator_lib.Coordinator(roles, options.worker_timeout)
  stop.install()  # TensorFlow's runtime may have taken SIGTERM for itself.
  return compute(config, options, directory, stop, coordinator=coordinator)

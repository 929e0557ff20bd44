"""The machine's cores, a tile each.

NumPy computes an exponential on one core and a matrix product on all. Tile by
tile, with one core a tile, both use all.
"""

import concurrent.futures
import contextlib
import os

import threadpoolctl


def cores():
  """Returns how many cores this process may use."""
  return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def pool():
  """Yields a `ThreadPoolExecutor` of a thread a core, BLAS with one each.

  Whatever leaves the block, a signal included, leaves no work queued.
  """
  with threadpoolctl.threadpool_limits(1, "blas"):
    executor = concurrent.futures.ThreadPoolExecutor(cores())
    try:
      yield executor
    finally:
      executor.shutdown(wait=True, cancel_futures=True)

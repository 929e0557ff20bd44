"""What a run has taken of its machine."""

import resource
import sys

# Of `ru_maxrss`, in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024


def peak_memory_gb():
  """Returns the most memory that this process has held so far, in 1e9 bytes."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e9

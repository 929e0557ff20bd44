"""The Hessian of the training loss: its largest eigenvalues and its trace.

Each is a function of a `Subject`, on the sample that `sampled_loss` takes, by
products of the Hessian with vectors. In nats over squared weights.
"""

import numpy as np
from scipy.sparse import linalg

from rethink_tf import streams
from rethink_tf.measures import sampled_loss
from rethink_tf.measures import subject as subject_lib

# How many of the largest eigenvalues are found, and to which share of them.
TOP = 5
_TOLERANCE = 1e-2
# Lanczos vectors that are kept, and how often they may be begun anew.
_VECTORS = 2 * TOP + 1
_RESTARTS = 20
# Of vectors of random signs, for the trace.
PROBES = 10


def hessian_top(subject):
  """The largest eigenvalue of the Hessian, by Lanczos' method.

  ARPACK's, to a hundredth (Lehoucq, Sorensen and Yang, 1998).

  Raises:
    UndefinedError: there are no more weights than eigenvalues to find, the
      Hessian is zero, or the method does not converge.
  """
  return _find_top(subject)[0]


def hessian_top_5(subject):
  """The fifth largest: whether the largest stands alone.

  Sagun et al. (2017) see about as many large ones as there are classes.

  Raises:
    UndefinedError: as `hessian_top`.
  """
  return _find_top(subject)[TOP - 1]


def hessian_trace(subject):
  """The trace of the Hessian, the mean of z^T H z over random signs z.

  Hutchinson (1989), of `PROBES` vectors z; its variance is 2 / `PROBES` times
  the sum of squares off the diagonal.
  """
  loss = sampled_loss.of(subject)
  size = len(loss.weights)
  signs = (2.0 * streams.integers(size, 2, subject.seed, "trace", probe) - 1
           for probe in range(PROBES))
  return float(np.mean([z @ loss.hessian_times(z) for z in signs]))


def _find_top(subject):
  """Returns the `TOP` largest eigenvalues, the largest first; a list."""
  if "hessian_top" not in subject.kept:
    try:
      found = _run_lanczos(sampled_loss.of(subject), subject.seed)
    except subject_lib.UndefinedError as error:
      found = error  # It is not tried again, which takes the longest.
    subject.kept["hessian_top"] = found
  found = subject.kept["hessian_top"]
  if isinstance(found, Exception):
    raise found
  return found


def _run_lanczos(loss, seed):
  size = len(loss.weights)
  if size <= _VECTORS:
    raise subject_lib.UndefinedError(
        f"{size} weights, of which more than {_VECTORS} are needed")
  # A start of its own choice would be another in every process.
  start = streams.normals(1, size, seed, "lanczos")[0].astype(np.float64)
  product = linalg.LinearOperator(
      (size, size), matvec=loss.hessian_times, dtype=np.float64)
  try:
    found = linalg.eigsh(
        product, TOP, which="LA", v0=start, ncv=_VECTORS, tol=_TOLERANCE,
        maxiter=_RESTARTS, return_eigenvectors=False)
  except linalg.ArpackError as error:
    raise subject_lib.UndefinedError(
        f"ARPACK finds no eigenvalues ({error})") from error
  return sorted(map(float, found), reverse=True)

"""Conjugate gradients for several right-hand sides, with a preconditioner.

The flexible form (Notay, 2000): it bears a preconditioner that is not quite
linear or symmetric, as one computed in float32 is. SciPy's solves for one
right-hand side at a time, and a product with this matrix costs the same for
ten.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass
class State:
  """Where the iteration stands: all that it needs to go on.

  Attributes:
    solution, residual, direction: float64 `(n, k)`.
    descent: float64 `(k,)`, residual . preconditioned residual.
    iteration: how many are done.
  """

  solution: np.ndarray
  residual: np.ndarray
  direction: np.ndarray
  descent: np.ndarray
  iteration: int = 0


def start(precondition, residual, solution):
  """Returns the `State` before the first iteration.

  Args:
    precondition: a function of `(n, k)`, approximately the matrix's inverse.
    residual: targets less the matrix times `solution`, `(n, k)`.
    solution: where to start, `(n, k)`.
  """
  direction = precondition(residual)
  return State(solution, residual, direction, _dots(residual, direction))


def step(state, product, precondition):
  """Does one iteration.

  Args:
    state: `State`.
    product: a function of `(n, k)`, the matrix times it.
    precondition: a function of `(n, k)`.

  Returns:
    The next `State`.
  """
  image = product(state.direction)
  curvature = _dots(state.direction, image)
  # A right-hand side that is solved exactly has no direction any more.
  length = _ratio(state.descent, curvature)
  residual = state.residual - length * image
  preconditioned = precondition(residual)
  descent = _dots(residual, preconditioned)
  # Polak and Ribiere's; Fletcher and Reeves's would need exact orthogonality.
  change = descent - _dots(state.residual, preconditioned)
  return State(
      solution=state.solution + length * state.direction,
      residual=residual,
      direction=preconditioned + _ratio(change, state.descent)
      * state.direction,
      descent=descent,
      iteration=state.iteration + 1)


def _dots(left, right):
  return np.einsum("ij,ij->j", left, right)


def _ratio(numerator, denominator):
  safe = np.where(denominator == 0, 1, denominator)
  return np.where(denominator == 0, 0, numerator / safe)

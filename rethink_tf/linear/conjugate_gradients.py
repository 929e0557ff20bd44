"""Block conjugate gradients for several right-hand sides, preconditioned.

All right-hand sides search in all directions together (O'Leary, 1980): where
the preconditioner is off in some dimensions, as one of float32 is for a nearly
singular matrix, each iteration mends as many of them as there are right-hand
sides. SciPy's solves for one at a time, and a product with this matrix costs
the same for ten.

The flexible form (Notay, 2000, for one right-hand side): it bears a
preconditioner that is not quite linear or symmetric. Directions are kept
orthonormal (Dubrulle, 2001), so that those which become dependent, when a
right-hand side is nearly solved, can be left out.
"""

import dataclasses

import numpy as np

# Of normalized directions' singular values: what is rounding beside the first.
_DEPENDENT = 1e-12


@dataclasses.dataclass
class State:
  """Where the iteration stands: all that it needs to go on.

  Attributes:
    solution, residual: float64 `(n, k)`.
    direction: float64 `(n, k)`, orthonormal columns; zero where fewer are left.
    iteration: how many are done.
  """

  solution: np.ndarray
  residual: np.ndarray
  direction: np.ndarray
  iteration: int = 0


def start(precondition, residual, solution):
  """Returns the `State` before the first iteration.

  Args:
    precondition: a function of `(n, k)`, approximately the matrix's inverse.
    residual: targets less the matrix times `solution`, `(n, k)`.
    solution: where to start, `(n, k)`.
  """
  return State(solution, residual, _basis(precondition(residual)))


def step(state, product, precondition):
  """Does one iteration.

  Args:
    state: `State`.
    product: a function of `(n, k)`, the matrix times it.
    precondition: a function of `(n, k)`.

  Returns:
    The next `State`.
  """
  direction = state.direction
  image = product(direction)
  curvature = direction.T @ image
  lengths = _solve(curvature, direction.T @ state.residual)
  residual = state.residual - image @ lengths
  preconditioned = precondition(residual)
  back = _solve(curvature, image.T @ preconditioned)
  return State(
      solution=state.solution + direction @ lengths,
      residual=residual,
      direction=_basis(preconditioned - direction @ back),
      iteration=state.iteration + 1)


def _basis(vectors):
  """Returns orthonormal columns of the same span, zero where it has fewer."""
  if not np.isfinite(vectors).all():
    return vectors  # The next residual is not finite either, and is looked at.
  norms = np.linalg.norm(vectors, axis=0)
  left, values, _ = np.linalg.svd(
      vectors / np.where(norms == 0, 1, norms), full_matrices=False)
  basis = np.zeros_like(vectors)
  basis[:, :len(values)] = np.where(values > _DEPENDENT * values[0], left, 0)
  return basis


def _solve(curvature, right):
  """Solves for the directions that there are; the others' rows are zero."""
  used = np.diagonal(curvature) != 0
  solved = np.zeros_like(right)
  solved[used] = np.linalg.solve(curvature[np.ix_(used, used)], right[used])
  return solved

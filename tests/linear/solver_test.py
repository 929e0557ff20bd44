"""Tests of the solvers, against LAPACK and scikit-learn's kernel ridge."""

import hashlib
import json
import re

import numpy as np
import pytest
from sklearn import kernel_ridge

from rethink_tf import errors
from rethink_tf import streams
from rethink_tf.linear import gram
from rethink_tf.linear import kernels
from rethink_tf.linear import nystrom
from rethink_tf.linear import solver
from rethink_tf.linear import status
from rethink_tf.linear import store
from rethink_tf.runs import sealed

_SIZE, _TESTS = 300, 40
# Narrow enough for a condition number of a few thousand.
_KERNEL = kernels.Kernel("gaussian", 0.4)


def _points(size=_SIZE):
  drawn = streams.uniform((size + _TESTS) * 6, 1, "points")
  points = drawn.reshape(-1, 6).astype(np.float32)
  return points[:size], points[size:]


def _targets(size=_SIZE):
  return np.eye(4)[streams.integers(size, 4, 1, "targets")]


def _solve(points, method="cholesky", l2=0.0, tolerance=1e-10, width=77,
           kept=None, targets=None):
  train, test = points
  matrix = gram.GramOfPoints(_KERNEL, train, test, width)
  if targets is None:
    targets = _targets(len(train))
  solution = solver.solve(
      matrix, targets, l2, method, tolerance, 1, kept or store.Nowhere(),
      status.Progress())
  return matrix, solution


@pytest.mark.parametrize("method", ["cholesky", "cg"])
@pytest.mark.parametrize("l2", [0.01, 1.0])
def test_predictions_are_those_of_scikit_learns_kernel_ridge(method, l2):
  train, test = _points()
  matrix, solution = _solve((train, test), method, l2)
  ridge = kernel_ridge.KernelRidge(
      alpha=l2, kernel="rbf", gamma=1 / (2 * 0.4**2))
  ridge.fit(train.astype(np.float64), _targets())
  np.testing.assert_allclose(
      matrix.test_times(solution.coefficients),
      ridge.predict(test.astype(np.float64)), atol=1e-6)
  np.testing.assert_allclose(
      solution.fitted, ridge.predict(train.astype(np.float64)), atol=1e-6)


@pytest.mark.parametrize("method", ["cholesky", "cg"])
def test_interpolation_is_exact_and_its_norm_that_of_lapack(method):
  points = _points()
  _, solution = _solve(points, method)
  whole = kernels.matrix(_KERNEL, points[0], points[0])
  exact = np.linalg.solve(whole, _targets())
  norm = np.sqrt(np.trace(exact.T @ whole @ exact))
  assert solution.norm == pytest.approx(norm, rel=1e-6)
  assert solution.relative_residual <= 1e-10
  np.testing.assert_allclose(solution.fitted, _targets(), atol=1e-8)
  residual = np.linalg.norm(whole @ solution.coefficients - _targets())
  assert residual / np.linalg.norm(_targets()) <= 1e-9


def test_both_solvers_estimate_the_condition_from_below():
  points = _points()
  whole = kernels.matrix(_KERNEL, points[0], points[0]) + 1e-3 * np.eye(_SIZE)
  for method, order in (("cholesky", 1), ("cg", 2)):
    _, solution = _solve(points, method, l2=1e-3)
    exact = np.linalg.cond(whole, order)
    assert 0.05 * exact < solution.condition_estimate < 1.1 * exact


def test_the_condition_of_a_matrix_that_was_not_factored_is_from_below(capsys):
  # So wide that float32 has no factor of it.
  wide = kernels.Kernel("gaussian", 2.0)
  train, test = _points(150)
  solution = solver.solve(
      gram.GramOfPoints(wide, train, test, 77), _targets(150), 0.0, "cholesky",
      1e-4, 1, store.Nowhere(), status.Progress())
  assert "singular to float32" in capsys.readouterr().out
  exact = np.linalg.cond(kernels.matrix(wide, train, train), 1)
  assert 1e-3 * exact < solution.condition_estimate < exact


def test_each_iteration_says_how_many_more_there_will_be(capsys):
  _, solution = _solve(_points(), "cg", l2=1e-3)
  said = [int(count) for count in re.findall(
      r"residual [^ ,]*, about (\d+) more iteration", capsys.readouterr().out)]
  last = len(solution.rows) - 1
  # Where the residual grew there is nothing to go by, nor after the last.
  assert len(said) >= 0.9 * last
  left = np.arange(len(said), 0, -1)
  ratio = (said / left)[len(said) // 2:]
  assert ratio.min() > 0.5 and ratio.max() < 2


def test_a_singular_matrix_is_solved_where_targets_allow_it(capsys):
  train, test = _points()
  train[200] = train[100]
  targets = _targets()
  targets[200] = targets[100]
  whole = kernels.matrix(_KERNEL, train, train)
  _, solution = _solve((train, test), tolerance=1e-6, targets=targets)
  assert np.abs(whole @ solution.coefficients - targets).max() < 1e-5
  assert "singular to float32" in capsys.readouterr().out


def test_a_singular_matrix_without_a_solution_says_it_does_not_converge():
  train, test = _points()
  train[200] = train[100]
  targets = _targets()
  targets[200] = np.roll(targets[100], 1)
  with pytest.raises(errors.DivergedError, match="relative residual") as raised:
    _solve((train, test), tolerance=1e-6, targets=targets)
  assert "--l2" in str(raised.value)


def _kept(folder):
  return store.Store(folder)


class _Killed(Exception):
  pass


def _killing(method, after):
  """Returns a store's method that raises once it was called `after` times."""
  calls = []

  def killing(*arguments):
    if len(calls) == after:
      raise _Killed()
    calls.append(1)
    return method(*arguments)

  return killing


def _counted(monkeypatch, kind, name):
  """Returns a list that each call's arguments are added to."""
  calls, method = [], getattr(kind, name)
  monkeypatch.setattr(
      kind, name, lambda self, *a: calls.append(a) or method(self, *a))
  return calls


# Panels are 77 wide: four of them.
@pytest.mark.parametrize("name, after", [
    ("save_panel", 0), ("save_panel", 2), ("save_state", 0), ("save_state", 1)])
def test_killed_anywhere_it_goes_on_to_the_same_bits(
    tmp_path, monkeypatch, name, after):
  _, expected = _solve(_points(), tolerance=1e-12)
  kept = _kept(tmp_path)
  setattr(kept, name, _killing(getattr(kept, name), after))
  with pytest.raises(_Killed):
    _solve(_points(), tolerance=1e-12, kept=kept)
  again = _kept(tmp_path)
  done = after if name == "save_panel" else 4
  assert len(again.load_panels(0.0)) == done
  # What was done is not done again.
  made, multiplied = (
      _counted(monkeypatch, gram.Gram, "panel"),
      _counted(monkeypatch, gram.Gram, "times"))
  _, solution = _solve(_points(), tolerance=1e-12, kept=again)
  assert [index for index, *_ in made] == list(range(done, 4))
  # One product an iteration, and one for the residual.
  left = len(expected.rows) - (after if name == "save_state" else 0)
  assert len(multiplied) <= left + 1
  assert (solution.coefficients == expected.coefficients).all()
  assert solution.rows == expected.rows
  assert solution.condition_estimate == expected.condition_estimate


@pytest.mark.parametrize("name", ["panel-0002.npz", "iteration.npz"])
@pytest.mark.parametrize("place", [0.01, 0.5, 0.99])
def test_a_damaged_checkpoint_is_named_and_computed_anew(
    tmp_path, capsys, name, place):
  _, expected = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  path = tmp_path / name
  content = bytearray(path.read_bytes())
  content[int(place * len(content))] ^= 4
  path.write_bytes(content)
  capsys.readouterr()
  _, solution = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  assert str(path) in capsys.readouterr().err
  assert (solution.coefficients == expected.coefficients).all()


def _write_old(path, array, state):
  """Writes a checkpoint as versions before npz did."""
  header = {"shape": array.shape, "dtype": str(array.dtype), "state": state,
            "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
  path.write_bytes(json.dumps(header).encode() + b"\n" + array.tobytes())


def _make_old(folder):
  """Makes the checkpoints in a folder those of versions before npz."""
  for path in folder.glob("*.npz"):
    arrays, state = sealed.read(path)
    whole = list(arrays.values())
    _write_old(path.with_suffix(".bin"),
               whole[0] if len(whole) == 1 else np.stack(whole), state)
    path.unlink()


def test_checkpoints_of_an_earlier_version_are_gone_on_from(
    tmp_path, monkeypatch, capsys):
  _, expected = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  _make_old(tmp_path)
  made = _counted(monkeypatch, gram.Gram, "panel")
  capsys.readouterr()
  _, solution = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  assert not made and "warning" not in capsys.readouterr().err
  assert (solution.coefficients == expected.coefficients).all()
  assert solution.rows == expected.rows
  kept = _kept(tmp_path)
  kept.clear()
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("change", [
    ("shape", "shape"), ("state", "stata"), ("sha256", "sha257"), ("{", "["),
    ('"float32"', '"float99"'), ('"shift"', '"shiff"')])
def test_a_damaged_first_line_of_an_earlier_version_is_named(
    tmp_path, capsys, change):
  _, expected = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  _make_old(tmp_path)
  path = tmp_path / "panel-0001.bin"
  line, array = path.read_bytes().split(b"\n", 1)
  old, new = (text.encode() for text in change)
  path.write_bytes(line.replace(old, new, 1) + b"\n" + array)
  capsys.readouterr()
  _, solution = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  warned = str(path) in capsys.readouterr().err
  assert warned == (old != new)
  assert (solution.coefficients == expected.coefficients).all()


def test_an_iteration_of_another_version_is_named_and_done_anew(
    tmp_path, capsys):
  _, expected = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  arrays, saved = sealed.read(tmp_path / "iteration.npz")
  (tmp_path / "iteration.npz").unlink()
  path = tmp_path / "iteration.bin"
  stack = np.stack([*arrays.values(), arrays["solution"]])
  _write_old(path, stack, saved)
  _, solution = _solve(_points(), tolerance=1e-12, kept=_kept(tmp_path))
  assert f"{path} is damaged" in capsys.readouterr().err
  assert (solution.coefficients == expected.coefficients).all()


def test_panels_of_another_run_are_named_and_computed_anew(tmp_path, capsys):
  _, expected = _solve(_points(), tolerance=1e-12)
  other = [points + 1 for points in _points()]
  _solve(other, tolerance=1e-12, kept=store.Store(tmp_path, run="other"))
  capsys.readouterr()
  kept = store.Store(tmp_path, run="this")
  _, solution = _solve(_points(), tolerance=1e-12, kept=kept)
  assert "panel-0000.npz is of another run" in capsys.readouterr().err
  assert (solution.coefficients == expected.coefficients).all()


def test_a_cut_checkpoint_is_named(tmp_path, capsys):
  _solve(_points(), kept=_kept(tmp_path))
  path = tmp_path / "panel-0001.npz"
  path.write_bytes(path.read_bytes()[:-8])
  assert len(_kept(tmp_path).load_panels(0.0)) == 1
  assert "panel-0001.npz is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["cholesky", "cg"])
def test_a_matrix_without_an_inverse_is_given_up_soon(method):
  # 300 points of six features: a linear kernel has rank six.
  matrix = gram.GramOfPoints(kernels.Kernel("linear", None), *_points(), 77)
  with pytest.raises(errors.DivergedError) as raised:
    solver.solve(matrix, _targets(), 0.0, method, 1e-6, 1, store.Nowhere(),
                 status.Progress())
  assert ("--solver=cholesky" in str(raised.value)) == (method == "cg")
  assert int(re.search(r"after (\d+) iterations", str(raised.value))[1]) < 10


@pytest.mark.parametrize("method", ["cholesky", "cg"])
@pytest.mark.parametrize("value", [0, np.nan, np.inf])
def test_a_matrix_of_zeros_or_of_no_numbers_is_refused(method, value):
  points = [np.full_like(part, value) for part in _points()]
  matrix = gram.GramOfPoints(kernels.Kernel("linear", None), *points, 77)
  with pytest.raises(errors.DivergedError, match="the Gram matrix is zero"):
    solver.solve(matrix, _targets(), 0.0, method, 1e-6, 1, store.Nowhere(),
                 status.Progress())


def _rounded(noise):
  """Returns columns of ones that are off by something indefinite."""
  off = noise * streams.normals(60, 20, 1, "rounding")
  off[:20] += off[:20].T
  return (1 + off).astype(np.float32)


def test_a_core_that_rounding_left_indefinite_gets_more_on_its_diagonal():
  columns, landmarks = _rounded(1e-5), np.arange(20)
  # As much as is added at first does not do.
  core = columns[:20].astype(np.float64)
  assert np.linalg.eigvalsh(core)[0] < -1e-5
  preconditioner = nystrom.Preconditioner(columns, landmarks, 0.1)
  solved = preconditioner.solve(np.ones((60, 1)))
  # The matrix of ones and 0.1: 60.1 is its eigenvalue to the vector of ones.
  np.testing.assert_allclose(solved, 1 / 60.1, rtol=0.01)


def test_a_core_that_is_far_from_definite_is_refused():
  with pytest.raises(errors.DivergedError, match="singular to float32"):
    nystrom.Preconditioner(_rounded(0.1), np.arange(20), 0.1)

"""Tests of double descent: where its peak is, and what flattens it."""

import json

import numpy as np
import pytest
from sklearn import linear_model

import rethink_tf
from rethink_tf import errors
from rethink_tf.flags import double_descent as double_descent_flags
from rethink_tf.linear import double_descent
from rethink_tf.linear import fourier
from rethink_tf.programs import double_descent as program
from rethink_tf.runs import results

_N = 60
_FLAGS = (
    "--dataset=digits", f"--train_examples={_N}", "--label_corruption=0,0.3",
    "--l2=0,0.5", "--features=6,20,40,54,60,66,80,150,600")


def _main(*flags):
  return errors.exit_code_of(program.main, ["double_descent", *flags])


@pytest.fixture(name="logdir", scope="module")
def _logdir(tmp_path_factory):
  logdir = tmp_path_factory.mktemp("made") / "run"
  assert _main(*_FLAGS, f"--logdir={logdir}") == 0
  return logdir


@pytest.fixture(name="table", scope="module")
def _table(logdir):
  return rethink_tf.load_run(logdir).metrics


def _curve(table, p, l2):
  return table[(table.label_corruption == p) & (table.l2 == l2)].set_index(
      "features")


@pytest.mark.parametrize("p", [0, 0.3])
def test_test_loss_and_norm_peak_where_features_are_as_many_as_examples(
    table, p):
  curve = _curve(table, p, 0)
  assert curve.norm.idxmax() == curve.test_loss.idxmax() == _N
  # The norm diverges there: many times what it is at twice or a third.
  assert curve.norm[_N] > 3 * curve.norm[150] > 3 * curve.norm[600]
  assert curve.norm[_N] > 3 * curve.norm[20]
  # Two descents of the test loss, with the peak between.
  assert curve.test_loss[_N] > 3 * curve.test_loss[20]
  assert curve.test_loss[_N] > 3 * curve.test_loss[150]
  assert curve.test_loss[600] < curve.test_loss[150]


@pytest.mark.parametrize("p", [0, 0.3])
def test_training_data_are_fitted_from_there_on_and_not_before(table, p):
  curve = _curve(table, p, 0)
  assert (curve.train_loss[curve.index >= _N] < 1e-15).all()
  assert (curve.train_loss[curve.index < _N] > 1e-3).all()
  assert (np.diff(curve.train_loss[curve.index <= _N]) < 0).all()


@pytest.mark.parametrize("p", [0, 0.3])
def test_ridge_flattens_the_peak(table, p):
  plain, ridge = _curve(table, p, 0), _curve(table, p, 0.5)
  assert ridge.test_loss[_N] < 0.2 * plain.test_loss[_N]
  assert ridge.norm[_N] < 0.3 * plain.norm[_N]
  assert ridge.test_loss[_N] < 1.2 * ridge.test_loss[[54, 66]].mean()


def test_noise_raises_the_norm_that_fits_it(table):
  least, noisy = _curve(table, 0, 0), _curve(table, 0.3, 0)
  fitted = least.index >= _N
  assert (noisy.norm[fitted] > least.norm[fitted]).all()


def test_result_json_says_where_the_peaks_are(logdir):
  result = json.loads((logdir / "result.json").read_text())
  assert results.FIELDS["double_descent"] <= set(result)
  assert result["n"] == _N
  assert result["peaks"][:2] == [
      {"label_corruption": p, "l2": 0.0, "test_loss": _N, "norm": _N}
      for p in (0.0, 0.3)]
  assert [(peak["label_corruption"], peak["l2"])
          for peak in result["peaks"][2:]] == [(0.0, 0.5), (0.3, 0.5)]


def test_each_row_is_what_scikit_learn_fits():
  generator = np.random.default_rng(1)
  points, test_points = generator.random((20, 5)), generator.random((30, 5))
  labels = [generator.integers(0, 3, 20) for _ in range(2)]
  test_labels = generator.integers(0, 3, 30)
  x, t = (fourier.features(some, 1.0, 12, 1) for some in (points, test_points))
  rows = double_descent.fit(
      x, [t[:13], t[13:]], labels, test_labels, 3, (0.1, 2.0))
  expected = [(penalty, some) for penalty in (0.1, 2.0) for some in labels]
  assert len(rows) == 4
  for row, (penalty, some) in zip(rows, expected):
    model = linear_model.Ridge(alpha=penalty, fit_intercept=False)
    model.fit(x, np.eye(3)[some])
    fitted, predicted = model.predict(x), model.predict(t)
    assert row == pytest.approx({
        "train_error": np.mean(fitted.argmax(1) != some),
        "test_error": np.mean(predicted.argmax(1) != test_labels),
        "train_loss": np.mean(
            np.sum((fitted - np.eye(3)[some]) ** 2, axis=1)),
        "test_loss": np.mean(
            np.sum((predicted - np.eye(3)[test_labels]) ** 2, axis=1)),
        "norm": np.sqrt(np.sum(model.coef_ ** 2))}, rel=1e-6)


def test_features_go_from_a_tenth_to_ten_times_as_many_as_examples():
  for count in (1000, 60, 7):
    config, _ = double_descent_flags.parse_double_descent(
        ["--dataset=digits", f"--train_examples={count}"])
    features = config.features
    assert list(features) == sorted(set(features))
    assert all(number % 2 == 0 for number in features)
    assert features[0] == max(2, count // 20 * 2)
    assert features[-1] == 10 * count
    assert count % 2 or count in features


def test_the_same_command_shows_the_run_and_makes_it_no_second_time(
    logdir, capsys):
  written = (logdir / "result.json").stat().st_mtime_ns
  assert _main(*_FLAGS, f"--logdir={logdir}") == 0
  said = capsys.readouterr().out
  assert "holds this run, done" in said
  assert ("label corruption 0.3, l2 0: test loss greatest at 60 features, norm "
          "at 60") in said
  assert (logdir / "result.json").stat().st_mtime_ns == written


def test_what_does_not_fit_into_memory_is_refused(
    tmp_path, monkeypatch, capsys):
  monkeypatch.setattr("rethink_tf.linear.memory.available_gb", lambda: 4.0)
  assert _main("--dataset=mnist", "--train_examples=10000",
               f"--logdir={tmp_path / 'run'}") == 4
  assert "fewer --features or --train_examples" in capsys.readouterr().err

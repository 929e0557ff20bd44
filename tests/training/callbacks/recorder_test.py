"""Tests of recorder and progress: what an epoch leaves, and what it shows."""

import os
import pty
import termios
import time
import types

import pytest

from rethink_tf import errors
from rethink_tf.flags import training as training_flags
from rethink_tf.runs import directory as run_directory
from rethink_tf.training.callbacks import position as position_lib
from rethink_tf.training.callbacks import progress
from rethink_tf.training.callbacks import recorder


@pytest.fixture(name="clock")
def _clock(monkeypatch):
  """The time that `position` reads; set `now` to move it."""
  clock = types.SimpleNamespace(now=100.0)
  monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
  return clock


def _recorder(folder, rows, position, tested=None):
  return recorder.Recorder(
      rows, run_directory.RunDirectory(folder), position,
      schedule=lambda step: 0.1 * 0.5 ** (step // 3), train_count=40,
      test=lambda logs: tested or {})


def _position(epoch=0, **more):
  position = position_lib.Position(3, epoch, **more)
  position.on_epoch_begin(epoch)
  return position


def _finish(position):
  for batch in range(position.steps - position.batch):
    position.on_train_batch_end(batch)


_LOGS = {"loss": 2.5, "cross_entropy": 2.0, "accuracy": 0.25}


def test_a_row_has_the_contracts_columns_and_values(tmp_path, clock):
  rows = []
  position = _position(1)
  one = _recorder(
      tmp_path, rows, position, {"cross_entropy": 2.25, "accuracy": 0.125})
  clock.now += 2.0
  _finish(position)
  clock.now += 5.0  # The test set's time is not training's.
  one.on_epoch_end(1, _LOGS)
  assert rows == [{
      "epoch": 2, "step": 6, "learning_rate": 0.05,
      "train_loss": 2.0, "train_accuracy": 0.25,
      "test_loss": 2.25, "test_accuracy": 0.125, "test_top5": None,
      "images_per_second": 20.0, "seconds": 2.0,
      "corrupted_accuracy": None, "drawn_equal_accuracy": None,
      "untouched_accuracy": None, "drawn_accuracy": None}]
  assert {*rows[0]} == {
      *run_directory.METRICS_COLUMNS, *run_directory.LABEL_KINDS_COLUMNS,
      "test_top5"}


def test_an_epoch_without_a_test_has_none_in_its_row(tmp_path, clock):
  rows = []
  position = _position()
  clock.now += 4.0
  _finish(position)
  _recorder(tmp_path, rows, position).on_epoch_end(0, _LOGS)
  assert rows[0]["test_loss"] is None and rows[0]["test_accuracy"] is None
  assert rows[0]["seconds"] == 4.0
  # The rate of the epoch's last step, not of the next one.
  assert rows[0]["learning_rate"] == 0.1


def test_an_epoch_that_goes_on_counts_what_was_done_before(tmp_path, clock):
  rows = []
  position = _position(2, batch=2, seconds=30.0)
  assert (position.step, str(position)) == (8, "epoch 3, step 8")
  clock.now += 10.0
  _finish(position)
  _recorder(tmp_path, rows, position).on_epoch_end(2, _LOGS)
  assert (rows[0]["step"], rows[0]["seconds"]) == (9, 40.0)
  assert rows[0]["images_per_second"] == 1.0
  # And the next one starts at nothing.
  position.on_epoch_begin(3)
  assert (position.step, position.batch, position.seconds()) == (9, 0, 0.0)


def test_metrics_csv_grows_by_a_line_an_epoch(tmp_path, clock):
  position = position_lib.Position(3)
  one = _recorder(tmp_path, [], position)
  for epoch in range(3):
    position.on_epoch_begin(epoch)
    clock.now += 1.0
    _finish(position)
    one.on_epoch_end(epoch, _LOGS)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert len(lines) == 2 + epoch
    assert lines[-1].startswith(f"{epoch + 1},{3 * epoch + 3},")


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), float("-inf")])
def test_a_loss_that_is_not_finite_stops_in_its_step(tmp_path, loss):
  position = _position(4)
  one = _recorder(tmp_path, [], position)
  position.on_train_batch_end(0)
  one.on_train_batch_end(0, {"loss": 3.0})
  position.on_train_batch_end(1)
  with pytest.raises(errors.DivergedError) as diverged:
    one.on_train_batch_end(1, {"loss": loss})
  message = str(diverged.value)
  assert f"the loss is {loss} in epoch 5, step 14," in message
  assert "learning rate 0.00625" in message  # 0.1 * 0.5^4


def test_a_test_loss_that_is_not_finite_leaves_no_row(tmp_path, clock):
  del clock
  rows = []
  position = _position()
  one = _recorder(
      tmp_path, rows, position,
      {"cross_entropy": float("nan"), "accuracy": 0.1})
  _finish(position)
  with pytest.raises(errors.DivergedError, match="test loss is nan"):
    one.on_epoch_end(0, _LOGS)
  assert not rows and not (tmp_path / "metrics.csv").exists()


def _rows(accuracies):
  return [{"epoch": e, "train_accuracy": train, "test_accuracy": test}
          for e, (train, test) in enumerate(accuracies, start=1)]


def test_epochs_to_fit_are_the_first_that_reach_each_level():
  rows = _rows([(0.5, None), (0.9, None), (0.97, None), (0.985, None),
                (0.96, None), (0.998, None)])
  assert recorder.epochs_to_fit(rows) == {
      "0.90": 2, "0.95": 3, "0.98": 4, "0.999": None}


def test_one_epoch_may_reach_several_levels():
  assert recorder.epochs_to_fit(_rows([(1.0, None)])) == {
      "0.90": 1, "0.95": 1, "0.98": 1, "0.999": 1}


def test_the_best_test_accuracy_is_over_the_epochs_that_have_one():
  rows = _rows([(0.1, None), (0.2, 0.4), (0.3, None), (0.4, 0.35)])
  assert recorder.best(rows, "test_accuracy") == 0.4


_ROW = {"epoch": 3, "train_loss": 1.23456, "train_accuracy": 0.98765,
        "test_accuracy": 0.1, "images_per_second": 12345.6}


def test_outside_a_terminal_an_epoch_is_a_line(capsys):
  shown = progress.Progress(
      [_ROW], training_flags.Config(epochs=100), _position(2), 1000)
  shown.on_train_begin()
  shown.on_train_batch_end(0)
  shown.on_epoch_end(2)
  shown.close()
  assert capsys.readouterr().out == (
      "epoch   3/100  loss 1.2346  training accuracy 98.77%  "
      "test accuracy 10.00%  12,346 images/s\n")


def test_a_line_leaves_out_what_was_not_measured(capsys):
  row = {**_ROW, "test_accuracy": None}
  shown = progress.Progress(
      [row], training_flags.Config(epochs=3), _position(), 10)
  shown.on_epoch_end(2)
  assert "test" not in capsys.readouterr().out


def _show_in_a_terminal(monkeypatch, columns):
  """Trains two of four epochs, the first of them begun before; returns lines.

  What a terminal of so many columns shows, one after the other.
  """
  terminal, own = pty.openpty()
  termios.tcsetwinsize(own, (24, columns))
  monkeypatch.setattr("sys.stdout", os.fdopen(own, "w", encoding="utf-8"))
  rows = [_ROW, _ROW]
  config = training_flags.Config(epochs=4, batch_size=40)
  position = position_lib.Position(3, epoch=2, batch=1)
  shown = progress.Progress(rows, config, position, 100)
  for epoch in (2, 3):  # As Keras does, a call of `fit` for each.
    shown.on_train_begin()
    position.on_epoch_begin(epoch)
    while position.batch < 3:  # 40, 40 and the 20 left over.
      position.on_train_batch_end(0)
      shown.on_train_batch_end(0, _LOGS)
    rows.append({**_ROW, "epoch": epoch + 1, "test_accuracy": 0.125})
    shown.on_epoch_end(epoch, {**_LOGS, "cross_entropy": 1.0})
    shown.on_train_end()
  shown.close()
  print("next", flush=True)
  read = b""
  while b"next\r\n" not in read:
    read += os.read(terminal, 1 << 16)
  os.close(terminal)
  return read.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_in_a_terminal_a_line_has_loss_and_accuracy_first_and_fits(
    monkeypatch, columns):
  lines = _show_in_a_terminal(monkeypatch, columns)
  assert max(map(len, lines)) <= columns
  said = "epoch 4/4  loss 1.0000  accuracy 25.00%  test 12.50%"
  assert lines[-3].startswith(said[:columns].rstrip())
  assert ("100%" in lines[-3]) == (columns >= 60)
  assert ("images/s" in lines[-3]) == (columns > 100)
  if columns >= 80:  # A bar that says something.
    assert lines[-3].count("\N{FULL BLOCK}") >= 10


def test_what_comes_after_the_line_of_a_terminal_is_below_it(monkeypatch):
  assert _show_in_a_terminal(monkeypatch, 80)[-2:] == ["next", ""]


def test_the_line_of_a_terminal_begins_where_the_run_goes_on(monkeypatch):
  _, first, *_ = _show_in_a_terminal(monkeypatch, 80)
  assert first.startswith("epoch 3/4  test 10.00%  60%")  # 240 of 400 images.

"""Tests of contents: a run's files are told from everybody else's."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import sealed

_CONFIG = {"dataset": "digits", "model": "m", "seed": 3}
_ROW = {"epoch": 1, "step": 3, "untouched_accuracy": 0.5,
        "measures": {"frobenius_norm": 7.0, "margin_bound": None}}
# Of others, where a run's would be.
_STRANGERS = [
    "checkpoints/model.h5", "checkpoints/a/b/step-00000001.npz",
    "checkpoints/step-1.npz.bak", "tensorboard/notes.txt",
    "tensorboard/train/events", "checkpoints/.hidden"]


def _begin(path, config=_CONFIG, overwrite=False):
  """Begins a run as a program does; returns what was found done."""
  with run_directory.claim(path) as directory:
    result = directory.earlier_result(config, True, overwrite)
    if result is None:
      directory.begin(config, {}, overwrite)
    return result


def _make(path, done=False, manifest=True):
  """Makes a run directory with each kind of file."""
  with run_directory.claim(path) as directory:
    directory.begin(_CONFIG, {"python": "3"}, overwrite=False)
    (path / "checkpoints/model-a").mkdir(parents=True)
    (path / "tensorboard/train").mkdir(parents=True)
    sealed.write(path / "checkpoints/step-00000001.npz", {}, {})
    sealed.write(path / "checkpoints/model-a/step-00000001.npz", {}, {})
    (path / "checkpoints/panel-0000.bin").write_text("old")
    (path / "checkpoints/.step-00000002.npz.7.tmp").write_text("half")
    (path / "tensorboard/train/events.out.tfevents.1.host.2.0.v2").touch()
    directory.write_metrics([_ROW])
    if done:
      directory.write_result({"status": "done"})
  if not manifest:
    (path / "MANIFEST").unlink()


def _files(path):
  return {p.relative_to(path).as_posix(): p.read_bytes()
          for p in path.rglob("*") if p.is_file() and p.name != "lock"}


@pytest.mark.parametrize("name", [
    "metrics.csv", "result.json", "config.json", "SHA256SUMS",
    "environment.json", "label_kinds.csv", "measures.csv", "MANIFEST",
    *_STRANGERS])
@pytest.mark.parametrize("config", [None, "{}", '{"seed": 1}', "[]"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_with_strangers_files_is_refused_and_left(
    tmp_path, name, config, overwrite):
  (tmp_path / "run").mkdir()
  if config and not name.endswith("json"):
    (tmp_path / "run/config.json").write_text(config)
  (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
  (tmp_path / "run" / name).write_text("{}")
  before = _files(tmp_path / "run")
  with pytest.raises(errors.UsageError, match=os.path.basename(name)):
    _begin(tmp_path / "run", overwrite=overwrite)
  assert _files(tmp_path / "run") == before


@pytest.mark.parametrize("name", _STRANGERS)
@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_strangers_file_in_a_run_is_refused_and_left(
    tmp_path, name, manifest, overwrite):
  _make(tmp_path / "run", manifest=manifest)
  (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
  (tmp_path / "run" / name).write_text("mine")
  before = _files(tmp_path / "run")
  with pytest.raises(errors.UsageError) as refusal:
    _begin(tmp_path / "run", overwrite=overwrite)
  assert name in str(refusal.value)
  assert _files(tmp_path / "run") == before


def test_a_strangers_npz_file_is_no_checkpoint(tmp_path):
  _make(tmp_path / "run")
  np.savez(tmp_path / "run/checkpoints/step-00000009.npz", a=np.zeros(3))
  with pytest.raises(errors.UsageError, match="step-00000009.npz"):
    _begin(tmp_path / "run")


def test_many_strangers_are_counted(tmp_path):
  (tmp_path / "checkpoints").mkdir()
  for number in range(5):
    (tmp_path / f"checkpoints/{number}").touch()
  with pytest.raises(errors.UsageError, match="and 2 more"):
    _begin(tmp_path)


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize("done", [False, True])
def test_overwriting_a_run_removes_all_of_it_and_no_more(
    tmp_path, done, manifest):
  _make(tmp_path / "run", done, manifest)
  for name in ("notes.txt", "plots/curve.png", "result.json.bak"):
    (tmp_path / "run" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "run" / name).write_text("mine")
  _begin(tmp_path / "run", {**_CONFIG, "seed": 4}, overwrite=True)
  assert set(_files(tmp_path / "run")) == {
      "config.json", "environment.json", "MANIFEST", "notes.txt",
      "plots/curve.png", "result.json.bak"}


@pytest.mark.parametrize("manifest", [False, True])
def test_a_run_goes_on_and_keeps_its_checkpoints(tmp_path, manifest, capsys):
  _make(tmp_path / "run", manifest=manifest)
  before = set(_files(tmp_path / "run"))
  assert _begin(tmp_path / "run") is None
  assert before - set(_files(tmp_path / "run")) == {
      "checkpoints/.step-00000002.npz.7.tmp"}
  assert _begin(tmp_path / "run") is None
  assert capsys.readouterr().err == ""


@pytest.mark.parametrize("manifest", [False, True])
def test_a_finished_run_that_lost_its_config_exits_4(tmp_path, manifest):
  _make(tmp_path / "run", done=True, manifest=manifest)
  (tmp_path / "run/config.json").unlink()
  before = _files(tmp_path / "run")
  with pytest.raises(errors.StorageError) as refusal:
    _begin(tmp_path / "run")
  assert "config.json is missing" in str(refusal.value)
  assert "--overwrite starts it anew" in str(refusal.value)
  assert _files(tmp_path / "run") == before
  assert _begin(tmp_path / "run", overwrite=True) is None
  assert not (tmp_path / "run/result.json").exists()


def test_an_unfinished_run_that_lost_its_config_exits_4(tmp_path):
  _make(tmp_path / "run")
  (tmp_path / "run/config.json").unlink()
  with pytest.raises(errors.StorageError, match="config.json is missing"):
    _begin(tmp_path / "run")


@pytest.mark.parametrize("name", [
    "config.json", "environment.json", "metrics.csv", "label_kinds.csv",
    "measures.csv"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_that_somebody_replaced_is_kept_under_another_name(
    tmp_path, name, overwrite, capsys):
  _make(tmp_path / "run")
  (tmp_path / "run" / name).write_text('{"seed": 3}')
  if name == "config.json" and not overwrite:
    with pytest.raises(errors.StorageError, match="config.json is damaged"):
      _begin(tmp_path / "run")
    return
  _begin(tmp_path / "run", overwrite=overwrite)
  warning, = capsys.readouterr().err.splitlines()
  assert warning == (
      f"warning: {tmp_path}/run/{name} is not as this run wrote it; it is kept "
      f"as {name}.kept-1")
  assert (tmp_path / f"run/{name}.kept-1").read_text() == '{"seed": 3}'


def test_killed_between_the_manifest_and_the_file_nothing_is_strange(
    tmp_path, monkeypatch, capsys):
  class Killed(BaseException):
    """Stands for SIGKILL."""

  _make(tmp_path / "run")
  before = (tmp_path / "run/metrics.csv").read_bytes()
  monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(Killed))
  with pytest.raises(Killed), run_directory.claim(
      tmp_path / "run") as directory:
    directory.write_metrics([_ROW, {**_ROW, "epoch": 2}])
  monkeypatch.undo()
  assert (tmp_path / "run/metrics.csv").read_bytes() == before
  assert _begin(tmp_path / "run") is None
  assert capsys.readouterr().err == ""


def test_any_flipped_bit_of_the_manifest_is_named_or_harmless(
    tmp_path, capsys):
  _make(tmp_path / "made")
  good = (tmp_path / "made/MANIFEST").read_bytes()
  for position in range(len(good)):
    shutil.rmtree(tmp_path / "run", ignore_errors=True)
    shutil.copytree(tmp_path / "made", tmp_path / "run")
    damaged = bytearray(good)
    damaged[position] ^= 1 << (position % 8)
    (tmp_path / "run/MANIFEST").write_bytes(damaged)
    assert _begin(tmp_path / "run") is None
    warning, = capsys.readouterr().err.splitlines()
    assert warning.startswith(
        f"warning: {tmp_path}/run/MANIFEST is damaged")
    assert _begin(tmp_path / "run") is None  # It is written anew.
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", [
    "checkpoints", "tensorboard", "config.json", "metrics.csv", "result.json",
    "MANIFEST", "preview.png", "lock"])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_where_a_runs_own_should_be_is_refused(
    tmp_path, name, overwrite):
  _make(tmp_path / "run")
  elsewhere = tmp_path / "elsewhere"
  own = tmp_path / "run" / name
  if own.is_dir():
    shutil.move(own, elsewhere)
  else:
    elsewhere.write_bytes(own.read_bytes() if own.exists() else b"mine")
    own.unlink(missing_ok=True)
  own.symlink_to(elsewhere)
  target = elsewhere if elsewhere.is_file() else None
  before = target.read_bytes() if target else _files(elsewhere)
  with pytest.raises(errors.UsageError, match="a link"):
    _begin(tmp_path / "run", overwrite=overwrite)
  assert (target.read_bytes() if target else _files(elsewhere)) == before


@pytest.mark.parametrize("name", [
    "tensorboard/train", "checkpoints/model-a", "checkpoints/link.npz"])
def test_a_link_below_is_refused_and_not_followed(tmp_path, name):
  _make(tmp_path / "run")
  (tmp_path / "elsewhere").mkdir()
  events = "events.out.tfevents.1.host.2.0.v2"
  (tmp_path / "elsewhere" / events).write_text("mine")
  shutil.rmtree(tmp_path / "run" / name, ignore_errors=True)
  (tmp_path / "run" / name).symlink_to(tmp_path / "elsewhere")
  for overwrite in (False, True):
    with pytest.raises(errors.UsageError, match=name):
      _begin(tmp_path / "run", overwrite=overwrite)
  run_directory.RunDirectory(tmp_path / "run").clear()
  assert (tmp_path / "elsewhere" / events).read_text() == "mine"


def test_a_lock_of_somebody_elses_is_not_emptied(tmp_path):
  (tmp_path / "lock").write_text("the combination is 12-34-56")
  with pytest.raises(errors.UsageError, match="lock: expected a run's lock"):
    _begin(tmp_path)
  assert (tmp_path / "lock").read_text() == "the combination is 12-34-56"


@pytest.mark.parametrize("name", ["lock", "config.json", "result.json"])
def test_a_fifo_is_refused_and_not_waited_for(tmp_path, name):
  os.mkfifo(tmp_path / name)
  with pytest.raises(errors.UsageError, match=name):
    _begin(tmp_path)
  assert run_directory.owner(tmp_path) is None


def test_a_preview_is_replaced_and_a_strangers_picture_is_not(tmp_path):
  for content in (b"one", b"two"):
    with run_directory.claim(tmp_path / "mine") as directory:
      directory.write_preview(content)
    assert (tmp_path / "mine/preview.png").read_bytes() == content
  (tmp_path / "other").mkdir()
  (tmp_path / "other/preview.png").write_bytes(b"\x89PNG a stranger's")
  with run_directory.claim(tmp_path / "other") as directory:
    with pytest.raises(errors.UsageError, match="preview.png"):
      directory.write_preview(b"three")
  assert (tmp_path / "other/preview.png").read_bytes() == (
      b"\x89PNG a stranger's")


def test_a_preview_does_not_make_a_run_and_a_run_leaves_it(tmp_path):
  with run_directory.claim(tmp_path) as directory:
    directory.write_preview(b"one")
  assert _begin(tmp_path) is None
  with run_directory.claim(tmp_path) as directory:
    directory.write_preview(b"two")
  assert _begin(tmp_path, overwrite=True) is None
  assert (tmp_path / "preview.png").read_bytes() == b"two"


def test_a_line_of_the_manifest_is_what_sha256sum_prints_and_a_check(tmp_path):
  _make(tmp_path / "run")
  content = (tmp_path / "run/config.json").read_bytes()
  assert json.loads(content) == _CONFIG
  first = (tmp_path / "run/MANIFEST").read_text().splitlines()[0]
  assert first.startswith(
      f"{hashlib.sha256(content).hexdigest()}  config.json  ")

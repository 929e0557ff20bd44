"""Tests of convnet_gram: what a stopped accumulation goes on from."""

import hashlib
import json
import weakref

import numpy as np
import pytest

from rethink_tf import errors
from rethink_tf.flags import linear as linear_flags
from rethink_tf.linear import accumulation
from rethink_tf.linear import convnet_gram
from rethink_tf.linear import problem as problem_lib
from rethink_tf.linear import random_convnet
from rethink_tf.linear import status
from rethink_tf.runs import sealed
from rethink_tf.runs import signals

# Three blocks of filters, and of 60 examples two panels.
_CONFIG, _ = linear_flags.parse_interpolate([
    "--dataset=digits", "--train_examples=60", "--filters=600",
    "--preprocessing=random_convnet", "--kernel=linear"])
_WIDTH = 40


class _StopAfter(signals.Stop):
  """Is asked to stop when it is asked so many times whether it is."""

  def __init__(self, times):
    super().__init__()
    self._left = times

  def check(self, saved):
    self._left -= 1
    if self._left == 0:
      self.ask("SIGTERM")
    super().check(saved)


def _build(folder, stop=None):
  return convnet_gram.build(
      _CONFIG, problem_lib.load(_CONFIG, None),
      convnet_gram.Keeper(folder, 100),
      stop or signals.Stop(), status.Quiet(), _WIDTH)


@pytest.fixture(name="drawn")
def _drawn(monkeypatch):
  """Lists the blocks of filters whose features were computed."""
  blocks, method = [], random_convnet.Network.features

  def counting(self, images, block):
    blocks.append(block.start // problem_lib.FILTERS_PER_BLOCK)
    return method(self, images, block)

  monkeypatch.setattr(random_convnet.Network, "features", counting)
  return blocks


def test_a_checkpoint_comes_back_whole(tmp_path):
  saved, restored = (accumulation.Accumulator(60, 5, _WIDTH) for _ in range(2))
  norms, again = np.arange(5.0), np.zeros(5)
  for number, panel in enumerate(saved.panels):
    panel[:] = number + np.arange(panel.size).reshape(panel.shape)
  saved.block, saved.panel = 2, 1
  convnet_gram.Keeper(tmp_path, 100).save(saved, norms)
  convnet_gram.Keeper(tmp_path, 100).restore(restored, again)
  assert (restored.block, restored.panel) == (2, 1)
  for left, right in zip(saved.panels, restored.panels, strict=True):
    np.testing.assert_array_equal(left, right)
  np.testing.assert_array_equal(again, norms)


def _make_old(folder):
  """Makes a checkpoint that of the versions before gram.npz."""
  norms, head = sealed.read(folder / "gram.npz")
  panels = sorted(folder.glob("gram-*-*.npz"))
  arrays = [sealed.read(path)[0]["panel"] for path in panels]
  for index, array in enumerate([*arrays, norms["test_norms"]]):
    header = {"shape": array.shape, "dtype": str(array.dtype), "state": {},
              "sha256": hashlib.sha256(array.tobytes()).hexdigest()}
    path = folder / f"gram-{head['generation']}-{index:04d}.bin"
    path.write_bytes(json.dumps(header).encode() + b"\n" + array.tobytes())
  for path in folder.glob("*.npz"):
    path.unlink()
  (folder / "gram.json").write_text(json.dumps(head))


@pytest.mark.parametrize("asked", [4, None])
def test_a_checkpoint_of_an_earlier_version_is_gone_on_from(
    tmp_path, drawn, capsys, asked):
  whole = _build(tmp_path / "whole")
  if asked:
    with pytest.raises(errors.StoppedError):
      _build(tmp_path / "run", _StopAfter(asked))
  else:
    _build(tmp_path / "run")
  _make_old(tmp_path / "run")
  drawn.clear()
  again = _build(tmp_path / "run")
  assert drawn == ([1, 2] if asked else [])
  np.testing.assert_array_equal(
      again.tile(slice(40, 60), slice(0, 40)),
      whole.tile(slice(40, 60), slice(0, 40)))
  assert {p.suffix for p in (tmp_path / "run").iterdir()} == {".npz"}
  assert "warning" not in capsys.readouterr().err


@pytest.mark.parametrize("text", [
    '{"generation": 1, "block": 2}', '{"generation": "x"}', "[]", "{",
    '{"generation": 1, "block": -2, "panel": 0}', 10**5 * "["])
def test_an_earlier_versions_damaged_head_is_named(tmp_path, capsys, text):
  _build(tmp_path)
  _make_old(tmp_path)
  (tmp_path / "gram.json").write_text(text)
  _build(tmp_path)
  assert "gram.json is damaged" in capsys.readouterr().err


def test_panels_of_another_generation_are_not_mixed(tmp_path, capsys):
  whole = _build(tmp_path / "whole")
  with pytest.raises(errors.StoppedError):
    _build(tmp_path / "run", _StopAfter(4))
  # What belongs to this panel's head is more than the head says.
  path = max((tmp_path / "run").glob("gram-*-0001.npz"))
  arrays, state = sealed.read(path)
  sealed.write(path, arrays, {**state, "block": state["block"] + 1})
  again = _build(tmp_path / "run")
  assert f"{path} is missing or damaged" in capsys.readouterr().err
  np.testing.assert_array_equal(
      again.tile(slice(40, 60), slice(0, 40)),
      whole.tile(slice(40, 60), slice(0, 40)))


def test_one_block_of_features_is_in_memory_at_a_time(monkeypatch):
  made, method = [], random_convnet.Network.features

  def watched(self, images, block):
    assert all(features() is None for features in made)
    features = method(self, images, block)
    made.append(weakref.ref(features))
    return features

  monkeypatch.setattr(random_convnet.Network, "features", watched)
  _build(None)
  assert len(made) == 3


# A block asks after each of its two panels, and at its end. Stopped in a block,
# its features are computed again, and those before are not.
@pytest.mark.parametrize("asked, left", [(1, [0, 1, 2]), (4, [1, 2]), (8, [2])])
def test_blocks_that_were_added_are_not_computed_again(
    tmp_path, drawn, asked, left):
  whole = _build(tmp_path / "whole")
  with pytest.raises(errors.StoppedError):
    _build(tmp_path / "run", _StopAfter(asked))
  drawn.clear()
  again = _build(tmp_path / "run")
  assert drawn == left
  for rows in (slice(0, 40), slice(40, 60)):
    np.testing.assert_array_equal(
        again.tile(rows, slice(0, 40)),
        whole.tile(rows, slice(0, 40)))
  drawn.clear()
  _build(tmp_path / "run")
  assert not drawn

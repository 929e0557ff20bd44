"""Tests of train with KERAS_BACKEND=jax, where TensorFlow cannot be imported.

They run where JAX is installed: with the lock of that name.
"""

import functools
import importlib.util
import json
import shutil

import numpy as np
import pytest

import rethink_tf
from tests import launch

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="JAX is not installed")

# Four steps an epoch, the last of which has four examples.
_FLAGS = (
    "--dataset=digits", "--model=mlp_1x512", "--width=16", "--batch_size=32",
    "--train_examples=100", "--label_corruption=0.5", "--random_crop",
    "--weight_decay=0.001", "--epochs=3", "--record_examples")
_TRAIN = "runpy.run_module('rethink_tf.programs.train', run_name='__main__')"
# One step a program, and a signal as it were after the sixth.
_STOPPING = """
from rethink_tf.training import compiled
from rethink_tf.training.callbacks import saver

compiled.Pace.end = lambda self, done: None
asked = saver.Saver.asked_to_stop

def ask(self):
  if self._position.step == 6:
    self._stop.ask("the test")
  return asked(self)

saver.Saver.asked_to_stop = ask
"""


def _train(backend, logdir, *flags, before=""):
  """Trains in a process, on the CPU; returns it, ended.

  JAX with CUDA says of a machine without a GPU, at length, that it has none.
  """
  hidden = "sys.modules['tensorflow'] = None" if backend == "jax" else ""
  return launch.python(
      f"import runpy, sys\n{hidden}\n{before}\n{_TRAIN}",
      *_FLAGS, *flags, f"--logdir={logdir}", folder=logdir.parent,
      KERAS_BACKEND=backend, JAX_PLATFORMS="cpu")


@pytest.fixture(name="trained", scope="module")
def _trained(tmp_path_factory):
  """A function of a backend, flags, and what ran before to a run directory."""
  folder = tmp_path_factory.mktemp("runs")

  @functools.cache
  def train(backend, *flags, stopped=False):
    logdir = folder / "-".join([backend, *flags, *["stopped"] * stopped])
    done = _train(
        backend, logdir, *flags, before=_STOPPING if stopped else "")
    assert done.returncode == (75 if stopped else 0), done.stderr
    return logdir

  return train


def _read(logdir, name):
  return json.loads((logdir / name).read_text("utf-8"))


def _losses(logdir):
  return rethink_tf.load_run(logdir).metrics[["train_loss", "test_loss"]]


def test_both_backends_see_the_same_examples_from_the_same_weights(trained):
  tensorflow, jax = trained("tensorflow"), trained("jax")
  # With it the hashes of the labels and of the data set.
  assert _read(jax, "config.json") == _read(tensorflow, "config.json")
  assert _read(jax, "environment.json")["backend"] == "jax"
  np.testing.assert_allclose(_losses(jax), _losses(tensorflow), rtol=1e-4)
  # Each example's margin in its step of the first epoch: its label, its window,
  # and the step in which it comes, as weights change with each.
  first, second = (
      rethink_tf.load_run(one).examples().margins for one in (jax, tensorflow))
  np.testing.assert_allclose(first[0], second[0], atol=1e-3)
  assert len(set(np.round(first[0], 3))) > 90


def test_a_run_that_was_stopped_ends_with_the_bits_of_one_that_was_not(
    trained, tmp_path):
  whole = trained("jax", "--dropout=0.3")
  shutil.copytree(trained("jax", "--dropout=0.3", stopped=True),
                  tmp_path / "run")
  done = _train("jax", tmp_path / "run", "--dropout=0.3")
  assert "in epoch 2, after 2 of its 4 steps" in done.stdout, done.stderr
  for name in ("weights_sha256", "optimizer_sha256", "train_accuracy"):
    assert _read(tmp_path / "run", "result.json")[name] == _read(
        whole, "result.json")[name]
  np.testing.assert_array_equal(_losses(tmp_path / "run"), _losses(whole))


def test_many_steps_in_a_program_are_the_steps_one_by_one(trained, tmp_path):
  # As on a GPU; a processor is called step by step.
  done = _train("jax", tmp_path / "run",
                before="import jax\njax.default_backend = lambda: 'gpu'")
  assert done.returncode == 0, done.stderr
  np.testing.assert_allclose(
      _losses(tmp_path / "run"), _losses(trained("jax")), rtol=1e-5)


@pytest.mark.parametrize("begun, ended", [
    ("tensorflow", "jax"), ("jax", "tensorflow")])
def test_a_run_goes_on_with_the_other_backend(trained, tmp_path, begun, ended):
  shutil.copytree(trained(begun, stopped=True), tmp_path / "run")
  done = _train(ended, tmp_path / "run")
  assert "in epoch 2, after 2 of its 4 steps" in done.stdout, done.stderr
  np.testing.assert_allclose(
      _losses(tmp_path / "run"), _losses(trained(ended)), rtol=1e-4)


def test_data_that_only_tensorflow_reads_are_refused_in_a_line(tmp_path):
  (tmp_path / "data").mkdir()
  done = _train("jax", tmp_path / "run", "--dataset=mnist",
                f"--data_dir={tmp_path}/data")
  assert (done.returncode, len(launch.errors_of(done))) == (3, 1), done.stderr
  assert f"{tmp_path}/data/packed/mnist.npz: expected a file" in done.stderr

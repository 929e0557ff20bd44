"""Tests of CONTRIBUTING.md: its recipes, followed to the letter in a copy."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import rethink_tf

_ROOT = pathlib.Path(rethink_tf.__file__).parent.parent
_COPIED = ("rethink_tf", "configs", "scripts/check_pages.py", "README.md",
           "CONTRIBUTING.md", "tests/models/registry_test.py")
_TRAIN, _TEST = 40, 20
# "In [FILE](FILE), after `TEXT`...:" or "In a new file, `FILE`:", and the block
# of code below it. TEXT is in one backtick, or in two.
_STEP = re.compile(
    r"^In (?:\[[^]]+\]\((?P<file>[^)]+)\),\s+after\s+(?P<ticks>`+) ?"
    r"(?P<text>[^\n]+?) ?(?P=ticks)|a new file, `(?P<new>[^`]+)`)[^:`]*:\n\n"
    r"```\w+\n(?P<block>.*?\n)```$", re.M | re.S)


@pytest.fixture(name="copy", scope="module")
def _copy(tmp_path_factory):
  """A copy of what the recipes touch, after both."""
  root = tmp_path_factory.mktemp("copy")
  for name in _COPIED:
    source, target = _ROOT / name, root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
      shutil.copytree(
          source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
      shutil.copyfile(source, target)
  recipes = (root / "CONTRIBUTING.md").read_text("utf-8").split("\n## ")[1:]
  steps = [_follow(root, recipe) for recipe in recipes]
  assert steps == [2, 3]
  return root


def _follow(root, recipe):
  """Does the steps of a recipe, and returns how many there are."""
  steps = list(_STEP.finditer(recipe))
  assert len(steps) == recipe.count("\n```") // 2  # None is passed over.
  for step in steps:
    block = step["block"]
    if step["new"]:
      (root / step["new"]).write_text(block, "utf-8")
      continue
    file = root / step["file"]
    before, found, after = file.read_text("utf-8").partition(step["text"])
    assert found and step["text"] not in after
    # On lines of its own, unless the text is not the end of one.
    more = f"\n{block[:-1]}" if after.startswith("\n") else f" {block[:-1]}"
    file.write_text(before + found + more + after, "utf-8")
  return len(steps)


def _python(root, *arguments):
  path = os.pathsep.join([str(root), *filter(None, sys.path)])
  done = subprocess.run(
      [sys.executable, *map(str, arguments)], cwd=root, capture_output=True,
      text=True, check=False, env={
          **os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(root),
          "HOME": str(root)})
  assert done.returncode == 0, done.stdout + done.stderr
  return done.stdout


def _train(root, *flags):
  said = _python(root, "-m", "rethink_tf.programs.train", "--epochs=1",
                 "--logdir=run", "--overwrite", *flags)
  return said, json.loads((root / "run/result.json").read_text("utf-8"))


def test_a_dataset_of_the_recipe_is_trained_on(copy):
  # As many as the test writes; the recipe's numbers are of the whole.
  catalog = copy / "rethink_tf/data/catalog.py"
  catalog.write_text(catalog.read_text("utf-8").replace(
      '"kmnist": Entry("KMNIST", 60_000, 10_000',
      f'"kmnist": Entry("KMNIST", {_TRAIN}, {_TEST}'))
  tfds.dataset_builders.store_as_tfds_dataset(
      name="kmnist", version="3.0.0", data_dir=copy / "data",
      features=tfds.features.FeaturesDict({
          "image": tfds.features.Image(shape=(28, 28, 1)),
          "label": tfds.features.ClassLabel(num_classes=10)}),
      split_datasets={"train": _examples(_TRAIN), "test": _examples(_TEST)})
  said, result = _train(copy, "--dataset=kmnist", "--data_dir=data")
  assert "mlp_1x512 on kmnist, true labels, 40 training examples" in said
  assert (result["status"], result["train_examples"]) == ("done", _TRAIN)


def _examples(count):
  random = np.random.default_rng(count)
  return tf.data.Dataset.from_tensor_slices({
      "image": random.integers(0, 256, (count, 28, 28, 1)).astype(np.uint8),
      "label": random.integers(0, 10, count)})


def test_a_model_of_the_recipe_is_trained_and_counted(copy):
  _, result = _train(copy, "--dataset=digits", "--train_examples=50",
                     "--model=softmax_regression", "--dropout=0.5")
  assert (result["model"], result["params"]) == ("softmax_regression", 23_530)
  _python(copy, "-m", "pytest", "-q", "-pno:cacheprovider",
          "--import-mode=importlib", "tests/models/registry_test.py",
          "-k=softmax_regression or parameters or without_keras")


def test_the_pages_name_all_that_the_recipes_add(copy):
  _python(copy, "-c", """
import pathlib
from rethink_tf.data import catalog
from rethink_tf.models import registry
from scripts import check_pages
readme = pathlib.Path("README.md").read_text("utf-8")
assert set(check_pages.list_names(readme, "--dataset")) == set(
    catalog.IN_MEMORY) and "kmnist" in catalog.IN_MEMORY
assert set(check_pages.list_names(readme, "--model")) == set(
    registry.names()) and "softmax_regression" in registry.names()
""")

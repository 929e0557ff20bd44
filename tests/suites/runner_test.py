"""Tests of the runner's estimates; tests/programs/ runs whole suites."""

import dataclasses
import json

import pytest

from rethink_tf.models import registry
from rethink_tf.suites import plan as suite_plan
from rethink_tf.suites import runner


@pytest.mark.parametrize("suite, run, train, test", [
    ("table1", "table1_row19", 50_000, 10_000),
    ("table2", "table2_row7", 1_281_167, 50_000),
])
def test_a_runs_time_is_that_of_its_training_and_of_every_test_image(
    tmp_path, suite, run, train, test):
  plan, = (plan for plan in suite_plan.load(suite) if plan.name == run)
  config = plan.config
  job, = runner.jobs([plan], tmp_path, {config.dataset: train}, {})
  # The test set after each epoch and at the end, and then the training set.
  assert config.eval_every == 1
  tested = (config.epochs + 1) * test + train
  images = config.epochs * train + tested / 3
  rate = registry.models()[config.model].images_per_second
  assert job.seconds == pytest.approx(15 + images / rate)


def test_a_run_that_was_extended_leaves_its_place_to_one_that_was_not(tmp_path):
  plan = suite_plan.load("smoke")[0]
  longer = dataclasses.replace(plan.config, epochs=plan.config.epochs + 1)
  for config, folder in ((plan.config, plan.folder), (
      longer, plan.folder.with_name("seed1-longer"))):
    (tmp_path / "of" / folder).mkdir(parents=True)
    (tmp_path / "of" / folder / "config.json").write_text(
        json.dumps(config.as_dict()))
  count = {plan.config.dataset: 1297}
  job, = runner.jobs([plan], tmp_path / "of", count, {})
  assert job.directory == tmp_path / "of" / plan.folder
  # Extended where it is, by --extend.
  (tmp_path / "of" / plan.folder / "config.json").write_text(
      json.dumps(longer.as_dict()))
  job, = runner.jobs([plan], tmp_path / "of", count, {})
  name, seed = plan.folder.parts
  assert job.directory == (
      tmp_path / "of" / f"{name}-epochs{plan.config.epochs}" / seed)

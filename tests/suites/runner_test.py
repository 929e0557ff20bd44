"""Tests of the runner's estimates; tests/programs/ runs whole suites."""

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

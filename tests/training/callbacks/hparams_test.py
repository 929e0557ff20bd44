"""Tests of event_files: what HParams makes of several runs."""

from tensorboard import context
from tensorboard.backend.event_processing import data_provider
from tensorboard.backend.event_processing import plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import backend_context
from tensorboard.plugins.hparams import list_session_groups

from rethink_tf.flags import training as training_flags
from rethink_tf.training.callbacks import event_files

# (the run directory, flags, test accuracy); the last two parts of the first
# three paths are equal, and the flags of the first and the last.
_RUNS = (
    ("lect/true/seed1", {}, 0.824),
    ("lect/other/true/seed1", {"pixel_randomization": "gaussian"}, 0.098),
    ("true/seed1", {"label_corruption": 1.0}, 0.1),
    ("again", {}, 0.75),
)


def _rows(folder):
  """Returns the rows of the HParams tab: {trial: (flags, test accuracy)}."""
  events = plugin_event_multiplexer.EventMultiplexer()
  events.AddRunsFromDirectory(str(folder))
  events.Reload()
  provider = data_provider.MultiplexerDataProvider(events, str(folder))
  request = api_pb2.ListSessionGroupsRequest(
      start_index=0, slice_size=100,
      allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_RUNNING])
  response = list_session_groups.Handler(
      context.RequestContext(),
      backend_context.Context(
          base_plugin.TBContext(data_provider=provider, logdir=str(folder))),
      "", request).run()
  return {
      group.name: (group.hparams, {
          metric.name.tag: metric.value for metric in group.metric_values})
      for group in response.session_groups}


def _write(folder, accuracy, **changed):
  config = training_flags.Config(dataset="digits", **changed)
  event_files.write_end(
      folder / "tensorboard", config, {
          "steps": 3, "train_examples": 1297, "test_accuracy": accuracy,
          "train_accuracy": 1.0})


def test_each_run_is_a_row_of_hparams_whatever_its_path_and_flags(tmp_path):
  for name, changed, accuracy in _RUNS:
    _write(tmp_path / name, accuracy, **changed)
  rows = _rows(tmp_path)
  assert set(rows) == {f"{name}/tensorboard" for name, *_ in _RUNS}
  for name, changed, accuracy in _RUNS:
    flags, metrics = rows[f"{name}/tensorboard"]
    assert set(flags) == {
        "dataset", "model", "label_corruption", "pixel_randomization",
        "train_examples", "random_crop", "weight_decay", "seed"}
    assert flags["train_examples"].number_value == 1297
    assert metrics["result/train_accuracy"] == 1.0
    assert abs(metrics["result/test_accuracy"] - accuracy) < 1e-6
    assert flags["pixel_randomization"].string_value == changed.get(
        "pixel_randomization", "none")


def test_a_run_that_was_started_again_is_still_one_row(tmp_path):
  folder = tmp_path / "run"
  _write(folder, 0.5)
  event_files.TensorBoard(folder / "tensorboard", [])  # As a start does.
  _write(folder, 0.5)
  (_, metrics), = _rows(tmp_path).values()
  assert metrics["result/test_accuracy"] == 0.5

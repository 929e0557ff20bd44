"""Measures of finished runs, kept beside each of them."""

import keras

from rethink_tf import errors
from rethink_tf.data import randomization
from rethink_tf.measures import registry
from rethink_tf.measures import subject as subject_lib
from rethink_tf.models import state
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import storage
from rethink_tf.training import checkpoints
from rethink_tf.training import experiment

FILE = "measures.json"


def measure(directory, config, data_dir):
  """Returns a run's measures, from its file of them or computed now.

  Args:
    directory: `pathlib.Path` of a finished run of train.
    config: its `Config`.
    data_dir: where its data are, or None.

  Returns:
    A dict with "weights_sha256", and "values" and "undefined" as
    `registry.measure` returns them.

  Raises:
    DataError: the data are others than those of the run.
    StorageError: the run is damaged, has no checkpoint, or one of other
      weights than its result.
    UsageError: the run directory cannot be written, or another process owns it.
  """
  result = run_directory.read_result(directory)
  kept = run_directory.read_json(directory / FILE)
  if kept and kept.get("weights_sha256") == result["weights_sha256"] and (
      {*kept["values"], *kept["undefined"]} == set(registry.MEASURES)):
    return kept
  with run_directory.claim(directory):
    values, undefined = registry.measure(
        load_subject(directory, config, result, data_dir))
    made = {"weights_sha256": result["weights_sha256"], "values": values,
            "undefined": undefined}
    storage.write_json(directory / FILE, made)
  return made


def load_subject(directory, config, result, data_dir):
  """Returns the `Subject` of a finished run.

  Args:
    directory, config, data_dir: as for `measure`.
    result: the dict of result.json.

  Raises:
    DataError, StorageError: as `measure` does.
  """
  data, train = experiment.load_data(config, data_dir)
  require_data(directory, result, data, train)
  initial = experiment.build_model(config, data)
  model = keras.models.clone_model(initial)
  set_trained(model, directory, result)
  return subject_lib.Subject(
      model, initial, experiment.select_seen(config, train), config.seed)


def require_data(directory, result, data, train):
  """Raises DataError unless the data are those of a run.

  Args:
    directory: `pathlib.Path` of the run.
    result: the dict of result.json.
    data, train: as `experiment.load_data` returns them.
  """
  for name, found in (
      ("dataset_fingerprint", data.fingerprint),
      ("label_hash", randomization.label_hash(train.labels))):
    if found != result[name]:
      raise errors.DataError(
          f"{directory}: expected data with {name} {result[name][:8]}. "
          f"Received: {found[:8]}")


def set_trained(model, directory, result):
  """Gives a network of a run's config the run's trained weights.

  Args:
    model: a `keras.Model`, built by `experiment.build_model`, or its clone.
    directory: `pathlib.Path` of the run.
    result: the dict of result.json.

  Raises:
    StorageError: there is no checkpoint, or one of other weights.
  """
  checkpoint = checkpoints.latest(directory / "checkpoints")
  if checkpoint is None:
    raise errors.StorageError(f"{directory} has no checkpoint left to measure")
  saved = {name: array for name, array in checkpoint[0].items()
           if name.startswith("weights/")}
  if state.sha256(saved) != result["weights_sha256"]:
    raise errors.StorageError(
        f"{directory}: its last checkpoint is not of the weights that "
        "result.json is of")
  # In the order of the model's weights, whose names a clone shares.
  model.set_weights([saved[f"weights/{w.path}"] for w in model.weights])

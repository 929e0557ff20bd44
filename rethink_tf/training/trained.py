"""What a run directory has of a training: its network and its labels."""

import keras

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.data import datasets
from rethink_tf.data import prepared
from rethink_tf.data import randomization
from rethink_tf.models import normalization
from rethink_tf.models import state
from rethink_tf.training import checkpoints
from rethink_tf.training import experiment
from rethink_tf.training import fit
from rethink_tf.training import optimizers


def load_network(config, directory, result):
  """Returns the network of a run's last checkpoint.

  Args:
    config: the `Config`.
    directory: `pathlib.Path` of the run directory.
    result: the dict of result.json; None: the run is not done.

  Returns:
    A `keras.Model`, not compiled, whose weights are those that are measured:
    their moving averages, where the optimizer keeps them.

  Raises:
    StorageError: there is no checkpoint, or it is not of the run.
  """
  checkpoint = checkpoints.latest(directory / "checkpoints")
  if checkpoint is None:
    raise errors.StorageError(
        f"{directory} has no checkpoint, and so no trained weights")
  arrays, _ = checkpoint
  entry = catalog.DATASETS[config.dataset]
  model = experiment.build_model(config, entry)
  fit.compile_model(
      model, config, config.count_examples(entry.train_examples))
  try:
    state.restore(model, arrays)
  except ValueError as error:
    raise errors.StorageError(
        f"the checkpoint of {directory} is of another network: {error}"
    ) from error
  if result and state.sha256(state.weights(model)) != result["weights_sha256"]:
    raise errors.StorageError(
        f"the checkpoint of {directory} is not of its trained weights")
  averages = optimizers.averages(model.optimizer)
  for weight, average in zip(model.trainable_weights, averages):
    weight.assign(average)
  # The same layers, without the optimizer and its classes.
  bare = keras.Model(model.input, model.output, name=model.name)
  return normalization.with_layers_of_keras(bare)


def load_labels(config, recorded, data_dir=None):
  """Returns the `Labels` of a run's examples, those that it saw and others.

  Args:
    config: the `Config`.
    recorded: config.json as a dict.
    data_dir: `pathlib.Path` of a TFDS data directory, the only one looked in,
      or None for TFDS_DATA_DIR or TFDS's default.

  Raises:
    DataError: the dataset is not there, or not the one of the run.
    UsageError: the labels were the user's own, which no run keeps.
  """
  if config.labels_file:
    raise errors.UsageError(
        "the labels of a run with --labels_file are in that file, and not in "
        "the run")
  datasets.check_available(config.dataset, data_dir)
  if not datasets.is_prepared(config.dataset, data_dir):
    raise errors.DataError(
        f"{config.dataset} is not in {prepared.data_directory(data_dir)}; say "
        "where it is by data_dir, or by TFDS_DATA_DIR. Training on it "
        "downloads it")
  data = experiment.load_dataset(config, data_dir, allow_sample=True)
  if data.fingerprint != recorded.get("dataset_fingerprint"):
    raise errors.DataError(
        f"{config.dataset} here is other data than the run's: fingerprint "
        f"{data.fingerprint[:8]}. Expected: "
        f"{str(recorded.get('dataset_fingerprint'))[:8]}")
  drawn_by = config.label_corruption, config.seed_of_labels
  train = randomization.corrupt_training_labels(
      data, config.train_examples, *drawn_by, config.label_noise)
  if randomization.label_hash(train.labels) != recorded.get("label_hash"):
    raise errors.DataError(
        "the labels drawn here are others than the run's: label_hash "
        f"{str(recorded.get('label_hash'))[:8]} was expected")
  return randomization.compare_labels(
      data, train, *drawn_by, experiment.find_seen(config, train))

"""What models and datasets are called in figures and sentences."""

from rethink_tf.data import catalog
from rethink_tf.models import registry


def name_model(name):
  """Returns a model's name for readers; one unknown to us as it is."""
  known = registry.models().get(name)
  return known.title if known else name


def name_dataset(name):
  """Returns a dataset's name for readers; one unknown to us as it is."""
  known = catalog.DATASETS.get(name)
  return known.title if known else name


def name(word):
  """Returns the name of a model or dataset; any other word as it is."""
  return name_dataset(name_model(word))

"""The flags that only ImageNet and Inception V3 have.

Their defaults are those of TensorFlow's Inception package of 2016, whose
"data preprocessing and experimental setup" the paper took over (appendix A), with
all that regularizes left off.
"""

from absl import flags

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import values as flag_values
from rethink_tf.models import registry

# Where Inception V3 ends with a map of 1x1, and where the auxiliary head, which
# pools 5x5, has one.
_LEAST_SIZE, _LEAST_SIZE_OF_HEAD, _LARGEST_SIZE = 75, 107, 1024

# Name: (default, what it means). The package's numbers: image_processing.py
# (image_size), inception_model.py (BATCHNORM_MOVING_AVERAGE_DECAY,
# MOVING_AVERAGE_DECAY).
_FIELDS = {
    "image_size": (299, "ImageNet: height and width of the network's input."),
    "data_augmentation": (
        False, "ImageNet: train on distorted crops and colors instead of the "
        "central 87.5%."),
    "aux_head": (
        False, "Inception V3: train the auxiliary head too, at 0.4 of its loss."),
    "label_smoothing": (
        0.0, "Inception V3: share of each label that goes to all classes alike; "
        "the package's is 0.1."),
    "batch_norm_decay": (
        0.9997, "Inception V3: decay of batch normalization's moving averages; "
        "a run of a few hundred steps needs a lower one."),
    "moving_average_decay": (
        0.9999, "Inception V3: decay of the moving average of the weights, which "
        "is what is measured; (1 + step) / (10 + step) while that is lower; "
        "0: none."),
}


def define_flags(values):
  """Defines the flags in `absl.flags.FlagValues`; None where not given."""
  where = {"flag_values": values}
  define = {bool: flags.DEFINE_bool, int: flags.DEFINE_integer,
            float: flags.DEFINE_float}
  for name, (default, text) in _FIELDS.items():
    define[type(default)](name, None, f"{text} Default: {default}.", **where)
  flags.DEFINE_bool(
      "allow_sample", False, "ImageNet: accept prepared data with fewer examples "
      "than the official 1,281,167 and 50,000.", **where)


def fields(values):
  """Returns the fields of a `Config` that these flags make, as a dict.

  Args:
    values: the flags, "dataset" and "model" among them checked.

  Raises:
    UsageError: a flag does not go with the dataset, or is out of range.
  """
  given = {name: getattr(values, name) for name in _FIELDS}
  is_imagenet = values.dataset == catalog.IMAGENET
  if is_imagenet != (registry.models()[values.model].photographs):
    raise errors.UsageError(
        f"expected --model={', '.join(registry.names(photographs=True))} with "
        f"--dataset={catalog.IMAGENET}, and neither without the other. Received: --model={values.model} --dataset={values.dataset}")
  if not is_imagenet:
    _refuse(name for name in (*given, "allow_sample")
            if getattr(values, name) not in (None, False))
    return dict.fromkeys(given)
  if values.random_crop or values.pixel_randomization != "none":
    raise errors.UsageError(
        f"--random_crop and --pixel_randomization: expected with images of 32x32 "
        f"pixels only. Received: --dataset={catalog.IMAGENET}, which has "
        "--data_augmentation")
  filled = {name: _FIELDS[name][0] if value is None else value
            for name, value in given.items()}
  _check(filled)
  return filled


def _refuse(names):
  names = ", ".join(f"--{name}" for name in names)
  if names:
    raise errors.UsageError(f"{names}: expected with --dataset={catalog.IMAGENET} only")


def _check(filled):
  least = _LEAST_SIZE_OF_HEAD if filled["aux_head"] else _LEAST_SIZE
  flag_values.in_range(
      "image_size", filled["image_size"],
      f"a whole number from {least} to {_LARGEST_SIZE}"
      + (" with --aux_head" if filled["aux_head"] else ""),
      lambda x: least <= x <= _LARGEST_SIZE)
  for name in ("label_smoothing", "batch_norm_decay", "moving_average_decay"):
    flag_values.in_range(
        name, filled[name], "a number in [0, 1)", lambda x: 0 <= x < 1)

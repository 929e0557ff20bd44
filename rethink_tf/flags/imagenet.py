"""What is special about the flags of ImageNet and Inception V3.

Their defaults are those of TensorFlow's Inception package of 2016, whose
"data preprocessing and experimental setup" the paper took over (appendix A),
with all that regularizes left off: image_processing.py (image_size),
inception_model.py (BATCHNORM_MOVING_AVERAGE_DECAY, MOVING_AVERAGE_DECAY).
"""

from rethink_tf import errors
from rethink_tf.data import catalog
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.models import registry

# Where Inception V3 ends with a map of 1x1, and where the auxiliary head, which
# pools 5x5, has one.
_LEAST_SIZE, _LEAST_SIZE_OF_HEAD, _LARGEST_SIZE = 75, 107, 1024


def declare_flag(default, text, *value_checks):
  """Returns a flag that only ImageNet has: None with any other dataset."""
  return declare.imagenet(
      None, f"{text} Default: {default}.", *value_checks,
      fill=lambda fields: default,
      used_if=lambda fields: fields["dataset"] == catalog.IMAGENET)


def check_dataset(values, names):
  """Checks that the flags given go with the dataset.

  Args:
    values: the flags, "dataset" and "model" among them valid.
    names: of the flags that only ImageNet has.

  Raises:
    UsageError: a flag does not go with the dataset.
  """
  is_imagenet = values.dataset == catalog.IMAGENET
  if is_imagenet != registry.models()[values.model].photographs:
    raise errors.UsageError(
        f"expected --model={', '.join(registry.names(photographs=True))} with "
        f"--dataset={catalog.IMAGENET}, and neither without the other. "
        f"Received: --model={values.model} --dataset={values.dataset}")
  given = [f"--{name}" for name in names
           if getattr(values, name) not in (None, False)]
  if given and not is_imagenet:
    raise errors.UsageError(
        f"{', '.join(given)}: expected with --dataset={catalog.IMAGENET} only")


def check_images(config):
  """Raises UsageError where Inception V3 does not take a config's images."""
  if config.random_crop or config.pixel_randomization != "none":
    raise errors.UsageError(
        f"--random_crop and --pixel_randomization: expected with images of "
        f"32x32 pixels only. Received: --dataset={catalog.IMAGENET}, which has "
        "--data_augmentation")
  if config.precision:
    raise errors.UsageError(
        f"--precision: expected float32 with --dataset={catalog.IMAGENET}. "
        f"Received: {config.precision!r}")
  least = _LEAST_SIZE_OF_HEAD if config.aux_head else _LEAST_SIZE
  checks.in_range(
      "image_size", config.image_size,
      f"a whole number from {least} to {_LARGEST_SIZE}"
      + (" with --aux_head" if config.aux_head else ""),
      lambda x: least <= x <= _LARGEST_SIZE)

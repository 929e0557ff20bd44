"""The words in which a run is told of: the paper's, where it has one."""

# By the value of --pixel_randomization.
PIXELS = {
    "shuffled_pixels": "shuffled pixels", "random_pixels": "random pixels",
    "gaussian": "Gaussian noise"}


def name_modifications(config, short=False):
  """Returns what was done to images and labels.

  Args:
    config: the config of a run with labels; where it has no pixels to modify,
      as those of linear models, its labels alone are named.
    short: whether the words are to be few.

  Returns:
    Such as "true labels", or "shuffled pixels, random labels".
  """
  pixels = PIXELS.get(getattr(config, "pixel_randomization", None))
  labels = _name_labels(config)
  if short and 0 < config.label_corruption < 1 and not config.labels_file:
    labels = f"label corruption {config.label_corruption:g}"
    if config.label_noise:
      labels += f" {config.label_noise}"
  return f"{pixels}, {labels}" if pixels else labels


def name_task(config):
  """Returns what the names of runs of one model on one dataset begin with."""
  return f"{config.model}, {config.dataset}"


def name_run(config):
  """Returns what tells a training run from others, in the order of interest.

  Args:
    config: the `Config`.

  Returns:
    Such as "mlp_1x512, digits, random labels, 1000 examples".
  """
  words = [name_task(config), name_modifications(config, short=True)]
  if config.train_examples:
    words.append(f"{config.train_examples} examples")
  if config.random_crop:
    words.append("random crop")
  if config.weight_decay:
    words.append(f"weight decay {config.weight_decay:g}")
  if config.width:
    words.append(f"width {config.width}")
  if config.dropout:
    words.append(f"dropout {config.dropout:g}")
  if config.strategy:
    words.append("asynchronous")
  return ", ".join(words)


def _name_labels(config):
  if config.labels_file:
    return "the labels of --labels_file"
  if config.label_noise:
    return (f"{config.label_noise} label noise with probability "
            f"{config.label_corruption:g}")
  if config.label_corruption == 0:
    return "true labels"
  if config.label_corruption == 1:
    return "random labels"
  return f"labels corrupted with probability {config.label_corruption:g}"


def count(number, noun):
  """Returns such as "1 epoch" or "1,300 epochs"."""
  return f"{number:,} {noun}" + ("" if number == 1 else "s")

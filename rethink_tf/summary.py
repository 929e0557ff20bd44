"""What a finished run tells its reader, and what to try next."""

from rethink_tf import config as config_lib


def of_run(config, options, result):
  """Returns a few lines on what happened, where it is, and what to try next.

  Args:
    config: the `Config`.
    options: the `Options`.
    result: the dict of result.json.
  """
  test = result["test_accuracy"]
  lines = [
      "",
      f"{config.model} on {config.dataset}, {_labels(config)}, "
      f"{result['train_examples']:,} training examples, "
      f"{result['epochs']:,} epochs:",
      f"  training accuracy {result['train_accuracy']:8.2%}   "
      f"(loss {result['train_loss']:.4f})",
      f"  test accuracy     {test:8.2%}   (chance: 10%)",
      *_meaning(config, result),
      "",
      f"Run directory: {options.logdir}",
      "TensorBoard:   scripts/bazel run //rethink_tf:tensorboard -- "
      f"--logdir={options.logdir.parent.parent if _is_default(options) else options.logdir}",
      f"Try next:      {_next(config, options)}",
  ]
  return "\n".join(lines)


def _is_default(options):
  """Whether the run lies in the folder of all runs, worth seeing together."""
  return options.logdir.parent.parent.name == "runs"


def _labels(config):
  if config.label_corruption == 0:
    return "true labels"
  if config.label_corruption == 1:
    return "random labels"
  return f"labels corrupted with probability {config.label_corruption:g}"


def _meaning(config, result):
  """Says what a run on random labels shows, where it shows it."""
  if config.label_corruption < 1 or result["train_accuracy"] < 0.98:
    return []
  return [
      "The network memorized labels that were drawn at random: it fits the",
      "training set, and on new images it does no better than guessing.",
  ]


def _next(config, options):
  command = ["scripts/bazel run //rethink_tf:train --"]
  if options.flagfile:
    command.append(f"--flagfile={options.flagfile}")
  else:
    default = config_lib.Config()
    command += [
        f"--{name}={value}" for name, value in config.as_dict().items()
        if value != getattr(default, name) and name != "label_corruption"]
  command.append(f"--label_corruption={0 if config.label_corruption else 1}")
  return " ".join(command)

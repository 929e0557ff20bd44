"""What a run tells its reader before its work and after it."""

from rethink_tf.data import catalog
from rethink_tf.runs import commands
from rethink_tf.runs import wording

# Flags that must not be the same in the next run, and whether they have values.
_OF_ONE_RUN = {
    "label_corruption": True, "label_noise": True, "labels_file": True,
    "logdir": True, "overwrite": False, "extend": False}
# What is added to a folder of the user's own for the next run.
_SUFFIXES = ("-true-labels", "-random-labels")


def introduce_training(config, options):
  """Returns a line or two on what is about to be trained.

  The arguments are `summarize_training`'s.
  """
  line = f"Training {_name_training(config)}: {options.logdir}"
  if options.arguments:
    return line
  quickstart = commands.shell_line(
      "train", ["--flagfile=configs/quickstart.flags"])
  return (f"No flag was given, so this trains as the defaults say; --help has "
          f"the flags,\nand a shorter run to begin with is {quickstart}\n"
          f"{line}")


def summarize_training(config, options, result):
  """Returns a few lines on what happened, where it is, and what to try next.

  Args:
    config: the `Config`.
    options: the `Options`.
    result: the dict of result.json.
  """
  test = result["test_accuracy"]
  chance = catalog.DATASETS[config.dataset].chance
  shown, alike = options.logdir, None
  if shown.parent.parent.name == "runs":
    shown = shown.parent.parent  # All runs, worth seeing side by side.
    alike = f"^{wording.name_task(config)},"
  lines = [
      "",
      f"{_name_training(config, result)}:",
      f"  training accuracy {result['train_accuracy']:8.2%}   "
      f"(loss {result['train_loss']:.4f})",
      f"  test accuracy     {test:8.2%}   (chance: {100 * chance:g}%)",
      *_drawn(config, result),
      *_meaning(config, result),
      "",
      f"Run directory: {options.logdir}",
      "TensorBoard:   "
      f"{commands.shell_line('tensorboard', [f'--logdir={shown}'])}",
      f"and then at    {commands.tensorboard_address(runs=alike)}",
  ]
  # Which one command does not start.
  if options.strategy not in ("multi_worker", "parameter_server"):
    lines.append(f"Try next:      {_next(config, options)}")
  return "\n".join(lines)


def _name_training(config, result=None):
  """Returns what is trained on what and how long, or was by a result."""
  known = result or {}
  examples = known.get("train_examples", config.count_examples(
      catalog.DATASETS[config.dataset].train_examples))
  return ", ".join([
      f"{config.model} on {config.dataset}",
      wording.name_modifications(config),
      wording.count(examples, "training example") + _subset(config),
      wording.count(known.get("epochs", config.epochs), "epoch")])


def _subset(config):
  if config.subset is None:
    return ""
  return f" (subset {config.subset}, {config.subset_fraction:.3g} of all)"


def _drawn(config, result):
  """Says how many labels were drawn, where some were and the result has it."""
  if not config.label_corruption or "labels_drawn" not in result:
    return []
  return [f"  labels drawn      {result['labels_drawn']:8.2%}   "
          f"(changed: {result['labels_changed']:.2%})"]


def _meaning(config, result):
  """Says what a run on random labels shows, where it shows it."""
  at_random = config.label_corruption == 1 and not config.label_noise
  if not at_random or result["train_accuracy"] < 0.98:
    return []
  return [
      "The network memorized labels that were drawn at random: it fits the",
      "training set, and on new images it does no better than guessing.",
  ]


def _next(config, options):
  """Returns the command again, with true labels for random ones or random."""
  corruption = 0 if config.label_corruption or config.labels_file else 1
  flags = commands.anywhere(options.arguments, options.data_dir, _OF_ONE_RUN)
  if not _is_default(options.logdir, config):
    name = options.logdir.name
    for suffix in _SUFFIXES:
      name = name.removesuffix(suffix)
    logdir = options.logdir.with_name(name + _SUFFIXES[corruption])
    flags.append(f"--logdir={logdir}")
  return commands.shell_line(
      "train", [*flags, f"--label_corruption={corruption}"])


def _is_default(logdir, config):
  """Tells whether a run directory is named by its flags, as the next one's."""
  return (logdir.parent.parent.name == "runs"
          and logdir.parent.name.endswith(f"-{config.short_hash()}"))


def summarize_interpolation(config, options, result):
  """Returns a few lines on what was solved, how well, and where it is.

  Args:
    config: the `LinearConfig`.
    options: the `LinearOptions`.
    result: the dict of result.json.
  """
  chance = catalog.DATASETS[config.dataset].chance
  width = (
      "" if config.bandwidth is None else f", bandwidth {config.bandwidth:g}")
  return "\n".join([
      "",
      f"{config.dataset}, {wording.name_modifications(config)}, preprocessing "
      f"{config.preprocessing}, {config.kernel} kernel{width}, "
      f"l2 {config.l2:g}, {wording.count(result['n'], 'training example')}:",
      f"  training error    {result['train_error']:8.2%}   "
      f"(relative residual {result['relative_residual']:.1e})",
      f"  test error        {result['test_error']:8.2%}   "
      f"(chance: {100 - 100 * chance:g}%)",
      f"  minimum norm      {result['min_norm']:8.4g}   "
      f"(condition about {result['condition_estimate']:.1e})",
      f"  {result['wall_seconds']:.0f} s, "
      f"{result['peak_memory_gb']:.1f} GB of memory at most",
      "",
      f"Run directory: {options.logdir}",
  ])

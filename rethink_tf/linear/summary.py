"""What a solved linear model tells its reader."""


def of_run(config, options, result):
  """Returns a few lines on what was solved, how well, and where it is.

  Args:
    config: the `LinearConfig`.
    options: the `LinearOptions`.
    result: the dict of result.json.
  """
  width = "" if config.bandwidth is None else f", bandwidth {config.bandwidth:g}"
  return "\n".join([
      "",
      f"{config.dataset}, preprocessing {config.preprocessing}, "
      f"{config.kernel} kernel{width}, l2 {config.l2:g}, "
      f"{result['n']:,} training examples:",
      f"  training error    {result['train_error']:8.2%}   "
      f"(relative residual {result['relative_residual']:.1e})",
      f"  test error        {result['test_error']:8.2%}   (chance: 90%)",
      f"  minimum norm      {result['min_norm']:8.4g}   "
      f"(condition about {result['condition_estimate']:.1e})",
      f"  {result['wall_seconds']:.0f} s, "
      f"{result['peak_memory_gb']:.1f} GB of memory at most",
      "",
      f"Run directory: {options.logdir}",
  ])

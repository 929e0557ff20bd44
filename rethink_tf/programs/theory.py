"""What the programs of the theory have in common."""

from rethink_tf.programs import common
from rethink_tf.programs import libraries


def main(parsed, run, describe):
  """Runs a program from its flags to result.json, or shows what is done.

  Args:
    parsed: `(config, options)`, as a function of `flags.theory` returns them.
    run: a function of a `theory.study.Study` that returns the program's
      numbers. It imports what it calls: that takes seconds, and everything that
      can be refused early is refused without it.
    describe: a function of (config, result) that returns the lines to show.

  Raises:
    RunError: see the exit codes in `errors`.
  """
  common.main(parsed, _conductor(run), _summarizer(describe))


def _conductor(run):
  def compute(config, options, directory, stop):
    # A signal ends it at once. A network in training goes on from its last
    # checkpoint; what trains none takes less than a minute and begins anew.
    del stop
    libraries.require_tensorflow()
    from rethink_tf.theory import study  # noqa: PLC0415

    return study.conduct(run, config, options, directory)

  return compute


def _summarizer(describe):
  def summarize(config, options, result):
    return "\n".join([
        "", *describe(config, result), "", f"Run directory: {options.logdir}"])

  return summarize

"""An epoch's running means, added up of steps that end in any order.

Keras's metrics are variables, which lose counts where two workers add to them
at once.
"""

from rethink_tf.runs import results


class Averages:
  """The means over an epoch's examples so far, and its steps' staleness.

  Args:
    names: of what is averaged over examples.
    logs: what `logs` returned where the epoch goes on, or None.
    examples, steps: how many `logs` are of.
  """

  def __init__(self, names, logs=None, examples=0, steps=0):
    self._examples = examples
    self._steps = steps
    before = logs or {}
    self._sums = {name: examples * before.get(name, 0.0) for name in names}
    mean, largest = (before.get(name, 0) for name in results.STALENESS)
    self._staleness = steps * mean
    self._largest = largest

  def add(self, sums, examples, staleness):
    """Adds a step.

    Args:
      sums: a dict, or pairs, from each name to the sum over its examples.
      examples: how many it had.
      staleness: how many updates others made between its reading of the
        weights and its own update.
    """
    for name, value in dict(sums).items():
      self._sums[name] += float(value)
    self._examples += int(examples)
    self._steps += 1
    self._staleness += float(staleness)
    self._largest = max(self._largest, int(staleness))

  def logs(self):
    """Returns the means by name, and those of `results.STALENESS`."""
    means = {name: total / self._examples
             for name, total in self._sums.items()}
    staleness = self._staleness / self._steps, float(self._largest)
    return {**means, **dict(zip(results.STALENESS, staleness))}

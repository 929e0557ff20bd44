"""Random subsets of the training examples, for estimates of memorization."""

import numpy as np

from rethink_tf import streams


def draw(count, size, number, names=None):
  """Draws a subset by its number: of each, every example is as likely a part.

  Subsets of different numbers or sizes are independent, and nested in nothing.
  No seed of a run changes one, so that the networks of a suite may differ in
  their seeds as well.

  Args:
    count: number of training examples.
    size: how many of them are in the subset.
    number: the subset's number.
    names: str `(n,)`, which key what is drawn instead of the index.

  Returns:
    bool `(count,)`, of which `size` are true.
  """
  if names is None:
    drawn = streams.uniform(count, number, "subset", size)
  else:
    drawn = streams.uniform_of_names(names, number, "subset", size)
  seen = np.zeros(count, bool)
  seen[np.argsort(drawn, kind="stable")[:size]] = True
  return seen

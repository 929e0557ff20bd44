"""Margins of a network's predictions on its training data.

Each is a function of a `Subject`. The margin of an example is its label's logit
less the largest other one; negative where the network errs.
"""

import numpy as np

from rethink_tf.measures import norms
from rethink_tf.measures import subject as subject_lib

# As in Bartlett, Foster and Telgarsky's remarks: few examples may lie below.
_PERCENT = 10


def margin_10(subject):
  """The 10th percentile of the margins, in units of logits."""
  return float(np.percentile(subject.margins, _PERCENT))


def margin_median(subject):
  """The median margin, in units of logits."""
  return float(np.median(subject.margins))


def normalized_margin(subject):
  """The median margin over R_A ||X|| / n, R_A being `spectral_complexity`.

  Bartlett, Foster and Telgarsky (2017), Section 1: its distribution is what
  they compare on true and random labels. ||X||^2 is the sum of ||x_i||^2.
  """
  scale = (norms.spectral_complexity(subject) * subject.data_norm
           / len(subject.split))
  return margin_median(subject) / scale


def margin_bound(subject):
  """R_A ||X|| / (gamma n) + the share of margins below gamma, the 10th percent.

  Bartlett, Foster and Telgarsky's bound of the test error (2017, Theorem 1.1)
  less its logarithm, its constants and its confidence term, which only add to
  it: where this is 1 or more, the bound says nothing.

  Raises:
    UndefinedError: the 10th percentile of the margins is not above zero, or
      `spectral_complexity` is undefined.
  """
  gamma = margin_10(subject)
  if gamma <= 0:
    raise subject_lib.UndefinedError("more than a tenth of margins below zero")
  complexity = norms.spectral_complexity(subject) * subject.data_norm
  return (complexity / (gamma * len(subject.split))
          + float(np.mean(subject.margins < gamma)))

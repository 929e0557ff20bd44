"""Every measure by name."""

from rethink_tf.measures import margins
from rethink_tf.measures import norms
from rethink_tf.measures import subject as subject_lib

MEASURES = {function.__name__: function for function in (
    norms.frobenius_norm,
    norms.distance_from_initialization,
    norms.spectral_product,
    norms.spectral_sum,
    norms.path_norm_l1,
    norms.path_norm_l2,
    norms.spectral_complexity,
    margins.margin_10,
    margins.margin_median,
    margins.normalized_margin,
    margins.margin_bound,
)}


def measure(subject):
  """Computes every measure that a network has a meaning for.

  Args:
    subject: a `Subject`.

  Returns:
    `(values, undefined)`: dicts from a measure's name to its value, a float,
    and to why it has none, text.
  """
  values, undefined = {}, {}
  for name, function in MEASURES.items():
    try:
      values[name] = function(subject)
    except subject_lib.UndefinedError as error:
      undefined[name] = str(error)
  return values, undefined

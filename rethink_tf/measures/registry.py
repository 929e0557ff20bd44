"""Every measure by name."""

from rethink_tf.measures import critical_samples
from rethink_tf.measures import curvature
from rethink_tf.measures import gradients
from rethink_tf.measures import margins
from rethink_tf.measures import norms
from rethink_tf.measures import sharpness
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
    gradients.fisher_rao_norm,
    sharpness.sharpness,
    sharpness.relative_sharpness,
    sharpness.pac_bayes_bound,
    curvature.hessian_top,
    curvature.hessian_top_5,
    curvature.hessian_trace,
    gradients.gradient_noise,
    critical_samples.critical_sample_ratio,
)}


def measure(subject, pause=lambda: None):
  """Computes every measure that a network has a meaning for.

  Args:
    subject: a `Subject`.
    pause: a function to call before each, which may end it by raising.

  Returns:
    `(values, undefined)`: dicts from a measure's name to its value, a float,
    and to why it has none, text.
  """
  values, undefined = {}, {}
  for name, function in MEASURES.items():
    pause()
    try:
      values[name] = function(subject)
    except subject_lib.UndefinedError as error:
      undefined[name] = str(error)
  return values, undefined


def measure_on_the_way(model, initial, split, seed, pause):
  """Computes every measure of a network in training.

  Args:
    model, initial, split, seed: as `Subject` has them.
    pause: as for `measure`.

  Returns:
    A dict from each measure's name to its value, None where it has none.
  """
  values, _ = measure(subject_lib.Subject(model, initial, split, seed), pause)
  return {name: values.get(name) for name in MEASURES}

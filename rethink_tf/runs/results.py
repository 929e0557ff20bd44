"""What others may rely on in a finished run, by the program that wrote it.

The programs' tests hold them to it; the report takes a run that lacks any of it
for another version's, or for somebody's who never ran the program.
"""

import math

# The accuracies of label_kinds.csv: on labels that are other than the true
# ones, that were drawn and are the true ones, and that were not drawn; and on
# all that were drawn, which earlier versions called corrupted.
LABEL_KINDS = (
    "corrupted_accuracy", "drawn_equal_accuracy", "untouched_accuracy",
    "drawn_accuracy")
# Of test_halves.csv: test accuracies on every other test image, from the first
# one on, and on the rest.
TEST_HALVES = ("first_half_accuracy", "second_half_accuracy")
# Of staleness.csv, over an epoch's steps: how many updates others made between
# a step's reading of the weights and its own update.
STALENESS = ("mean_staleness", "largest_staleness")
# The running training accuracies of "epochs_to_fit", highest first.
LEVELS = ("0.999", "0.98", "0.95", "0.90")


def _is_number(value):
  # True is a number to Python.
  return isinstance(value, (int, float)) and not isinstance(
      value, bool) and math.isfinite(value)


def _is_count(value):
  return isinstance(value, int) and _is_number(value) and 0 <= value < 2**53


def _is_amount(value):
  return _is_number(value) and value >= 0


def _is_positive(value):
  return _is_number(value) and value > 0


def _is_share(value):
  return _is_number(value) and 0 <= value <= 1


def _is_text(value):
  return isinstance(value, str)


def _is_flag(value):
  return isinstance(value, bool)


def _or_none(holds):
  return lambda value: value is None or holds(value)


class _EachOf(dict):
  """The shape of a dict whose keys are numbers as text: one, of each value."""


_SOLUTION = {
    "norm": _is_amount, "train_error": _is_share, "test_error": _is_share}
# Of result.json: what each value is to be. [x] is a list, not empty, of x.
_SHAPES = {
    "train": {
        "params": _is_count, "train_examples": _is_count,
        "train_accuracy": _is_share, "train_loss": _is_amount,
        "test_accuracy": _is_share, "best_test_accuracy": _is_share,
        "dataset_fingerprint": _is_text,
        "epochs_to_fit": {level: _or_none(_is_count) for level in LEVELS}},
    "corollary1": {
        "n": _is_count, "train_accuracy": _is_share,
        "depth_constant": _is_amount, "width_constant": _is_amount,
        "weights_per_block": _is_amount, "max_abs_error": _is_amount},
    "double_descent": {
        "n": _is_count, "dataset_fingerprint": _is_text,
        "peaks": [{"label_corruption": _is_share, "l2": _is_amount,
                   "test_loss": _is_count, "norm": _is_count}]},
    "expressivity": {
        "n": _is_count, "d": _is_count, "weights": _is_count,
        "train_accuracy": _is_share, "test_accuracy": _is_share,
        "max_abs_error": _or_none(_is_amount)},
    "interpolate": {
        "n": _is_count, "l2": _is_amount, "train_error": _is_share,
        "test_error": _is_share, "relative_residual": _is_amount,
        "min_norm": _is_positive, "wall_seconds": _is_amount,
        "peak_memory_gb": _is_amount, "dataset_fingerprint": _is_text},
    "lemma1": {
        "instances": _is_count, "full_rank": _is_flag,
        "eigenvalue_error": _is_amount},
    "perceptron": {
        "n": _is_count, "mistakes_over_bound": _is_amount,
        "mistakes": _EachOf(n=_is_count), "error_bound": _EachOf(n=_is_share),
        "test_error": _EachOf(n=_is_share)},
    "rademacher": {
        "model": _is_text, "draws": _EachOf(n=_is_count),
        "estimates": _EachOf(n=_is_number),
        "standard_errors": _EachOf(n=_or_none(_is_amount)),
        "linear": _EachOf(n=_is_number)},
    "section5": {
        "n": _is_count,
        "sgd": {"examples": _is_count, "outside_span": _is_amount,
                "distances": [_is_amount],
                "distance_to_kernel_solution": _is_amount},
        "curvature": {"examples": _is_count, "differences": [_is_amount],
                      "difference_elsewhere": _is_amount},
        "solutions": {name: _SOLUTION for name in (
            "minimum_norm", "random_centers", "labels_on_test")},
        "path": [{"l2": _is_amount, "train_error": _is_share,
                  "test_error": _is_share}]},
    "separation": {"n": _is_count, **{
        column: {name: _is_amount for name in (
            "none", "shuffled_pixels", "random_pixels", "gaussian")}
        for column in ("same_class", "other_class", "nearest")}},
    "stability": {
        "model": _is_text, "n": _is_count,
        "max_probability_difference": _EachOf(n=_is_number),
        "generalization_error": _EachOf(n=_is_number)},
    "vc_dimension": {"shattered": _is_count, "fitted": _is_count},
}
FIELDS = {program: frozenset(shape) for program, shape in _SHAPES.items()}
# And of train on ImageNet more.
_OF_IMAGENET = dict.fromkeys(
    ("train_top5", "test_top5", "best_test_top5"), _is_share)
# Columns of metrics.csv, all of numbers, that the report reads of others' runs
# than train's.
COLUMNS = {
    "corollary1": {"depth", "width", "max_abs_error"},
    "double_descent": {
        "features", "label_corruption", "l2", "train_error", "test_error",
        "test_loss", "norm"},
    "lemma1": {"n", "position", "inverse_eigenvalue", "inverse_singular"},
    "perceptron": {
        "n", "label_corruption", "mistakes", "fits", "radius", "margin",
        "error_bound", "test_error"},
    "section5": {"epoch", "distance"},
    "stability": {
        "label_corruption", "replacement", "epoch",
        "max_loss_difference", "generalization_error"},
    "vc_dimension": {"n", "labelings", "fitted", "of_a_line"},
}


def is_whole(program, result, of_imagenet=False):
  """Tells whether a result has what others rely on, as they rely on it.

  Args:
    program: the program's name.
    result: a dict as JSON may hold it.
    of_imagenet: whether it is train's on ImageNet.
  """
  shape = _SHAPES.get(program)
  if shape is None:
    return False
  keys = {tuple(sorted(result[name])) for name, part in shape.items()
          if isinstance(part, _EachOf) and isinstance(result.get(name), dict)}
  # What is told for each n is told of all for the same n.
  return len(keys) <= 1 and _has_shape(
      result, {**shape, **(_OF_IMAGENET if of_imagenet else {})})


def _has_shape(value, shape):
  if isinstance(shape, list):
    return isinstance(value, list) and len(value) > 0 and all(
        _has_shape(part, shape[0]) for part in value)
  if not isinstance(shape, dict):
    return shape(value)
  if not isinstance(value, dict):
    return False
  if isinstance(shape, _EachOf):
    return len(value) > 0 and all(
        _is_key(key) and shape["n"](part) for key, part in value.items())
  return all(name in value and _has_shape(value[name], part)
             for name, part in shape.items())


def _is_key(text):
  digits = text.replace(".", "", 1)
  return digits.isascii() and digits.isdigit() and len(text) < 16

"""Labels that the user gives, put to the examples that they are of."""

import numpy as np

from rethink_tf import errors

# Standard deviations by which agreement must be better than a guess's.
_CLEAR = 5


def match(labels, train):
  """Puts labels in the order of the original files to a data set's examples.

  The order of prepared data is another than that of the files that they were
  prepared from. Where the data say which example of those each one is, by their
  ids, labels go by that; elsewhere by position.

  Args:
    labels: int `(n,)`, one for each training example.
    train: the whole training split, `dataset.Split`.

  Returns:
    int32 `(n,)`, label i of example i of the split.

  Raises:
    DataError: ids are not those of n original examples.
    UsageError: the labels agree with the data set's no more than a guess would,
      and so are in another order, or of other data.
  """
  matched = labels if train.numbers is None else labels[_places(train)]
  agreeing, guessed, most = _count_agreeing(matched, train.labels)
  if agreeing <= most:
    raise errors.UsageError(
        "--labels_file: expected labels in the order of the original files, of "
        f"which some are the data set's. Received: {agreeing:,} of "
        f"{len(labels):,} agree{_how(train)}, and of a guess {guessed:,.0f}"
        f"{_other_order(labels, train)}")
  print(f"labels of --labels_file, matched{_how(train)}: "
        f"{1 - agreeing / len(labels):.2%} are others than the data set's",
        flush=True)
  return np.asarray(matched, np.int32)


def _places(train):
  if not np.array_equal(np.sort(train.numbers), np.arange(len(train))):
    raise errors.DataError(
        f"expected ids of training examples 0 to {len(train) - 1}, each once. "
        "Received others, so that no labels can be matched by them")
  return train.numbers


def _how(train):
  return " by position" if train.numbers is None else " by the data's ids"


def _count_agreeing(labels, true):
  """Returns how many are equal, how many of a guess, and its upper limit.

  The guess draws from the same labels, whatever the image.
  """
  classes = 1 + max(labels.max(), true.max())
  shares, true_shares = (
      np.bincount(some, minlength=classes) / len(true)
      for some in (labels, true))
  rate = float(shares @ true_shares)
  deviation = np.sqrt(len(true) * rate * (1 - rate))
  return (int(np.count_nonzero(labels == true)), len(true) * rate,
          len(true) * rate + _CLEAR * deviation)


def _other_order(labels, train):
  """Says so where the labels are in the order of the prepared data."""
  agreeing, _, most = _count_agreeing(labels, train.labels)
  if train.numbers is None or agreeing <= most:
    return ""
  return (f"; position by position {agreeing:,} agree: they are in the order "
          "of the prepared data")

"""Golden numbers of the linear models: what a change must not move.

Each case is solved on 2,000 training examples (of digits, all 1,297) to a
residual at which the norm is sharp, and measured on the test set.
"""

import json

from rethink_tf import paths
from rethink_tf.flags import linear as linear_flags
from rethink_tf.linear import problem
from rethink_tf.linear import selection

_EXAMPLES = {"digits": 1297, "mnist": 2000, "cifar10": 2000}
CASES = {
    "pixels": ("--preprocessing=none",),
    "pixels_l2": ("--preprocessing=none", "--l2=0.1"),
    "pixels_cg": ("--preprocessing=none", "--l2=0.1", "--solver=cg"),
    "gabor": ("--preprocessing=gabor",),
    "random_convnet": ("--preprocessing=random_convnet", "--filters=40",
                       "--threshold=1", "--l2=0.001"),
}
# A rounding error moves a norm by the residual, an error by an image or two.
NORM_TOLERANCE = 1e-5
ERROR_TOLERANCE = 2.5


def measure(dataset, case):
  """Returns the golden numbers of one case.

  Args:
    dataset: its name.
    case: one of `CASES`.

  Returns:
    A dict: "test_error", "test_examples", "min_norm", "label_hash".

  Raises:
    DataError: the data cannot be had.
  """
  config, _ = linear_flags.parse_interpolate([
      f"--dataset={dataset}", f"--train_examples={_EXAMPLES[dataset]}",
      "--tolerance=1e-8", *CASES[case]])
  data = problem.load(config, None)
  error, norm = selection.solve(config, data)
  return {"test_error": error, "test_examples": len(data.test_labels),
          "min_norm": norm, "label_hash": data.label_hash}


def fingerprint(dataset):
  """Returns the first digits of the fingerprint of the copy that is here."""
  config, _ = linear_flags.parse_interpolate([f"--dataset={dataset}"])
  return problem.load(config, None).fingerprint[:8]


def read(file):
  """Returns the numbers by copy of a dataset, then by case."""
  return json.loads(file.read_text("utf-8"))


def workspace_file():
  """Returns the file to rewrite: in the checkout, not in Bazel's tree."""
  return paths.workspace() / "tests" / "linear" / "golden.json"

"""Whether numbers decide what they are to decide.

A test accuracy is that of a sample of images: 10,000 of them leave a guess's
10% uncertain by 0.6 points at two standard errors. A training accuracy is that
of a seed, and moves with a processor's rounding as it does with the seed. And a
run that was cut short says nothing of what the rest of it would have done,
unless it had fitted its training set, after which little moves.
"""

import dataclasses
import math
import statistics

from rethink_tf.data import catalog
from rethink_tf.reporting import runs as runs_lib

_TESTS = catalog.DATASETS["cifar10"].test_examples


@dataclasses.dataclass(frozen=True)
class Judgement:
  """What numbers say of a claim.

  Attributes:
    holds: whether it holds, by the numbers as they are.
    undecided: why that may be chance, and what would decide it; "" where the
      numbers decide.
  """

  holds: bool
  undecided: str = ""


def judge(*parts, tests=_TESTS):
  """Returns the `Judgement` of a claim that holds where each part of it does.

  Args:
    *parts: `(margin, accuracies)` each: by how many points a number is on the
      claim's side of its bound, and the test accuracies in percent that it is
      the sum or the difference of.
    tests: number of test images of each.
  """
  doubts = [_doubt(margin, accuracies, tests) for margin, accuracies in parts]
  failed = [bool(margin < 0) for margin, _ in parts]
  # One part that is decided against the claim decides it all.
  if any(no and not doubt for no, doubt in zip(failed, doubts)):
    return Judgement(False)
  return Judgement(not any(failed), next(filter(None, doubts), ""))


def judge_seeds(margin, values):
  """Returns the `Judgement` of a claim on a mean over seeds.

  Args:
    margin: by how many points it is on the claim's side of its bound.
    values: what it is the mean of, in percent, one a seed. A single one leaves
      no doubt that could be told.
  """
  doubt = ""
  if len(values) > 1:
    error = 2 * statistics.stdev(values) / math.sqrt(len(values))
    if abs(margin) < error:
      doubt = (f"{abs(margin):.2f} points from the bound, within two standard "
               f"errors of {len(values)} seeds ({error:.2f} points)")
  return Judgement(margin >= 0, doubt)


def sampling_error(accuracies, tests=_TESTS):
  """Returns two standard errors of the sum of accuracies, in points.

  As if each were of images of its own; on the same ones it is less.

  Args:
    accuracies: in percent.
    tests: number of test images of each.
  """
  return 2 * math.sqrt(sum(a * (100 - a) / tests for a in accuracies))


def _doubt(margin, accuracies, tests):
  error = sampling_error(accuracies, tests)
  if abs(margin) >= error:
    return ""
  text = (f"{abs(margin):.2f} points from the bound, within two standard "
          f"errors of {tests:,} test images ({error:.2f} points)")
  enough = tests * (error / margin) ** 2 if margin else math.inf
  # Who is told of more than all photographs that there are is told nothing.
  if enough >= 1e9:
    return text
  unit = 10 ** max(0, math.floor(math.log10(enough)) - 1)
  return f"{text}; {math.ceil(enough / unit) * unit:,} would decide"


def cut_short(repeats, config):
  """Returns words on runs of a config that stopped too early, or "".

  Too early: before the epochs that are planned for it, and before the running
  training accuracy passed 99.9%.

  Args:
    repeats: a list of `runs.Run`, of one config but for the seed.
    config: the `Config` as planned.
  """
  planned = runs_lib.planned_epochs(config, repeats[0].count)
  for run in repeats:
    done = run.result["epochs"]
    if done < planned and not run.result["epochs_to_fit"]["0.999"]:
      return f"{done} of {planned} epochs"
  return ""

"""What a training is to learn, and where and with whom it takes place."""

import collections.abc
import dataclasses
import math

import numpy as np

from rethink_tf.data import plans
from rethink_tf.data import randomization
from rethink_tf.data import split as split_lib
from rethink_tf.distributed import strategy
from rethink_tf.runs import clock as clock_lib
from rethink_tf.runs import directory as run_directory
from rethink_tf.runs import signals


@dataclasses.dataclass(frozen=True)
class Task:
  """What is to be learned, and how: all that the trained weights depend on.

  Attributes:
    config: the `Config`.
    train, test: `Split`s with the labels and images to use.
    labels: the `Labels` of the training examples, whose kinds are measured
      apart; None: they are not.
    seen: bool `(all,)`, which of the data set's first examples the training
      examples are; None: not said, where examples are not recorded.
  """

  config: object
  train: split_lib.Split
  test: split_lib.Split
  labels: randomization.Labels | None = None
  seen: np.ndarray | None = None

  @property
  def steps_per_epoch(self):
    return plans.steps_per_epoch(len(self.train), self.config.batch_size)


@dataclasses.dataclass(frozen=True)
class Setting:
  """Where a training is recorded, what may stop it, and who takes part.

  Attributes:
    directory: the `RunDirectory`.
    clock: the run's `Clock`.
    stop: the `Stop` that may ask to stop.
    checkpoint_minutes: minutes between checkpoints within an epoch.
    team: the `Team` that the model is built for.
    coordinator: the `Coordinator` of asynchronous workers, which then train in
      the team's place; or None.
    measure: a function of the model as it is and of one to call now and then,
      which may end it, to a dict of measures, for --measure_every; or None.
  """

  directory: run_directory.RunDirectory
  clock: clock_lib.Clock = dataclasses.field(default_factory=clock_lib.Clock)
  stop: signals.Stop = dataclasses.field(default_factory=signals.Stop)
  checkpoint_minutes: float = math.inf
  team: strategy.Team = strategy.ALONE
  coordinator: object = None
  measure: collections.abc.Callable | None = None

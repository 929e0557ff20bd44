"""The learning rate and the last epoch.

The learning rate has "a decay factor of 0.95 per training epoch" (appendix A).

An epoch there is 50,000 images. A run on fewer images keeps the decay per
50,000 images seen: a decay per epoch of 1,000 would end learning after a few
hundred steps.
"""

import keras

from rethink_tf.data import plans

# Running training accuracy above which a network has fitted its training set.
FITTED = 0.9999


def learning_rate(config, train_count):
  """Returns the schedule: a function of the step, from 0.

  Args:
    config: the `Config`.
    train_count: number of training examples.

  Returns:
    A `keras.optimizers.schedules.LearningRateSchedule` that multiplies the
    initial rate by `lr_decay` each time `lr_decay_examples` more were seen.
  """
  steps = plans.steps_per_epoch(train_count, config.batch_size)
  decay_steps = round(steps * config.lr_decay_examples / train_count)
  return keras.optimizers.schedules.ExponentialDecay(
      config.learning_rate, max(1, decay_steps), config.lr_decay,
      staircase=True)


def last_epoch(config, accuracies):
  """Returns the epoch that training ends with, as far as is known.

  Args:
    config: the `Config`.
    accuracies: the running training accuracy of each epoch done, in order.

  Returns:
    `epochs`, or fewer where `stop_when_fitted` says how many follow the first
    epoch whose accuracy is above `FITTED`.
  """
  fitted = next(
      (epoch for epoch, accuracy in enumerate(accuracies, start=1)
       if accuracy > FITTED), None)
  if config.stop_when_fitted is None or fitted is None:
    return config.epochs
  return min(config.epochs, fitted + config.stop_when_fitted)

"""The learning rate: "a decay factor of 0.95 per training epoch" (appendix A).

An epoch there is 50,000 images. A run on fewer images keeps the decay per
50,000 images seen: a decay per epoch of 1,000 would end learning after a few
hundred steps.
"""

import keras

from rethink_tf.data import pipeline


def learning_rate(config, train_count):
  """Returns the schedule: a function of the step, from 0.

  Args:
    config: the `Config`.
    train_count: number of training examples.

  Returns:
    A `keras.optimizers.schedules.LearningRateSchedule` that multiplies the
    initial rate by `lr_decay` each time `lr_decay_examples` more were seen.
  """
  steps = pipeline.steps_per_epoch(train_count, config.batch_size)
  decay_steps = round(steps * config.lr_decay_examples / train_count)
  return keras.optimizers.schedules.ExponentialDecay(
      config.learning_rate, max(1, decay_steps), config.lr_decay,
      staircase=True)

"""Examples that a small change of the image takes to another class.

A function of a `Subject`, on the sample that `sampled_loss` takes.
"""

import functools

import keras
import numpy as np

from rethink_tf.measures import sampled_loss

if keras.backend.backend() == "tensorflow":
  import tensorflow as tf

# How far each input may move. Inputs are standardized, image by image: so much
# of an image's standard deviation. Of MLP 1x512 on 50,000 images of CIFAR-10,
# 5% of examples are critical by this one where labels are true and 54% where
# they are random; by 0.02 66% and 97%, and by 0.1 99.98% and all.
RADIUS = 0.01
# Of the search: so many steps, four of which cross the radius.
_STEPS = 20
_RATE = RADIUS / 4


def critical_sample_ratio(subject):
  """The share of examples x that have an x' of another class nearby.

  |x' - x| <= r in every input, r being `RADIUS`; of another class than x as the
  network sees both, whatever the label. Arpit et al. (2017), reference 3 of the
  paper, who search by Langevin dynamics. Here x' goes down the difference of
  its class's logit and the largest other one, by the sign of the gradient,
  without noise: what is found is critical, and what is not may be. For two
  classes and a linear network the search finds all.

  Raises:
    UndefinedError: Keras does not compute with TensorFlow.
  """
  sample = sampled_loss.of(subject)
  step = tf.function(_step, reduce_retracing=True)
  found = [_search(functools.partial(step, subject.model), inputs)
           for inputs, _ in sample.batches()]
  return float(np.mean(np.concatenate(found)))


def _search(step, inputs):
  """Returns which inputs have another class nearby: bool `(n,)`."""
  # The classes of the inputs themselves: where they stand is the first place.
  _, classes = step(inputs, inputs, tf.zeros(len(inputs), tf.int64))
  moved, found = inputs, np.zeros(len(inputs), bool)
  for _ in range(_STEPS + 1):
    moved, now = step(inputs, moved, classes)
    found |= np.asarray(now != classes)
  return found


def _step(model, inputs, moved, classes):
  """Moves inputs away from a class each, within the radius.

  Returns:
    `(further, now)`: float32 as `inputs`, and the class of each of `moved`,
    int64 `(n,)`.
  """
  with tf.GradientTape() as tape:
    tape.watch(moved)
    logits = tf.cast(model(moved, training=False), tf.float32)
    own = tf.one_hot(classes, logits.shape[1], on_value=True, off_value=False)
    others = tf.where(own, logits.dtype.min, logits)
    ahead = (tf.reduce_sum(tf.where(own, logits, 0), axis=1)
             - tf.reduce_max(others, axis=1))
  further = moved - _RATE * tf.sign(tape.gradient(ahead, moved))
  return (inputs + tf.clip_by_value(further - inputs, -RADIUS, RADIUS),
          tf.argmax(logits, axis=1))

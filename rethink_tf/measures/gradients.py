"""Measures made of the gradients of single examples and of small batches.

Each is a function of a `Subject`, on the sample that `sampled_loss` takes.
"""

import numpy as np

from rethink_tf.measures import sampled_loss
from rethink_tf.measures import subject as subject_lib

# Of the batches whose gradients are compared.
BATCH = 10


def fisher_rao_norm(subject):
  """sqrt(E[<w, gradient of l>^2]), over the examples of the sample.

  Liang, Poggio, Rakhlin and Stokes (2017, definition 2), reference 20 of the
  paper, with the empirical Fisher information. This is defined for every
  network, with biases and normalization too; for a network of L + 1 layers
  with ReLU and neither of them it is (L + 1) sqrt(E[<dl/df, f>^2]), f being
  the logits (their Theorem 3.1). In nats; it goes to zero with the loss.
  """
  loss = sampled_loss.of(subject)
  return float(np.sqrt(np.mean(np.square(loss.slopes(loss.weights)))))


def gradient_noise(subject):
  """tr(covariance of an example's gradient) / ||mean gradient||^2.

  McCandlish, Kaplan and Amodei's simple noise scale (2018), in examples: in a
  batch of so many, the gradient's noise is as large as the gradient. The trace
  is that of the gradients of consecutive batches of `BATCH` examples, times
  `BATCH`. Training takes the mean gradient to zero and each example's less so:
  of a network that has fitted its labels it grows the longer that one trains,
  beyond the number of examples too.

  Raises:
    UndefinedError: there are fewer than two batches, or the mean gradient is
      zero.
  """
  total, squares, count = 0.0, 0.0, 0
  for gradient in sampled_loss.of(subject).gradients(BATCH):
    total = total + gradient
    squares += gradient @ gradient
    count += 1
  if count < 2:
    raise subject_lib.UndefinedError(
        f"{len(subject.split)} examples, of which {2 * BATCH} are needed")
  mean = total / count
  length = float(mean @ mean)
  if length == 0:
    raise subject_lib.UndefinedError("a mean gradient of zero")
  variance = (squares - count * length) / (count - 1)
  return float(BATCH * variance / length)

"""Models by name."""

import functools

from rethink_tf.models import alexnet_small
from rethink_tf.models import inception_small
from rethink_tf.models import inception_v3
from rethink_tf.models import mlp

_BUILDERS = {
    "inception_small": functools.partial(
        inception_small.build, batch_norm=True),
    "inception_small_no_bn": functools.partial(
        inception_small.build, batch_norm=False),
    "alexnet_small": alexnet_small.build,
    "mlp_1x512": functools.partial(mlp.build, hidden_layers=1),
    "mlp_3x512": functools.partial(mlp.build, hidden_layers=3),
    "inception_v3": inception_v3.build,
}


def build(name, input_shape=(28, 28, 3), num_classes=10, *, weight_decay=0.0,
          dropout=0.0, seed=1, **options):
  """Builds a model of the paper, freshly initialized.

  Args:
    name: one of `config.MODELS`.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    weight_decay: lambda of a penalty lambda * ||w||^2 on every kernel.
    dropout: rate of dropout before the last linear layer.
    seed: seed of the initial weights and of dropout.
    **options: what that model alone takes: `aux_head` and `batch_norm_decay`
      of "inception_v3".

  Returns:
    A `keras.Model` from float32 `(n, h, w, c)` to logits `(n, num_classes)`.

  Raises:
    KeyError: no model has this name.
    TypeError: the model takes no such option.
    ValueError: the model does not take images of this size.
  """
  return _BUILDERS[name](
      name, input_shape, num_classes, weight_decay=weight_decay,
      dropout=dropout, seed=seed, **options)


def names():
  """Returns the names that `build` takes, in the paper's order."""
  return tuple(_BUILDERS)

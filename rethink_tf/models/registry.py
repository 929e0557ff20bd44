"""Models by name: what each file of this folder says in its MODELS.

A model is one file: a function `build`, and a literal `MODELS` with an entry
for each name that it builds. Entries are read without running the file, so that
flags are checked before Keras is loaded, which takes seconds.
"""

import ast
import contextlib
import dataclasses
import functools
import importlib
import pathlib


@dataclasses.dataclass(frozen=True)
class Model:
  """What is known of a model before it is built.

  Attributes:
    file: name of the module that builds it.
    title: its name in figures and tables.
    order: its place in lists of names.
    learning_rate: the initial one, where no flag says otherwise.
    parameters: trainable weights with 10 classes (Inception V3: 1,000), at
      28x28x3 (299x299x3).
    epochs: for how many epochs it trains on the first n images of a dataset
      only (--train_examples of a suite), by the least n that they are for. It
      is enough to fit random labels while the learning rate falls by 0.95 per
      50,000 examples seen; what was measured stands beside it.
    steps: or for as many epochs as make so many steps, whichever is more.
    images_per_second: of training on two cores, for the first estimate of a
      suite's time.
    scaled_flags: what else changes on the first n images.
    arguments: what `build` of its file takes beside what all take; the width
      of its hidden layers is a flag, where it is among them.
    photographs: whether it is for ImageNet's photographs, not for 28x28 pixels.
  """

  file: str
  title: str
  order: int
  learning_rate: float
  parameters: int
  epochs: dict[int, int]
  steps: int
  images_per_second: float
  scaled_flags: dict[str, object] = dataclasses.field(default_factory=dict)
  arguments: dict[str, object] = dataclasses.field(default_factory=dict)
  photographs: bool = False


@functools.cache
def models():
  """Returns a dict from a model's name to its `Model`, in the paper's order."""
  by_name = {}
  for path in pathlib.Path(__file__).parent.glob("*.py"):
    for name, values in _literal(path, "MODELS").items():
      by_name[name] = Model(file=path.stem, **values)
  return dict(sorted(by_name.items(), key=lambda item: item[1].order))


def names(photographs=False):
  """Returns the names of the models for 28x28 pixels, or for photographs."""
  return tuple(name for name, model in models().items()
               if model.photographs == photographs)


def build(name, input_shape=(28, 28, 3), num_classes=10, *, weight_decay=0.0,
          dropout=0.0, seed=1, precision="float32", **options):
  """Builds a model, freshly initialized.

  Args:
    name: one of `models()`.
    input_shape: `(h, w, c)`.
    num_classes: number of logits.
    weight_decay: lambda of a penalty lambda * ||w||^2 on every kernel.
    dropout: rate of dropout before the last linear layer.
    seed: seed of the initial weights and of dropout.
    precision: "float32", or "bfloat16": layers then compute in bfloat16, but
      for normalization's statistics, means over an image and the logits;
      weights, their gradients' sums and the optimizer stay float32.
    **options: what that model alone takes: `aux_head` and `batch_norm_decay`
      of "inception_v3", `width` of the MLPs.

  Returns:
    A `keras.Model` from float32 `(n, h, w, c)` to logits `(n, num_classes)`.

  Raises:
    KeyError: no model has this name.
    TypeError: the model takes no such option.
    ValueError: the model does not take images of this size.
  """
  model = models()[name]
  file = importlib.import_module(f"rethink_tf.models.{model.file}")
  with _computing_in(precision):
    built = file.build(
        name, input_shape, num_classes, weight_decay=weight_decay,
        dropout=dropout, seed=seed, **{**model.arguments, **options})
  _draw_as_everywhere(built)
  return built


def _draw_as_everywhere(model):
  """Gives a model the initial weights of its seed, whatever the backend."""
  import keras  # noqa: PLC0415

  if keras.backend.backend() != "tensorflow":
    from rethink_tf.models import initial_weights  # noqa: PLC0415

    initial_weights.redraw(model)


@contextlib.contextmanager
def _computing_in(precision):
  """Layers that are made in the block compute in a precision."""
  import keras  # noqa: PLC0415

  if precision == "float32":  # Keras's default, unless it was told otherwise.
    yield
    return
  before = keras.config.dtype_policy()
  keras.config.set_dtype_policy(f"mixed_{precision}")
  try:
    yield
  finally:
    keras.config.set_dtype_policy(before)


def _literal(path, name):
  """Returns the dict that a file assigns to a name; empty where it does not."""
  for node in ast.parse(path.read_text(encoding="utf-8")).body:
    if isinstance(node, ast.Assign) and [
        ast.unparse(target) for target in node.targets] == [name]:
      return ast.literal_eval(node.value)
  return {}

"""Pictures of examples, for the programs that say something of each."""

import io

from rethink_tf.reporting import appearance
from rethink_tf.reporting import example_figures
from rethink_tf.runs import storage


def show(images, labels, names, index, more):
  """Returns a training example as figures show it.

  Args:
    images: `(n, h, w, 3)`.
    labels: the `Labels` of all of them.
    names: a name a class.
    index: which example.
    more: what stands below its label.
  """
  assigned, true = labels.assigned[index], labels.true[index]
  is_changed = assigned != true
  caption = names[assigned]
  if is_changed:
    caption = f"{names[true]} \N{RIGHTWARDS ARROW} {caption}"
  return example_figures.Shown(images[index], f"{caption}\n{more}", is_changed)


def write(path, draw, shown):
  """Writes a figure as PNG.

  Args:
    path: `pathlib.Path`.
    draw: a function of `example_figures`.
    shown: what it draws.

  Raises:
    StorageError: it cannot be written.
  """
  png = io.BytesIO()
  with appearance.style():
    draw(shown).savefig(png, format="png", dpi=110)
  storage.write_bytes(path, png.getvalue())

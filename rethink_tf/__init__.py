"""Understanding deep learning requires rethinking generalization, rerun."""

from rethink_tf.notebook import load_run
from rethink_tf.notebook import runs_below

__all__ = ["load_run", "runs_below"]

"""Understanding deep learning requires rethinking generalization, rerun."""

from rethink_tf.notebook import load_run

__all__ = ["load_run"]

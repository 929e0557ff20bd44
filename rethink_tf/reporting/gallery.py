"""The report's figures: the table behind each, and how it is drawn."""

import dataclasses
import hashlib
import io
import typing

from rethink_tf.data import catalog
from rethink_tf.reporting import appearance
from rethink_tf.reporting import cells
from rethink_tf.reporting import curves
from rethink_tf.reporting import figures
from rethink_tf.reporting import linear_figures
from rethink_tf.reporting import linear_tables
from rethink_tf.reporting import measure_figures
from rethink_tf.reporting import measure_tables
from rethink_tf.reporting import theory_figures
from rethink_tf.reporting import theory_tables

_CIFAR10 = catalog.DATASETS["cifar10"].train_examples
_IMAGENET = catalog.DATASETS[catalog.IMAGENET].train_examples


@dataclasses.dataclass(frozen=True)
class Figure:
  """A figure that the report draws where there are runs for it.

  Attributes:
    name: of its files, less what follows the name.
    section: the section of a page that shows it; see `pages.SECTIONS`.
    title: what it shows, in a sentence without a full stop.
    table_of: a function from the `Runs` to a `pandas.DataFrame`.
    draw: a function from that frame to a matplotlib figure.
    all_images: how many training images are all of them, where runs on each
      number of images have a figure of their own; None where one shows all.
  """

  name: str
  section: str
  title: str
  table_of: typing.Callable
  draw: typing.Callable
  all_images: int | None = None

  def tables(self, runs):
    """Returns a dict from the names of its files to the tables behind them.

    A figure of runs on fewer images than all ends in "_n<images>".
    """
    return {name: table.drop(columns=cells.SOURCE)
            for name, table in self._parts(runs).items()}

  def sources(self, runs):
    """Returns the directories of the runs in each of `tables`, as sets."""
    return {name: set(table[cells.SOURCE])
            for name, table in self._parts(runs).items()}

  def _parts(self, runs):
    table = self.table_of(runs)
    if table.empty:
      return {}
    if self.all_images is None:
      return {self.name: table}
    return {
        self.name + ("" if n == self.all_images else f"_n{n}"): part
        for n, part in table.groupby("n")
        if part.curve.nunique() > 1}  # One curve alone compares nothing.

  def files(self, name, table):
    """Returns the content of its files by their names, bytes.

    Args:
      name: of the files, as `tables` gives it.
      table: the frame behind them.
    """
    described = {"Title": self.title, "Source": digest_of(table)}
    with appearance.style():
      figure = self.draw(table)
      png, svg = io.BytesIO(), io.BytesIO()
      figure.savefig(png, format="png", dpi=appearance.DPI, metadata=described)
      figure.savefig(svg, format="svg", metadata={**described, "Date": None})
    return {f"{name}.png": png.getvalue(), f"{name}.svg": svg.getvalue(),
            f"{name}.csv": csv_of(table).encode()}


# In the paper's order.
FIGURES = (
    Figure(
        "fig1", "figure1",
        "Figure 1: (a) training loss of Inception on modified labels and "
        "images, (b) steps to fit the training set and (c) test error, both "
        "against label corruption",
        curves.fig1, figures.fig1),
    Figure(
        "fig1a", "figures",
        "Figure 1a: training loss of Inception, on true labels and with "
        "modified labels or images",
        curves.fig1a, figures.fig1a, _CIFAR10),
    Figure(
        "fig1b", "figures",
        "Figure 1b: steps to fit the training set, against label corruption",
        curves.fig1b, figures.fig1b),
    Figure(
        "fig1c", "figures", "Figure 1c: test error against label corruption",
        curves.fig1c, figures.fig1c),
    Figure(
        "label_kinds", "figures",
        "Not in the paper: partially corrupted labels, training accuracy on "
        "untouched and on corrupted ones, at a few levels; dotted, of runs "
        "that did not tell these apart, on all labels drawn, a tenth of which "
        "are the true ones",
        curves.label_kinds, figures.label_kinds),
    Figure(
        "fig2a", "figures",
        "Figure 2a: training and test accuracy of Inception V3 on ImageNet, "
        "with and without regularizers; shaded where an earlier test was "
        "better",
        curves.fig2a, figures.fig2a, _IMAGENET),
    Figure(
        "fig2b", "figures",
        "Figure 2b: test accuracy of Inception with and without batch "
        "normalization; shaded where an earlier test was better",
        curves.fig2b, figures.fig2b, _CIFAR10),
    Figure(
        "measures", "theory_figures",
        "Section 1.1's question: measures of generalization against label "
        "corruption, beside the test error, each from its least to its largest "
        "value; those reversed of which less is to mean more error",
        measure_tables.measures, measure_figures.measures),
    Figure(
        "rademacher", "theory_figures",
        "Section 2.2, equation (1): Rademacher complexity, estimated by "
        "training on random signs",
        theory_tables.rademacher, theory_figures.rademacher),
    Figure(
        "separation", "theory_figures",
        "Section 2.1: how far inputs lie apart, natural ones and those of each "
        "change of pixels",
        theory_tables.separation, theory_figures.separation),
    Figure(
        "vc_dimension", "theory_figures",
        "Section 2.2: labelings of n points that Theorem 1's network fits, and "
        "of these a threshold on a line",
        theory_tables.vc_dimension, theory_figures.vc_dimension),
    Figure(
        "stability", "theory_figures",
        "Section 2.2: what one replaced example moves, and the generalization "
        "error",
        theory_tables.stability, theory_figures.stability),
    Figure(
        "expressivity", "theory_figures",
        "Section 4: Theorem 1's network beside networks trained by SGD",
        theory_tables.expressivity, theory_figures.expressivity),
    Figure(
        "lemma1", "theory_figures",
        "Lemma 1: how far the smallest eigenvalue is from bounding the weights",
        theory_tables.lemma1, theory_figures.lemma1),
    Figure(
        "corollary1", "theory_figures", "Corollary 1: depth for width",
        theory_tables.corollary1, theory_figures.corollary1),
    Figure(
        "perceptron", "theory_figures",
        "Section 6 of the reprint: the Perceptron's mistakes and test error, "
        "and the bounds on both, on true and on random labels",
        theory_tables.perceptron, theory_figures.perceptron),
    Figure(
        "error_against_examples", "linear_figures",
        "Section 5: test error of exact interpolation by training examples",
        linear_tables.error_against_examples,
        linear_figures.error_against_examples),
    Figure(
        "error_against_filters", "linear_figures",
        "Section 5: errors on random convolutional features by filters",
        linear_tables.error_against_filters,
        linear_figures.error_against_filters),
    Figure(
        "error_against_l2", "linear_figures",
        "Section 5: what regularization does to linear models",
        linear_tables.error_against_l2, linear_figures.error_against_l2),
    Figure(
        "error_against_corruption", "linear_figures",
        "Not in the paper: exact interpolation of partially corrupted labels, "
        "test error and norm by label corruption; the linear counterpart of "
        "Figure 1c",
        linear_tables.error_against_corruption,
        linear_figures.error_against_corruption),
    Figure(
        "norm_against_error", "linear_figures",
        "Section 5: norm and test error of interpolating solutions",
        linear_tables.norm_against_error, linear_figures.norm_against_error),
    Figure(
        "distance_against_epochs", "linear_figures",
        "Section 5: SGD from zero approaches the minimum-norm solution",
        linear_tables.distance_against_epochs,
        linear_figures.distance_against_epochs),
    Figure(
        "double_descent", "linear_figures",
        "Not in the paper: least squares on random features, test error and "
        "norm by the number of features; a peak where there are as many as "
        "training examples",
        linear_tables.double_descent, linear_figures.double_descent),
)


def tables(runs):
  """Returns `(figure, name, table)` for each figure that there are runs for."""
  return [(figure, name, table) for figure in FIGURES
          for name, table in figure.tables(runs).items()]


def csv_of(table):
  """Returns a figure's table as CSV, as the figure's file names it."""
  return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def digest_of(table):
  """Returns the SHA-256 of a figure's table, which its PNG and SVG carry."""
  return hashlib.sha256(csv_of(table).encode()).hexdigest()

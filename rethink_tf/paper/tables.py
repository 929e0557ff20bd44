"""The paper's published numbers, as data."""

import csv
import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True)
class Table1Row:
  """A row of Table 1; accuracies in percent, as printed.

  Attributes:
    row: its number, from 1, in the paper's order; its run's flags are in
      configs/table1_row<row>.flags.
    model: "inception", "inception_no_bn", "alexnet", "mlp_3x512" or
      "mlp_1x512".
    labels: "true" or "random".
    random_crop, weight_decay: "yes" or "no".
    params: number of trainable weights.
    train_accuracy, test_accuracy: percent.
  """

  row: int
  model: str
  labels: str
  random_crop: str
  weight_decay: str
  params: int
  train_accuracy: float
  test_accuracy: float

  @property
  def flagfile(self):
    return f"configs/table1_row{self.row}.flags"


@dataclasses.dataclass(frozen=True)
class Table2Row:
  """A row of Table 2, Inception V3 on ImageNet; accuracies in percent.

  Attributes:
    row: its number, from 1, in the paper's order.
    labels: "true" or "random".
    data_aug, dropout, weight_decay: "yes" or "no".
    top1_train, top5_train, top1_test, top5_test: percent.
    best_top1_test, best_top5_test: the best on the way, in parentheses in the
      paper, as text; empty where it has none.
  """

  row: int
  labels: str
  data_aug: str
  dropout: str
  weight_decay: str
  top1_train: float
  top5_train: float
  top1_test: float
  top5_test: float
  best_top1_test: str
  best_top5_test: str

  @property
  def flagfile(self):
    return f"configs/table2_row{self.row}.flags"


@dataclasses.dataclass(frozen=True)
class Table3Row:
  """A row of Table 3.

  Attributes:
    data_set: "MNIST" or "CIFAR10".
    pre_processing: as the paper words it.
    regularized: "no" or "l2".
    test_error: percent, as printed.
  """

  data_set: str
  pre_processing: str
  regularized: str
  test_error: float

  @property
  def title(self):
    """The row in a few words; the data set is the catalog's, not as printed."""
    words = [self.data_set.replace("CIFAR10", "CIFAR-10")]
    if self.pre_processing != "none":
      words.append(self.pre_processing.partition(" (")[0])
    return ", ".join(words + ["l2"] * (self.regularized != "no"))

  @property
  def flagfile(self):
    words = {"none": "", "gabor filters": "_gabor"}
    kind = words.get(self.pre_processing, "_random_convnet")
    end = "" if self.regularized == "no" else "_l2"
    name = {"MNIST": "mnist", "CIFAR10": "cifar10"}[self.data_set]
    return f"configs/table3_{name}{kind}{end}.flags"


def table1():
  """Returns Table 1 (the ICLR version) as a list of `Table1Row`."""
  return _rows("table1.csv", Table1Row)


def table2():
  """Returns Table 2 as a list of `Table2Row`."""
  return _rows("table2.csv", Table2Row)


def table3():
  """Returns Table 3 as a list of `Table3Row`."""
  return _rows("table3.csv", Table3Row)


def _rows(name, kind):
  types = {f.name: f.type for f in dataclasses.fields(kind)}
  path = pathlib.Path(__file__).parent / name
  with path.open(encoding="utf-8", newline="") as file:
    return [kind(**{name: types[name](text) for name, text in line.items()})
            for line in csv.DictReader(file)]

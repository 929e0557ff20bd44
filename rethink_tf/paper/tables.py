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


def table1():
  """Returns Table 1 (the ICLR version) as a list of `Table1Row`."""
  path = pathlib.Path(__file__).parent / "table1.csv"
  types = {f.name: f.type for f in dataclasses.fields(Table1Row)}
  with path.open(encoding="utf-8", newline="") as file:
    return [
        Table1Row(**{name: types[name](text) for name, text in line.items()})
        for line in csv.DictReader(file)]

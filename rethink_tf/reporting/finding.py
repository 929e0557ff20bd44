"""What a check of a claim found."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Finding:
  """What was found of one model or curve.

  Attributes:
    subject: what it is about, such as a model's name.
    holds: whether the claim holds there; None where there is no run.
    ours: the measured numbers, as text.
    paper: the paper's, as text; "" where it prints none.
    count: the number of training examples; None where it does not matter.
    stand_in: what else the runs have less of than the paper's, as words that
      follow the number of images; "" where nothing.
    undecided: why the numbers do not decide it, and what would; "" where they
      do. See `certainty`.
  """

  subject: str
  holds: bool | None
  ours: str = ""
  paper: str = ""
  count: int | None = None
  stand_in: str = ""
  undecided: str = ""

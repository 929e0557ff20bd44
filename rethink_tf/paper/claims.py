"""The paper's claims, as data: claims.toml."""

import dataclasses
import pathlib
import tomllib


@dataclasses.dataclass(frozen=True)
class Claim:
  """A sentence of the paper that can be checked.

  Attributes:
    name: its key in claims.toml.
    place: where the paper says it.
    says: the claim, in short.
    suites: a tuple of the suites whose runs it needs.
    programs: a tuple of the other programs whose runs it needs.
    check: the name of the function that checks it.
    values: a dict of what that function needs besides the runs.
  """

  name: str
  place: str
  says: str
  suites: tuple[str, ...]
  programs: tuple[str, ...]
  check: str
  values: dict

  @property
  def needs(self):
    """The runs it needs, as text."""
    suites = [f"suite {name}" for name in self.suites]
    return ", ".join([*suites, *(f"//rethink_tf:{p}" for p in self.programs)])


def claims():
  """Returns the `Claim`s in the paper's order."""
  path = pathlib.Path(__file__).parent / "claims.toml"
  table = tomllib.loads(path.read_text(encoding="utf-8"))
  return [_claim(name, dict(values)) for name, values in table.items()]


def _claim(name, values):
  return Claim(
      name, values.pop("place"), values.pop("says"),
      tuple(values.pop("suites", ())), tuple(values.pop("programs", ())),
      values.pop("check"), values)

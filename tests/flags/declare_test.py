"""Tests of declare: one line makes the flag, its check, its field, its help."""

import dataclasses
import pathlib
import re

from absl import flags
import pytest

from rethink_tf import errors
from rethink_tf.flags import checks
from rethink_tf.flags import declare
from rethink_tf.flags import double_descent
from rethink_tf.flags import export
from rethink_tf.flags import linear
from rethink_tf.flags import measure
from rethink_tf.flags import pack
from rethink_tf.flags import section5
from rethink_tf.flags import selection
from rethink_tf.flags import suites
from rethink_tf.flags import theory
from rethink_tf.flags import training


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Recipe(declare.Flags):
  """A class with a flag of each type."""

  dish: str = declare.choice("soup", ("soup", "cake"), more=" to cook")
  minutes: int = declare.optimizer(20, "Time on the fire.", checks.COUNT)
  salt: float = declare.optimizer(
      0.5, "Spoons of salt. From the sea.", checks.NOT_NEGATIVE, common=True,
      fill=lambda fields: 0.5 if fields["dish"] == "soup" else 0.0)
  sugar: float | None = declare.optimizer(
      1.0, "Spoons of sugar.", checks.PROBABILITY,
      used_if=lambda fields: fields["dish"] == "cake")
  covered: bool | None = declare.run(None, "Use a lid.")
  tastings: tuple[int, ...] = declare.run(
      (5, 10), "When to taste.", lambda name, value, fields: checks.whole(
          1, fields["minutes"])(name, value))
  guests: tuple[str, ...] = declare.data(
      (), "Who comes.", define=flags.DEFINE_list)
  also: tuple[str, ...] | None = declare.data(
      None, "What else to serve.", name="with",
      define=flags.DEFINE_multi_string)
  pot: pathlib.Path = declare.run(declare.REQUIRED, "The pot.")
  book: pathlib.Path | None = declare.run(None, "The book.")
  shade: float = declare.run(
      0.25, "Of the crust.", typed="25%",
      parse=lambda name, text: float(text.removesuffix("%")) / 100)
  cook: str = "nobody"

  def check(self):
    if self.salt == self.sugar:
      raise errors.UsageError("--salt and --sugar: expected a difference")


@pytest.fixture(autouse=True)
def _user_folder(tmp_path, monkeypatch):
  monkeypatch.setenv("BUILD_WORKING_DIRECTORY", str(tmp_path))


def _make(*arguments, **found):
  values, _ = declare.read("cook", "Cooks.", list(arguments), _Recipe)
  return declare.build(_Recipe, values, **found)


def _refusal(*arguments):
  with pytest.raises(errors.UsageError) as raised:
    _make(*arguments)
  return str(raised.value)


def test_the_flags_defaults_are_the_fields():
  pot = pathlib.Path("/pot")
  assert _make(pot=pot) == _Recipe(pot=pot, sugar=None)
  assert _make("--dish=cake", pot=pot) == _Recipe(
      pot=pot, dish="cake", salt=0.0)


def test_a_value_has_its_fields_type(tmp_path):
  made = _make(
      "--dish=cake", "--minutes=30", "--salt=1", "--sugar=0.25", "--nocovered",
      "--tastings=3,30", "--guests=Ann, Bob", "--with=tea", "--with=wine",
      "--pot=p", "--book=/b", "--shade=50%", cook="Cy")
  assert made == _Recipe(
      dish="cake", minutes=30, salt=1.0, sugar=0.25, covered=False,
      tastings=(3, 30), guests=("Ann", "Bob"), also=("tea", "wine"),
      pot=tmp_path / "p", book=pathlib.Path("/b"), shade=0.5, cook="Cy")
  assert isinstance(made.salt, float)


def test_what_is_found_does_not_overrule_what_is_typed(tmp_path):
  assert _make("--pot=mine", pot=pathlib.Path("/other")).pot == (
      tmp_path / "mine")


def test_a_value_is_checked_whether_it_is_used_or_not():
  assert _make("--sugar=0.5").sugar is None
  assert _refusal("--sugar=2") == (
      "--sugar: expected a number in [0, 1]. Received: 2.0")


def test_a_check_sees_each_entry_and_the_fields_above():
  assert _refusal("--minutes=9") == (
      "--tastings: expected a whole number from 1 to 9. Received: 10")


def test_what_does_not_go_together_is_refused_last():
  assert _refusal("--dish=cake", "--salt=1", "--sugar=1") == (
      "--salt and --sugar: expected a difference")


@pytest.mark.parametrize("flag, said", [
    ("--tastings=1,x", "expected numbers with commas between them. "
     "Received: '1,x'"),
    ("--tastings=1,1", "expected different numbers. Received: '1,1'"),
    ("--book=", "expected a path. Received: ''"),
    ("--book=a\0b", "expected a path. Received: 'a\\x00b'"),
    ("--dish=pie", "expected one of soup, cake. Received: 'pie'"),
])
def test_what_is_no_value_of_the_type_is_refused(flag, said):
  assert _refusal(flag) == f"{flag.split('=')[0]}: {said}"


def test_what_is_no_flag_is_refused():
  assert "'cook'" in _refusal("--cook=Cy")
  assert "'also'" in _refusal("--also=tea")


def _lines_of_help(capsys, flag):
  with pytest.raises(SystemExit) as end:
    _make(flag)
  assert end.value.code == 0
  return capsys.readouterr().out.splitlines()


def _shown(lines):
  """Returns headings and flags, in the order in which help has them."""
  return [line.split()[0] if line[:1] == " " else line for line in lines
          if line.endswith(":") or line.startswith("  --")]


def test_help_has_each_flag_once_under_its_heading_in_order(capsys):
  for flag in ("--help", "--helpfull"):  # All of so few.
    lines = _lines_of_help(capsys, flag)
    assert lines[0] == "Cooks."
    assert _shown(lines) == [
        "example:", "What to train:", "--dish=soup", "Optimizer:", "--salt=...",
        "--minutes=20", "--sugar=1", "Data:", "--guests=...", "--with=...",
        "Run:", "--[no]covered", "--tastings=5,10", "--pot=...", "--book=...",
        "--shade=25%"]
    assert f"  --dish=soup{17 * ' '}One of soup, cake to cook." in lines
    assert f"  --salt=...{18 * ' '}Spoons of salt. From the sea." in lines


def test_a_help_that_is_longer_than_a_screen_is_short(capsys, monkeypatch):
  monkeypatch.setattr(declare, "_SCREEN", 15)
  lines = _lines_of_help(capsys, "--help")
  assert _shown(lines) == ["example:", "Optimizer:", "--salt=..."]
  assert "What to train: --dish" in lines
  assert f"  --salt=...{18 * ' '}Spoons of salt." in lines
  assert "  also: --minutes --sugar" in lines
  assert lines[-1].startswith("--helpfull")
  assert len(_shown(_lines_of_help(capsys, "--helpfull"))) == 16


_PROGRAMS = {
    "train": training.parse, "interpolate": linear.parse_interpolate,
    "section5": section5.parse_section5, "export": export.parse,
    "pack": pack.parse,
    "double_descent": double_descent.parse_double_descent,
    "select_kernel": selection.parse_select, "measure": measure.parse_measure,
    "report": suites.parse_report, "reproduce": suites.parse_reproduce,
    **{name: getattr(theory, f"parse_{name}") for name in (
        "expressivity", "lemma1", "corollary1", "perceptron", "rademacher",
        "separation", "stability", "vc_dimension")}}


@pytest.mark.parametrize("program", _PROGRAMS)
def test_a_programs_help_is_a_screen_with_an_example(program, capsys, tmp_path):
  with pytest.raises(SystemExit):
    _PROGRAMS[program](["--help"])
  lines = capsys.readouterr().out.splitlines()
  assert len(lines) <= 40 and max(map(len, lines)) <= 80
  example = lines[lines.index("example:") + 1]
  start, _, typed = example.partition(" -- ")
  assert start == f"  scripts/bazel run //rethink_tf:{program}"
  # The folders that the examples read.
  (tmp_path / "runs").mkdir()
  (tmp_path / "RUN").mkdir()
  (tmp_path / "RUN" / "config.json").touch()
  _PROGRAMS[program](typed.split())


def test_trains_help_has_every_group_and_names_every_flag(capsys):
  for flag in ("--help", "--helpfull"):
    with pytest.raises(SystemExit):
      training.parse([flag])
    text = capsys.readouterr().out
    assert [line.partition(":")[0] for line in text.splitlines()
            if line.startswith(declare.HEADINGS)] == list(declare.HEADINGS)
    for name in declare.names(training.Config, training.Options):
      assert re.search(rf"--(\[no\])?{name}\b", text), name


def test_names_are_those_of_flags():
  assert declare.names(_Recipe, heading=declare.DATA) == ["guests", "with"]
  assert "cook" not in declare.names(_Recipe) and len(
      declare.names(_Recipe)) == 11


def test_the_last_flagfile_gives_its_name(tmp_path):
  (tmp_path / "cake.flags").write_text("--minutes=8\n")
  (tmp_path / "soup.flags").write_text("--minutes=7\n")
  values, stem = declare.read(
      "cook", "",
      ["--flagfile=cake.flags", "--flagfile=soup.flags", "--dish=cake"],
      _Recipe)
  assert (stem, values.minutes, values.dish) == ("soup", 7, "cake")
  assert declare.read("cook", "", [], _Recipe)[1] is None


@pytest.mark.parametrize("text, lines", [
    ("--dish=soup\n--spoon=1\n", [2]),  # Of absl: no such flag.
    ("\n--minutes=x\n", [2]),  # Of absl: no number.
    ("--covered=x\n", [1]),
    ("--minutes\n", [1]),
    ("--minutes=0\n", [1]),
    ("--minutes=3\n--minutes=0\n", [2]),
    ("--tastings=99\n", [1]),
    ("--shade=2\n--pot=\n", [2]),
    ("--dish=cake\n--salt=1\n", [2]),
    ("--dish=cake\n--sugar=1\n--salt=1\n", [3, 2]),
    ("--nocovered\n--\n--minutes=3\n", [2]),
])
def test_a_mistake_in_a_flagfile_names_its_line(tmp_path, text, lines):
  (tmp_path / "f").write_text(text)
  places = [f"flagfile {tmp_path}/f, line {line}" for line in lines]
  assert _refusal("--flagfile=f").endswith(f" ({'; '.join(places)})")


@pytest.mark.parametrize("typed", [["--minutes=0"], ["--minutes", "0"]])
def test_a_mistake_that_is_typed_names_no_line(tmp_path, typed):
  (tmp_path / "f").write_text("--minutes=3\n")
  assert _refusal("--flagfile=f", *typed) == _refusal(*typed)

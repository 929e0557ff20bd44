"""Tests of docs/theory.md: its commands parse, its constants are the code's."""

import pathlib
import re
import shlex

import rethink_tf
from rethink_tf.flags import theory as theory_flags
from rethink_tf.reporting import gallery
from rethink_tf.theory import deep
from rethink_tf.theory import theorem1

_TEXT = (pathlib.Path(rethink_tf.__file__).parent.parent / "docs/theory.md"
         ).read_text("utf-8")
_PROGRAMS = {"corollary1", "expressivity", "lemma1", "perceptron",
             "rademacher", "separation", "stability", "vc_dimension"}


def test_every_command_is_one_that_its_program_takes():
  commands = re.findall(
      r"^    scripts/bazel run //rethink_tf:(\w+)(?: -- (.*))?$", _TEXT, re.M)
  assert {name for name, _ in commands} == _PROGRAMS | {"report"}
  commands = [command for command in commands if command[0] != "report"]
  for name, flags in commands:
    parsed, _ = getattr(theory_flags, f"parse_{name}")(shlex.split(flags))
    for field, value in re.findall(r"--(\w+)=(\S+)", flags):
      found = parsed.as_dict()[field]
      shown = ",".join(map(str, found)) if isinstance(found, list) else found
      # 1 and 1.0 are one number.
      assert str(shown) == value or float(shown) == float(value)


def test_every_figure_it_names_exists():
  named = re.findall(r"`(\w+)\.png`", _TEXT)
  assert set(named) == _PROGRAMS
  assert set(named) <= {figure.name for figure in gallery.FIGURES}


def test_it_shows_every_figure():
  shown = re.findall(r"^!\[.+\]\(\.\./results/(\w+)\.png\)$", _TEXT, re.M)
  assert set(shown) == _PROGRAMS and len(shown) == len(_PROGRAMS)


def test_the_constants_it_states_are_the_codes():
  assert f"depth b + {deep.DEPTH} (" in _TEXT
  assert f"width at most \u2308n/b\u2309 + {deep.WIDTH}, 2n + d + 15b" in _TEXT
  assert theorem1.POSITION == 0.25 and "At \u03b8 = \u00bc it is" in _TEXT
